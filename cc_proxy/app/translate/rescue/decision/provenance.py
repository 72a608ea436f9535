"""Where the text of a call comes from: what the model has read, or itself.

A model that makes a call writes it for the first time. One that quotes a page, a file or the person
writes what stands there.
"""

import re
from collections.abc import Callable, Iterable

# Shorter than any call; what is as short stands everywhere.
_SHORTEST = 12
_NUMBERED = re.compile(r"^[ \t]*\d+(?:→|\t)", re.MULTILINE)


class ReadText:
    """What the model has read in this conversation: the person's words, files, results of tools.

    `texts` gives it; it is asked for once, when a call has to be judged, so that an answer without
    one costs nothing. The work is linear in what was read, a second time for the first call that
    does not stand there to the letter.
    """

    def __init__(self, texts: Callable[[], Iterable[str]]) -> None:
        self._texts = texts
        self._plain: str | None = None
        self._squeezed: str | None = None

    def holds(self, written: str) -> bool:
        """Return whether `written` stands in it.

        To the letter, or but for spaces, line numbers and the escapes of JSON.
        """
        written = written.strip()
        if len(written) < _SHORTEST:
            return False
        if self._plain is None:
            self._plain = "\n".join(self._texts())
        if not self._plain:
            return False
        if written in self._plain:
            return True
        if self._squeezed is None:
            self._squeezed = _squeezed(_NUMBERED.sub("", self._plain))
        return _squeezed(written) in self._squeezed


def _squeezed(text: str) -> str:
    # `\n` and `\"` within a JSON string are a line break and a quotation mark.
    return "".join(text.replace("\\n", "\n").replace("\\", "").split())


NOTHING_READ = ReadText(tuple)
