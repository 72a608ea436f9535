"""What of the documentation cannot be tested everywhere."""

import sys

# Windows has none of the pseudo-terminals that a picture is taken of, and no wheel of what
# renders a README.
collect_ignore = ["test_pictures.py", "test_front_matter.py"] if sys.platform == "win32" else []
