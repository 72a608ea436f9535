"""The ids of calls as the model's template gets them."""

import hashlib
import string

import msgspec

from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.chat.messages import ChatMessage

# Mistral's templates refuse every other form: Mistral-Small-3.2 and Nemo on Ollama 0.33 answer 400.
LENGTH = 9
_LETTERS = string.digits + string.ascii_letters
CACHE_BYTES = 2 * 1024 * 1024
_ids: ByteCache[str, str] = ByteCache(CACHE_BYTES, text_bytes)


def with_short_ids(turns: list[ChatMessage]) -> list[ChatMessage]:
    """Return the turns with ids that every template takes: nine letters or digits.

    An id is made of the client's own, so it is the same in every request, also after a restart. The
    client never sees it: the model's calls get new ids.
    """
    return [_shortened(turn) if turn.tool_calls or turn.tool_call_id else turn for turn in turns]


def _shortened(turn: ChatMessage) -> ChatMessage:
    if turn.tool_call_id:
        return msgspec.structs.replace(turn, tool_call_id=short_id(turn.tool_call_id))
    calls = [msgspec.structs.replace(one, id=short_id(one.id)) for one in turn.tool_calls or ()]
    return msgspec.structs.replace(turn, tool_calls=calls)


def short_id(client_id: str) -> str:
    """Return the id of nine letters or digits that stands for the client's id of a call."""
    made = _ids.get(client_id)
    if made is None:
        made = _short_id(client_id)
        _ids.put(client_id, made)
    return made


def _short_id(client_id: str) -> str:
    number = int.from_bytes(hashlib.sha256(client_id.encode("utf-8", "replace")).digest())
    # The same digits, of a number that is quick to divide.
    number %= len(_LETTERS) ** LENGTH
    digits = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(_LETTERS))
        digits.append(_LETTERS[place])
    return "".join(digits)
