"""Noticing that a model writes the same text over and over."""

import re

# A look at each so many letters costs next to nothing beside the letters.
_STEP = 1_024
_TAIL = 4_096
# Four times a paragraph, or a line forty times: no table or listing repeats itself that long.
MIN_REPEATED = 2_400
_MIN_TIMES = 4
_NEEDLE = 48
# A ruler, a row of zeros: drawn on purpose, and it has no words.
_WORD = re.compile(r"[^\W\d_]{2}")


class LoopWatch:
    """Watches one kind of an answer's text, of which it keeps the end."""

    def __init__(self) -> None:
        self._tail = ""
        self._unseen: list[str] = []
        self._size = 0

    @property
    def is_due(self) -> bool:
        """Return whether enough has come for another look."""
        return self._size >= _STEP

    def note(self, text: str) -> None:
        """Take in the text that comes next."""
        self._unseen.append(text)
        self._size += len(text)

    def finds(self) -> bool:
        """Look at what has come since the last look; tell whether the text repeats itself."""
        self._tail = (self._tail + "".join(self._unseen))[-_TAIL:]
        self._unseen.clear()
        self._size = 0
        return repeats(self._tail)


def repeats(text: str) -> bool:
    """Tell whether the end of a text is one passage over and over."""
    if len(text) < MIN_REPEATED:
        return False
    needle = text[-_NEEDLE:]
    before = text.rfind(needle, 0, len(text) - 1)
    if before < 0:
        return False
    period = len(text) - _NEEDLE - before
    if period * _MIN_TIMES > MIN_REPEATED:
        return False
    end = text[-MIN_REPEATED:]
    return end[period:] == end[:-period] and _WORD.search(end[-period - 2 :]) is not None
