"""The text of a PDF."""

import base64
import io
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_PAGES = 200
# A window of a million tokens is about as much.
MAX_TEXT_CHARS = 4 * 1024 * 1024


# Of scans: more pages than a person asks about, and more bytes than a request should have.
MAX_SCANS = 20
MAX_SCANS_BYTES = 16 * 1024 * 1024
_SMALLEST_SCAN_PIXELS = 200
_NO_TEXT = "[This page has no text; it may be a picture.]"


@dataclass
class PdfText:
    """The text of a PDF, and by number the pages that are pictures, as base64 images."""

    text: str
    scans: dict[int, str] = field(default_factory=dict)

    def with_page(self, number: int, text: str) -> "PdfText":
        """Return the same with a text for a page that has none."""
        bare, whole = _page(number, ""), f"[Page {number}]\n{text}"
        return PdfText(self.text.replace(bare, whole, 1), self.scans)


class UnreadablePdfError(Exception):
    """The bytes are no PDF that can be read; the message says why, and quotes nothing of it."""


class NoReaderError(UnreadablePdfError):
    """The package that reads PDFs is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "cc-proxy reads PDFs only with pypdf, which is not installed;"
            " `cc-proxy doctor` shows the command that adds it, and then: `cc-proxy restart`"
        )


def text_of(data: bytes, *, with_scans: bool = False) -> PdfText:
    """Return the text of a base64 PDF, page by page, saying where a page has none.

    `with_scans`: with the pictures of the pages that have no text, where the PDF has them in a form
    that models read.

    Time and memory have no limit here: call it in a process that has.

    Raises:
        UnreadablePdfError: it is damaged, encrypted or not a PDF, or there is nothing to read it
            with.
        MemoryError: there is too little for it.

    """
    try:
        scans: dict[int, str] = {}
        text = "\n\n".join(_until_too_long(_pages(data, scans if with_scans else None)))
        return PdfText(text, scans)
    except (UnreadablePdfError, MemoryError):
        raise
    except Exception as error:  # a damaged file breaks the reader anywhere, with any exception
        # Its text may quote the file.
        raise UnreadablePdfError(f"it cannot be read ({type(error).__name__})") from error


def _pages(data: bytes, scans: dict[int, str] | None) -> Iterator[str]:
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
        text = reader.pages[number].extract_text()
        if scans is not None and not text.strip():
            _add_scan(scans, number + 1, reader.pages[number])
        yield _page(number + 1, text)
    if count > MAX_PAGES:
        yield f"[{count - MAX_PAGES} further pages are left out.]"


def _page(number: int, text: str) -> str:
    return f"[Page {number}]\n{text.strip() or _NO_TEXT}"


def _add_scan(scans: dict[int, str], number: int, page: Any) -> None:  # noqa: ANN401 - pypdf has types only where it is installed
    if len(scans) >= MAX_SCANS:
        return
    image = _largest_image(page)
    room = MAX_SCANS_BYTES - sum(map(len, scans.values()))
    if image is not None and len(encoded := base64.b64encode(image).decode()) <= room:
        scans[number] = encoded


def _largest_image(page: Any) -> bytes | None:  # noqa: ANN401 - as above
    resources = page.get("/Resources", {}).get_object()
    objects = resources.get("/XObject", {}).get_object()
    images = [one.get_object() for one in objects.values()]
    images = [one for one in images if one.get("/Subtype") == "/Image"]
    sized = [(int(one["/Width"]) * int(one["/Height"]), one) for one in images]
    for pixels, one in sorted(sized, key=lambda pair: pair[0], reverse=True):
        if pixels >= _SMALLEST_SCAN_PIXELS**2 and (found := _readable(one)) is not None:
            return found
    return None


def _readable(image: Any) -> bytes | None:  # noqa: ANN401 - as above
    """Return an image of a PDF as JPEG or PNG, None if it has another form.

    Scanners write JPEG, which is a file of its own inside the PDF (ISO 32000-1, 7.4.8), or plain
    pixels.
    """
    filters = image.get("/Filter")
    names = [filters] if isinstance(filters, str) else list(filters or [])
    if names == ["/DCTDecode"]:
        raw: bytes = image._data  # noqa: SLF001 - get_data() would take it apart, with Pillow
        return raw
    colours = {"/DeviceGray": 1, "/DeviceRGB": 3}.get(str(image.get("/ColorSpace")))
    bits = int(image.get("/BitsPerComponent", 8))
    if names not in ([], ["/FlateDecode"]) or colours is None or bits not in (1, 8):
        return None
    return _png(int(image["/Width"]), int(image["/Height"]), bits, colours, image.get_data())


def _png(width: int, height: int, bits: int, colours: int, pixels: bytes) -> bytes | None:
    row = (width * bits * colours + 7) // 8
    if (bits == 1 and colours != 1) or len(pixels) < row * height:
        return None
    rows = b"".join(b"\0" + pixels[row * n : row * (n + 1)] for n in range(height))
    kind = 0 if colours == 1 else 2  # PNG, 11.2.2: greyscale, and truecolour
    header = b"".join(number.to_bytes(4, "big") for number in (width, height))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(name, body)
        for name, body in (
            (b"IHDR", header + bytes([bits, kind, 0, 0, 0])),
            (b"IDAT", zlib.compress(rows, 6)),
            (b"IEND", b""),
        )
    )


def _png_chunk(name: bytes, body: bytes) -> bytes:
    checked = name + body
    return len(body).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")


def _until_too_long(pages: Iterator[str]) -> Iterator[str]:
    room = MAX_TEXT_CHARS
    for page in pages:
        yield page[:room]
        room -= len(page)
        if room < 0:
            yield "[The rest is left out: the text is too long.]"
            return
