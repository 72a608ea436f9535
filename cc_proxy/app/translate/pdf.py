"""The text of a PDF."""

import base64
import io
import logging
from collections.abc import Callable, Iterator

MAX_PAGES = 200
_TOO_SLOW = "reading it takes too long"


class UnreadablePdfError(Exception):
    """The bytes are no PDF that can be read; the message says why."""


class NoReaderError(UnreadablePdfError):
    """What reads PDFs is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "cc-proxy reads PDFs only with pypdf, which is not installed; to add it:"
            " `pipx inject cc-proxy pypdf` or `uv tool install 'cc-proxy[pdf]'`, then"
            " `cc-proxy restart`"
        )


class PdfTooSlowError(UnreadablePdfError):
    """The time for it was over before its last page."""


def text_of(data: str, in_time: Callable[[], bool] = lambda: True) -> str:
    """Return the text of a base64 PDF, page by page, saying where a page has none.

    `in_time` is asked before it is opened, and before each page.

    Raises:
        UnreadablePdfError: it is damaged, encrypted, or not a PDF, or takes too long, or there is
            nothing to read it with.

    """
    try:
        return "\n\n".join(_pages(data, in_time))
    except UnreadablePdfError:
        raise
    except Exception as error:  # a damaged file breaks the reader anywhere, with any exception
        raise UnreadablePdfError(f"it cannot be read ({error})") from error


def _pages(data: str, in_time: Callable[[], bool]) -> Iterator[str]:
    if not in_time():
        raise PdfTooSlowError(_TOO_SLOW)
    try:
        import pypdf  # noqa: PLC0415 - a quarter of a second that few requests need
    except ModuleNotFoundError as error:
        if error.name != "pypdf":
            raise
        raise NoReaderError from error

    # It reports each blemish of a file that it can read all the same.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    reader = pypdf.PdfReader(io.BytesIO(base64.b64decode(data)))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadablePdfError("it is encrypted")
    count = len(reader.pages)
    for number in range(min(count, MAX_PAGES)):
        if not in_time():
            raise PdfTooSlowError(_TOO_SLOW)
        yield _page(number, reader.pages[number].extract_text())
    if count > MAX_PAGES:
        yield f"[{count - MAX_PAGES} further pages are left out.]"


def _page(number: int, text: str) -> str:
    return f"[Page {number + 1}]\n{text.strip() or '[This page has no text; it may be a picture.]'}"
