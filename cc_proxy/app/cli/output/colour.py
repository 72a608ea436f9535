"""Colour: little of it, and only where a person looks."""

import re
import sys
from collections.abc import Mapping
from enum import Enum
from typing import TextIO

_RESET = "\x1b[0m"
# Ours only: what else stands in a text is not for this module to judge.
_OURS = re.compile(r"\x1b\[(?:0|1;31|32|33)m")


class Style(Enum):
    """What a word means, as the codes that a terminal takes for it (ECMA-48, SGR)."""

    OK = "\x1b[32m"
    WARN = "\x1b[33m"
    FAIL = "\x1b[1;31m"


def styled(text: str, style: Style) -> str:
    """Return a text in a colour, for `Result.lines`; `result` takes it out where none is wanted."""
    return f"{style.value}{text}{_RESET}"


def without(line: str) -> str:
    """Return a line without the colours of `styled`."""
    return _OURS.sub("", line) if "\x1b" in line else line


def wanted(file: TextIO, environ: Mapping[str, str]) -> bool:
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
