"""The system prompt, without what would make the same prompt look new."""

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Block
from cc_proxy.app.byte_cache import ByteCache, text_bytes

# Claude Code writes this first; its digits differ between two sessions, a session and its
# subagents, and so the model would read everything again from byte 47 on.
ATTRIBUTION = "x-anthropic-billing-header:"

CACHE_BYTES = 16 * 1024 * 1024

_decoder = msgspec.json.Decoder(str | list[Block] | None)
_texts: ByteCache[bytes, str] = ByteCache(CACHE_BYTES, text_bytes)


def system_text(raw: bytes) -> str:
    """Return the text of a `system` field (a string or text blocks), attribution left out.

    Remembered by the field's bytes, as they are the same on every turn of a session.

    Raises:
        ApiError: 400 for another type.

    """
    text = _texts.get(raw)
    if text is None:
        text = _text(raw)
        _texts.put(raw, text)
    return text


def _text(raw: bytes) -> str:
    try:
        system = _decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise invalid_request(
            f"system: expected a string or a list of text blocks: {error}."
        ) from error
    if system is None:
        return ""
    if isinstance(system, str):
        return _without_attribution(system)
    texts = [_without_attribution(block.text) for block in system if block.text]
    return "\n\n".join(text for text in texts if text)


def _without_attribution(text: str) -> str:
    if not text.startswith(ATTRIBUTION):
        return text
    return text.partition("\n")[2].lstrip("\n")
