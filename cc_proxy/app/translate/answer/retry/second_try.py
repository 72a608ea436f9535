"""Asking a model for the same answer once more: why, and what it is asked then.

The addition is at the end of the prompt, so the model reads no more than that.
"""

from enum import Enum

import msgspec

from cc_proxy.app.chat.messages import ChatMessage, ChatRequest

_GO_ON = (
    "<system-reminder>\nYou announced a step and made no tool call. If there is something left to"
    " do, make the call now. If not, answer with the word done.\n</system-reminder>"
)
# Where thinking cannot be turned off. A stronger one keeps a model from writing code.
_REPEAT_PENALTY = 1.1


class RetryReason(Enum):
    """The reason to ask for an answer again; the value names it in the log and the figures."""

    VANISHED = "vanished"
    UNREADABLE = "unreadable_call"
    STEP = "announced_step"
    LOOP = "repeated_text"


def with_hint(request: ChatRequest, text: str) -> ChatRequest:
    """Return the request for the same answer, with a hint behind the last turn."""
    *before, last = request.messages
    if last.role not in ("user", "tool"):
        return _with_messages(request, *request.messages, _user(text))
    hinted = msgspec.structs.replace(last, content=f"{last.content or ''}\n\n{text}")
    return _with_messages(request, *before, hinted)


def after_announcement(request: ChatRequest, text: str, thinking: str) -> ChatRequest:
    """Return the request for the step that a turn of this text has announced."""
    turn = ChatMessage(role="assistant", content=text, thinking=thinking)
    return _with_messages(request, *request.messages, turn, _user(_GO_ON))


def without_loop(request: ChatRequest) -> ChatRequest:
    """Return the request for the same answer without thinking.

    A model that does not think, or always does, is kept from repeating itself by a penalty.
    """
    if request.think is True:
        return msgspec.structs.replace(request, think=False)
    return msgspec.structs.replace(request, repeat_penalty=_REPEAT_PENALTY)


def in_one_piece(request: ChatRequest) -> ChatRequest:
    """Return the request for the same answer, not streamed."""
    return msgspec.structs.replace(request, stream=False)


def _user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


def _with_messages(request: ChatRequest, *messages: ChatMessage) -> ChatRequest:
    return msgspec.structs.replace(request, messages=list(messages))
