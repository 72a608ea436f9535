"""Values between tags: the line breaks around them, and `CDATA`."""

import re

_CDATA = re.compile(r"\s*<!\[CDATA\[(?P<text>.*)\]\]>\s*\Z", re.DOTALL)


def unwrapped(value: str) -> str:
    """Return a value without line breaks around it; one at its end alone is its own."""
    around = len(value) > 1 and value[0] == value[-1] == "\n"
    return value[1:-1] if around else value


def own_lines(value: str) -> str:
    """Return a value on lines of its own without the breaks before and after it."""
    if value.startswith("\r\n"):
        return value[2:].removesuffix("\r\n")
    return value.removeprefix("\n").removesuffix("\n")


def without_cdata(value: str) -> str:
    """Return what stands within `<![CDATA[…]]>`, the value itself when it is nothing else."""
    found = _CDATA.match(value)
    return found["text"] if found and "]]>" not in found["text"] else value
