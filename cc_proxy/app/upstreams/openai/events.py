"""Cutting a stream of server-sent events into the data of each, in time linear in its length.

Servers differ in what stands around the data: llama-server sends comments (`:`) while it reads a
prompt, proxies may write CRLF, and TCP cuts anywhere.
"""

MAX_EVENT_BYTES = 32 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DATA, _EVENT, _ERROR = b"data", b"event", b"error"


class EventTooLongError(ValueError):
    """An event has grown past the limit without an end."""


class ErrorData(bytes):
    """The data of an event that is of the type `error`, whatever its form."""


def single_event(piece: bytes) -> bytes | None:
    r"""Return the data of the one event that `piece` is, None if it is anything else.

    Only the form that servers write counts: `data: …\n\n`, all of it on one line.
    """
    # The first newline is the last but one byte, and the last byte is another.
    if piece.find(b"\n") != len(piece) - 2 or not piece.endswith(b"\n"):
        return None
    return piece[6:-2] if piece.startswith(b"data: ") and b"\r" not in piece else None


class EventSplitter:
    """Collects pieces of any size and returns the data of the events that are complete."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._open_line: list[bytes] = []
        self._data: list[bytes] = []
        self._open_bytes = 0
        self._data_bytes = 0
        self._is_first_line = True
        self._is_error = False
        self._after_cr = False

    @property
    def is_between(self) -> bool:
        """True if nothing is held back: the next byte begins an event."""
        return not (
            self._open_line or self._data or self._after_cr or self._is_first_line or self._is_error
        )

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of each event that `piece` completes.

        Raises:
            EventTooLongError: the open event is longer than the limit, in bytes.

        """
        if self.is_between and (data := single_event(piece)) is not None:
            return [data]
        piece = self._with_newlines(piece)
        *ended, last = piece.split(b"\n")
        events: list[bytes] = []
        for line in ended:
            if self._open_line:
                self._open_line.append(line)
                line = b"".join(self._open_line)  # noqa: PLW2901 - the same line, as a whole
                self._open_line.clear()
                self._open_bytes = 0
            self._take_line(line, events)
        if last:
            self._open_line.append(last)
            self._open_bytes += len(last)
        if self._open_bytes + self._data_bytes > self._max:
            raise EventTooLongError
        return events

    def finish(self) -> list[bytes]:
        """Return the event that the end of the stream has left open, if there is one.

        The standard drops it. A server that ends with its last word, and no blank line, is read.
        """
        events: list[bytes] = []
        line = b"".join(self._open_line)
        self._open_line.clear()
        if line:
            self._take_line(line, events)
        self._take_line(b"", events)
        return events

    def _with_newlines(self, piece: bytes) -> bytes:
        """Return the piece with each line end, CR and CRLF included, as one newline."""
        if self._after_cr and piece:
            # The CR has ended the line already.
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        if b"\r" not in piece:
            return piece
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _take_line(self, line: bytes, events: list[bytes]) -> None:
        if self._is_first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._is_first_line = False
        if line:
            field, _, value = line.partition(b":")
            if field == _DATA:
                self._data.append(value.removeprefix(b" "))
                self._data_bytes += len(value)
            elif field == _EVENT:
                self._is_error = value.strip() == _ERROR
            return
        if self._data:
            data = b"\n".join(self._data)
            events.append(ErrorData(data) if self._is_error else data)
            self._data.clear()
            self._data_bytes = 0
        self._is_error = False
