"""Make the characters harmless that a terminal acts on instead of showing them.

Model names, error texts and file contents come from other programs. In them could be escape
sequences (which set the title, move the cursor or answer for the person), and marks that show a
text in another order than it has.
"""

import re

# C0 but for tab and line feed, DEL and C1 (ECMA-48); the marks of direction (UAX 9); the two line
# breaks of Unicode's own.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def escape_controls(text: str) -> str:
    r"""Return `text` with each such character as its number (`\x1b`); tabs and line feeds stay."""
    return _CONTROL.sub(_number, text)


def one_line(text: str) -> str:
    """Return `text` as `escape_controls` does, with its line feeds as numbers too."""
    return escape_controls(text).replace("\n", r"\n")


def _number(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
