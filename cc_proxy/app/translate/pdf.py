"""The text of a PDF."""

import base64
import binascii
import io
import logging

MAX_PAGES = 200


class UnreadablePdfError(Exception):
    """The bytes are no PDF that can be read; the message says why."""


def text_of(data: str) -> str:
    """Return the text of a base64 PDF, page by page, saying where a page has none.

    Raises:
        UnreadablePdfError: it is damaged, encrypted, or not a PDF.

    """
    import pypdf  # noqa: PLC0415 - a quarter of a second that few requests need
    from pypdf.errors import PyPdfError  # noqa: PLC0415 - the same

    # It reports each blemish of a file that it can read all the same.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        raw = base64.b64decode(data, validate=False)
        reader = pypdf.PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadablePdfError("it is encrypted")
        count = len(reader.pages)
        pages = [
            _page(number, reader.pages[number].extract_text())
            for number in range(min(count, MAX_PAGES))
        ]
    except binascii.Error as error:
        raise UnreadablePdfError("it is not base64") from error
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        # A damaged file can break the reader at any place of its structure.
        raise UnreadablePdfError(f"it cannot be read ({error})") from error
    if count > MAX_PAGES:
        pages.append(f"[{count - MAX_PAGES} further pages are left out.]")
    return "\n\n".join(pages)


def _page(number: int, text: str) -> str:
    return f"[Page {number + 1}]\n{text.strip() or '[This page has no text; it may be a picture.]'}"
