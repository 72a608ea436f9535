"""The provenance of a call's text: copied from what the model has read, or its own.

A model that makes a call writes it for the first time. One that quotes a page, a file or the person
copies the text there.
"""

import re
from collections.abc import Callable, Iterable

from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps, parts_of

# Shorter than any call; what is as short stands everywhere.
_SHORTEST = 12
_NUMBERED = re.compile(r"^[ \t]*\d+(?:→|\t)", re.MULTILINE)


class ReadText:
    """The text that the model has read in this conversation: user, files, results of tools.

    `texts` gives it; it is asked for once, when a call has to be judged, so that an answer without
    one costs nothing. The work is linear in what was read, a second time for the first call that
    is not there to the letter.
    """

    def __init__(self, texts: Callable[[], Iterable[str]]) -> None:
        self._texts = texts
        self._plain: str | None = None
        self._squeezed: str | None = None

    def holds(self, written: str, work: SourceText) -> Steps[bool]:
        """Return whether `written` is in it.

        To the letter, or but for spaces, line numbers and the escapes of JSON. `work` counts
        the work, and pauses.
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
            self._squeezed = yield from _squeezed(self._plain, work, _NUMBERED)
        return (yield from _squeezed(written, work)) in self._squeezed


def _squeezed(text: str, work: SourceText, dropped: re.Pattern[str] | None = None) -> Steps[str]:
    """Return a text without spaces, escapes, and what is `dropped` from the start of its lines."""
    parts = []
    for part in parts_of(text):
        plain = dropped.sub("", part) if dropped else part
        # `\n` and `\"` within a JSON string are a line break and a quotation mark.
        parts.append("".join(plain.replace("\\n", "\n").replace("\\", "").split()))
        work.spend(len(part))
        yield from work.look()
    return "".join(parts)


NOTHING_READ = ReadText(tuple)
