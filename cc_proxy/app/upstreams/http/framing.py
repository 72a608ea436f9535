"""One HTTP chunk that came by itself: servers send each word so."""

_LONGEST_HEAD = 10


def whole_lines(data: bytes) -> bytes | None:
    """Return what `data` holds if it is one chunk, whole, of whole lines; None otherwise.

    The last chunk, which is empty, is another matter.
    """
    start = data.find(b"\r\n", 0, _LONGEST_HEAD) + 2
    size = len(data) - start - 2
    if size <= 0 or not data.endswith(b"\n\r\n"):
        return None
    return data[start:-2] if data.startswith(b"%x\r\n" % size) else None
