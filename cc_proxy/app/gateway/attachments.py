"""Documents that must be read before a request can be translated.

A PDF comes again with every turn of its conversation. Its text is worked out once, in a thread,
and remembered, so that it is quick and the same on every turn.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterator

from cc_proxy.app.anthropic.requests import Block, MessagesRequest
from cc_proxy.app.translate.pdf import UnreadablePdfError, text_of

log = logging.getLogger(__name__)

PDF_SECONDS = 30.0
_REMEMBERED = 64
_PDF = "application/pdf"


class Attachments:
    """Reads documents, and remembers the latest by the digest of their bytes."""

    def __init__(self) -> None:
        self._texts: OrderedDict[bytes, str] = OrderedDict()

    async def read(self, request: MessagesRequest) -> None:
        """Put the text of each PDF of a request in its place, or why there is none."""
        for block in _documents(request):
            source = block.source or {}
            data = source.get("data")
            if source.get("media_type") == _PDF and isinstance(data, str):
                block.source = {"type": "text", "data": await self._text(data)}

    async def _text(self, data: str) -> str:
        digest = hashlib.sha256(data.encode()).digest()
        if digest not in self._texts:
            self._texts[digest] = await _extracted(data)
            while len(self._texts) > _REMEMBERED:
                self._texts.popitem(last=False)
        self._texts.move_to_end(digest)
        return self._texts[digest]


def _documents(request: MessagesRequest) -> Iterator[Block]:
    for message in request.messages:
        if isinstance(message.content, str):
            continue
        for block in message.content:
            if block.type == "document":
                yield block
            elif block.type == "tool_result" and isinstance(block.content, list):
                yield from (inner for inner in block.content if inner.type == "document")


async def _extracted(data: str) -> str:
    try:
        return await asyncio.wait_for(asyncio.to_thread(text_of, data), PDF_SECONDS)
    except UnreadablePdfError as error:
        why = str(error)
    except TimeoutError:
        why = f"reading it took more than {PDF_SECONDS:g} seconds"
    log.warning("a PDF is left out: %s", why)
    return f"[A PDF was here and is left out: {why}.]"
