"""Cutting a byte stream into lines, in time linear in its length."""

from collections.abc import Iterator

MAX_LINE_BYTES = 32 * 1024 * 1024


class LineTooLongError(ValueError):
    """A line has grown past the limit without an end."""


class LineSplitter:
    """Collects pieces of any size and gives back the lines that are complete."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._open: list[bytes] = []
        self._open_bytes = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the lines that `piece` completes, without their newlines, blank ones left out.

        Raises:
            LineTooLongError: the open line is longer than the limit, in bytes.

        """
        *complete, rest = piece.split(b"\n")
        lines = list(self._closed(complete))
        if rest:
            self._open.append(rest)
            self._open_bytes += len(rest)
            if self._open_bytes > self._max:
                raise LineTooLongError
        return lines

    def rest(self) -> bytes:
        """Return what came after the last newline."""
        return b"".join(self._open)

    def _closed(self, complete: list[bytes]) -> Iterator[bytes]:
        for end in complete:
            if self._open:
                self._open.append(end)
                line = b"".join(self._open)
                self._open.clear()
                self._open_bytes = 0
            else:
                line = end
            if line and not line.isspace():
                yield line
