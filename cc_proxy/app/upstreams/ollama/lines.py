"""Cutting a byte stream into lines, in time linear in its length."""

MAX_LINE_BYTES = 32 * 1024 * 1024


class LineTooLongError(ValueError):
    """A line has grown past the limit without an end."""


class LineSplitter:
    """Collects pieces of any size and gives back the lines that are complete."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._open: list[bytes] = []
        self._open_bytes = 0

    def feed(self, piece: bytes) -> bytes:
        """Return the lines that `piece` completes, in one, each with its newline.

        Raises:
            LineTooLongError: the open line is longer than the limit, in bytes.

        """
        end = piece.rfind(b"\n") + 1
        if end == len(piece) and not self._open:
            return piece
        complete = b""
        if end:
            complete = b"".join((*self._open, piece[:end]))
            self._open.clear()
            self._open_bytes = 0
        if end < len(piece):
            self._open.append(piece[end:])
            self._open_bytes += len(piece) - end
            if self._open_bytes > self._max:
                raise LineTooLongError
        return complete

    def rest(self) -> bytes:
        """Return what came after the last newline."""
        return b"".join(self._open)
