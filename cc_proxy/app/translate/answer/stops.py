"""Finding a stop sequence in a text that comes in pieces.

Ollama could do it, but does not tell which sequence ended the answer, nor that one did; and
`stop` in a request replaces the stop words that the model's own template needs.
"""


class StopFinder:
    """Holds back no more than may still become a stop sequence."""

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._sequences = tuple(sequence for sequence in sequences if sequence)
        self._longest = max(map(len, self._sequences), default=0)
        self._held = ""
        self.found: str | None = None

    def feed(self, text: str) -> str:
        """Return the text that is certain; once `found` is set the rest is not part of it."""
        if not self._sequences or self.found is not None:
            return "" if self.found is not None else text
        text = self._held + text
        places = [(text.find(s), s) for s in self._sequences]
        # The one that is complete first, so that it does not matter how the text is cut.
        hits = [(place + len(s), place, s) for place, s in places if place >= 0]
        if hits:
            _, place, self.found = min(hits)
            self._held = ""
            return text[:place]
        keep = self._may_become_one(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """Return what was held back at the end of the answer."""
        held, self._held = self._held, ""
        return held

    def _may_become_one(self, text: str) -> int:
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[-size:]
            if any(sequence.startswith(tail) for sequence in self._sequences):
                return size
        return 0
