"""Images and documents that must be fetched or read before a request can be translated.

The same ones come again with every turn of their conversation. Each is worked out once and
remembered, so that it is quick and the same on every turn.
"""

import asyncio
import base64
import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from cc_proxy.app.anthropic.requests import Block, MessagesRequest
from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.config import ImageSettings
from cc_proxy.app.gateway.attachments.describing import Describe, ImageDescriber
from cc_proxy.app.gateway.attachments.fetching import (
    IMAGE_TYPES,
    PDF_TYPES,
    Fetcher,
    NotFetchedError,
    shown,
)
from cc_proxy.app.gateway.attachments.pdf_process import PdfReader, PdfTooSlowError
from cc_proxy.app.translate.pdf import UnreadablePdfError

log = logging.getLogger(__name__)

PDF_SECONDS = 30.0
# Of all documents of a request together: a hundred that are slow are not a hundred times as slow.
ALL_PDFS_SECONDS = 60.0
# How long a failure stands: a conversation must not wait for it again on every turn.
FAILURE_SECONDS = 600.0
MAX_URLS = 20
MAX_FETCHED_BYTES = 128 * 1024 * 1024
MAX_TEXT_BYTES = 32 * 1024 * 1024
_PDF = "application/pdf"


@dataclass(frozen=True)
class _Fetched:
    """The content of a URL: a source of type base64, or None until the next try is due."""

    source: dict[str, str] | None
    expires: float = 0.0


def _held_by(key: tuple[str, str], fetched: _Fetched) -> int:
    return text_bytes(*key, *(fetched.source or {}).values())


class Attachments:
    """Fetches and reads, and remembers the latest by URL and by the digest of the bytes.

    `describer` can describe images for a model that does not see.
    """

    def __init__(self, fetcher: Fetcher, describer: ImageDescriber) -> None:
        self._fetcher = fetcher
        self.describer = describer
        self._pdfs = PdfReader()
        self._texts: ByteCache[bytes, str] = ByteCache(MAX_TEXT_BYTES, text_bytes)
        self._fetched: ByteCache[tuple[str, str], _Fetched] = ByteCache(MAX_FETCHED_BYTES, _held_by)

    def use(self, settings: ImageSettings) -> None:
        """Fetch as these settings say from now on; what was refused is tried again."""
        self._fetcher.use(settings)
        # What was fetched stays, so that a conversation that has it stays the same.
        for key in [key for key, known in self._fetched.items() if known.source is None]:
            self._fetched.drop(key)

    async def read(
        self, request: MessagesRequest, *, vision: bool = True, describe: Describe | None = None
    ) -> None:
        """Put the content of its URLs, and the text of each PDF, into a request.

        What cannot be fetched is named in the log and left as it is, for a note in its place.
        Images are not fetched for a model without `vision`, but where there is who can `describe`
        them: the description then takes the place of each image, and of each page of a PDF that is
        a picture.
        """
        blocks = list(_attached(request))
        sees = vision or describe is not None
        await self._fetch([block for block in blocks if sees or block.type == "document"])
        until = time.monotonic() + ALL_PDFS_SECONDS
        for block in blocks:
            source = block.origin
            data = source.get("data")
            is_pdf = block.type == "document" and source.get("media_type") == _PDF
            if is_pdf and isinstance(data, str):
                read = await self._text(data, until, describe)
                block.source = {"type": "text", "data": read}
            elif block.type == "image" and describe is not None and isinstance(data, str):
                await _describe(block, data, describe)

    async def close(self) -> None:
        """Close the connections of the fetcher, and write what the describer has to keep."""
        await self._fetcher.close()
        await self.describer.close()

    async def _fetch(self, blocks: list[Block]) -> None:
        wanted = [(block, key) for block in blocks if (key := _key(block))]
        keys = list(dict.fromkeys(key for _, key in wanted))
        if len(keys) > MAX_URLS:
            log.warning("%d URLs in one request: the first %d count", len(keys), MAX_URLS)
        found = await asyncio.gather(*(self._one(*key) for key in keys[:MAX_URLS]))
        sources = dict(zip(keys, found, strict=False))
        for block, key in wanted:
            if source := sources.get(key):
                block.source = dict(source)

    async def _one(self, kind: str, url: str) -> dict[str, str] | None:
        known = self._fetched.get((kind, url))
        if known is not None and (known.source or known.expires > time.monotonic()):
            return known.source
        types = IMAGE_TYPES if kind == "image" else PDF_TYPES
        try:
            media_type, data = await self._fetcher.fetch(url, types)
        except NotFetchedError as error:
            log.warning("the %s at %s is left out: %s", kind, shown(url), error)
            fetched = _Fetched(None, time.monotonic() + FAILURE_SECONDS)
        else:
            encoded = base64.b64encode(data).decode()
            fetched = _Fetched({"type": "base64", "media_type": media_type, "data": encoded})
        self._fetched.put((kind, url), fetched)
        return fetched.source

    async def _text(self, data: str, until: float, describe: Describe | None) -> str:
        kind = b"described " if describe else b""
        digest = kind + hashlib.sha256(data.encode()).digest()
        text = self._texts.get(digest)
        if text is None:
            try:
                text, is_whole = await self._extracted(data, until, describe)
            except UnreadablePdfError as error:
                # Those before it took the time: with them known, it has its own on the next turn.
                return _left_out(str(error))
            if is_whole:
                self._texts.put(digest, text)
        return text

    async def _extracted(
        self, data: str, until: float, describe: Describe | None
    ) -> tuple[str, bool]:
        """Return the text of a PDF, or why it has none, and whether that stays so.

        A page that could not be described may be next time.

        Raises:
            UnreadablePdfError: the time of all documents, `until`, was over before its own.

        """
        left = until - time.monotonic()
        try:
            found = await self._pdfs.text(
                data, min(PDF_SECONDS, left), with_scans=describe is not None
            )
        except PdfTooSlowError as error:
            if left < PDF_SECONDS:
                text = f"the documents of this request take more than {ALL_PDFS_SECONDS:g} seconds"
                raise UnreadablePdfError(text) from error
            return _left_out(str(error)), True
        except UnreadablePdfError as error:
            return _left_out(str(error)), True
        is_whole = True
        for number, image in found.scans.items():
            description = await describe(image) if describe is not None else None
            if description is None:
                is_whole = False
            else:
                found = found.with_page(number, description)
        return found.text, is_whole


def has_image(request: MessagesRequest) -> bool:
    """Return whether an image is in a conversation; a document may have one, and is none."""
    return any(block.type == "image" for block in _attached(request))


def _attached(request: MessagesRequest) -> Iterator[Block]:
    for message in request.messages:
        if isinstance(message.content, str):
            continue
        for block in message.content:
            if block.type in ("image", "document"):
                yield block
            elif block.type == "tool_result" and isinstance(block.content, list):
                yield from (b for b in block.content if b.type in ("image", "document"))


async def _describe(block: Block, data: str, describe: Describe) -> None:
    text = await describe(data)
    if text is not None:
        block.type, block.text, block.source = "text", text, None


def _key(block: Block) -> tuple[str, str] | None:
    source = block.origin
    url = source.get("url")
    if source.get("type") == "url" and isinstance(url, str):
        return block.type, url
    return None


def _left_out(why: str) -> str:
    log.warning("a PDF is left out: %s", why)
    return f"[A PDF was here and is left out: {why}.]"
