"""What of the documentation cannot be tested everywhere."""

import sys

# A picture is taken of a terminal; Windows has no such pseudo-terminals.
collect_ignore = ["test_pictures.py"] if sys.platform == "win32" else []
