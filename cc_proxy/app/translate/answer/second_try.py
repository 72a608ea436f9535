"""Asking a model for the same answer once more: why, and what it is asked then.

What is added stands at the end of the prompt, so the model reads no more than that.
"""

from enum import Enum

import msgspec

from cc_proxy.app.chat.messages import ChatMessage, ChatRequest
from cc_proxy.app.upstreams.ollama.wire import decode_request, encode

_GO_ON = (
    "<system-reminder>\nYou announced a step and made no tool call. If there is something left to"
    " do, make the call now. If not, answer with the word done.\n</system-reminder>"
)
# Where thinking cannot be turned off. A stronger one keeps a model from writing code.
_REPEAT_PENALTY = 1.1


class Reason(Enum):
    """Why an answer is asked for once more; the value names it in the log and the figures."""

    VANISHED = "vanished"
    UNREADABLE = "unreadable_call"
    STEP = "announced_step"
    LOOP = "repeated_text"


def with_hint(body: bytes, text: str) -> bytes:
    """Return the body that asks for the same answer, with a hint behind the last turn."""
    request = decode_request(body)
    *before, last = request.messages
    if last.role not in ("user", "tool"):
        return encode(_with_messages(request, *request.messages, _user(text)))
    hinted = msgspec.structs.replace(last, content=f"{last.content or ''}\n\n{text}")
    return encode(_with_messages(request, *before, hinted))


def after_announcement(body: bytes, text: str, thinking: str) -> bytes:
    """Return the body that asks for the step that a turn of this text has announced."""
    request = decode_request(body)
    turn = ChatMessage(role="assistant", content=text, thinking=thinking)
    return encode(_with_messages(request, *request.messages, turn, _user(_GO_ON)))


def without_loop(body: bytes) -> bytes:
    """Return the body that asks for the same answer without thinking.

    A model that does not think, or always does, is kept from repeating itself by a penalty.
    """
    request = decode_request(body)
    if request.think is True:
        return encode(msgspec.structs.replace(request, think=False))
    options = {**(request.options or {}), "repeat_penalty": _REPEAT_PENALTY}
    return encode(msgspec.structs.replace(request, options=options))


def _user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


def _with_messages(request: ChatRequest, *messages: ChatMessage) -> ChatRequest:
    return msgspec.structs.replace(request, messages=list(messages))
