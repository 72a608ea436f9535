"""Colour: little of it, and only where a person looks."""

import os
import re
import sys
from collections.abc import Mapping
from enum import Enum
from typing import TextIO

# A text that is shown may be another program's. It cannot know this mark, so no code in it is
# taken for one of ours.
_MARK = os.urandom(8).hex()
_OURS = re.compile(rf"<{_MARK}:([0-9;]+)>")
_RESET = "0"


class Style(Enum):
    """The meaning of a word, as the parameters of the code for it (ECMA-48, SGR)."""

    OK = "32"
    WARN = "33"
    FAIL = "1;31"


def styled(text: str, style: Style) -> str:
    """Return a text in a colour, for `Result.lines`; only `coloured` makes codes of it."""
    return f"{_code(style.value)}{text}{_code(_RESET)}"


def _code(parameters: str) -> str:
    return f"<{_MARK}:{parameters}>"


def coloured(line: str) -> str:
    """Return a line with the terminal's codes for the colours of `styled`."""
    return _OURS.sub("\x1b[\\1m", line)


def without_colour(line: str) -> str:
    """Return a line without the colours of `styled`."""
    return _OURS.sub("", line)


def is_wanted(file: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether colours may be written there: a terminal that has them, and nobody against it.

    NO_COLOR (no-color.org) comes first, then FORCE_COLOR (force-color.org); empty ones count
    for nothing.
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    if not file.isatty() or environ.get("TERM") == "dumb":
        return False
    if sys.platform == "win32":
        # click brings it along there; older consoles show codes as they are without it.
        import colorama  # noqa: PLC0415

        colorama.just_fix_windows_console()
    return True
