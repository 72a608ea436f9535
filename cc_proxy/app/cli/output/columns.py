"""Text in the columns of a terminal, in which some characters take two places and some none."""

import unicodedata

from cc_proxy.app.control_characters import one_line

_CUT = "~"


def width(text: str) -> int:
    """Return how many places a text takes."""
    return sum(map(_places, text))


def fitted(text: str, places: int, *, right: bool = False) -> str:
    """Return a text in exactly so many places: cut, or with spaces behind it (`right`: before).

    The characters that a terminal acts on are numbers in it already.
    """
    text = one_line(text)
    if width(text) > places:
        text = _cut(text, places - len(_CUT)) + _CUT if places > 0 else ""
    spaces = " " * (places - width(text))
    return spaces + text if right else text + spaces


def _cut(text: str, places: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _places(character)
        if taken > places:
            return text[:index]
    return text


def _places(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
