"""The text of a PDF."""

import base64
import io
import logging
from collections.abc import Iterator

MAX_PAGES = 200
# A window of a million tokens is about as much.
MAX_TEXT_CHARS = 4 * 1024 * 1024


class UnreadablePdfError(Exception):
    """The bytes are no PDF that can be read; the message says why, and quotes nothing of it."""


class NoReaderError(UnreadablePdfError):
    """The package that reads PDFs is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "cc-proxy reads PDFs only with pypdf, which is not installed;"
            " `cc-proxy doctor` shows the command that adds it, and then: `cc-proxy restart`"
        )


def text_of(data: bytes) -> str:
    """Return the text of a base64 PDF, page by page, saying where a page has none.

    Time and memory have no limit here: call it in a process that has.

    Raises:
        UnreadablePdfError: it is damaged, encrypted or not a PDF, or there is nothing to read it
            with.
        MemoryError: there is too little for it.

    """
    try:
        return "\n\n".join(_until_too_long(_pages(data)))
    except (UnreadablePdfError, MemoryError):
        raise
    except Exception as error:  # a damaged file breaks the reader anywhere, with any exception
        # Its text may quote the file.
        raise UnreadablePdfError(f"it cannot be read ({type(error).__name__})") from error


def _pages(data: bytes) -> Iterator[str]:
    try:
        import pypdf  # noqa: PLC0415 - a quarter of a second that few requests need
    except ModuleNotFoundError as error:
        if error.name != "pypdf":
            raise
        raise NoReaderError from error

    # It reports each blemish of a file that it can read all the same.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = pypdf.PdfReader(io.BytesIO(base64.b64decode(data)))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadablePdfError("it is encrypted")
    count = len(reader.pages)
    for number in range(min(count, MAX_PAGES)):
        yield _page(number, reader.pages[number].extract_text())
    if count > MAX_PAGES:
        yield f"[{count - MAX_PAGES} further pages are left out.]"


def _page(number: int, text: str) -> str:
    return f"[Page {number + 1}]\n{text.strip() or '[This page has no text; it may be a picture.]'}"


def _until_too_long(pages: Iterator[str]) -> Iterator[str]:
    room = MAX_TEXT_CHARS
    for page in pages:
        yield page[:room]
        room -= len(page)
        if room < 0:
            yield "[The rest is left out: the text is too long.]"
            return
