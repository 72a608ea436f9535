"""The answer of `GET /why`: where the time of a request went, and why its prompt was read again.

The proxy encodes these structs; `cc-proxy why` decodes them. As in `wire`, a field that a later
version added has a default.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cc_proxy.app.control.activity import ActivityRequest
from cc_proxy.app.control.wire import Bytes, Seconds, Tokens

ReadingCause = Literal[
    "first_prompt",
    "model_changed",
    "prefix_changed",
    "model_loaded",
    "evicted",
    "new_text",
    "reuse_unknown",
    "unknown",
]
PrefixPlace = Literal["system", "tools", "turn"]
PrefixChange = Literal[
    "changed",
    "digits",
    "white_space",
    "appended",
    "cut",
    "inserted",
    "removed",
    "images",
    "unknown",
]
Byte = Annotated[int, Meta(description="a byte in UTF-8, from 0 at the start of the block")]


class PrefixBreak(msgspec.Struct, frozen=True, kw_only=True):
    """The first place at which a prompt differs from the prompt before it.

    `turn` numbers the turns after the system prompt and the tools from 1, and `role` is user,
    assistant or tool; `tool` is the first of the tools that differs. `block` is the text, the
    thinking, or the name (`call`) or `arguments` of a call. `change`: only `digits` or
    `white_space` differ, text was `appended` or `cut`, a turn was `inserted` or `removed`;
    `unknown`, and null for the bytes, where the earlier text is no longer in memory.
    `words_before` and `words_after` are what is there, only if they were asked for.
    """

    place: PrefixPlace
    change: PrefixChange
    turn: int = 0
    role: str = ""
    block: str = "text"
    tool: str = ""
    byte: Byte | None = None
    bytes_before: Bytes | None = None
    bytes_after: Bytes | None = None
    turns_before: int = 0
    turns_after: int = 0
    words_before: str | None = None
    words_after: str | None = None


class OtherPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt that the model read between two prompts of a conversation."""

    request: str
    request_class: str
    session: str = ""
    folder: str = ""
    prompt_tokens: Tokens | None = None


class RequestSteps(msgspec.Struct, frozen=True, kw_only=True):
    """The seconds of a request by what they went to, in this order.

    `preparing`: translation, and questions to Ollama about the model. `making_room`: requests
    before the prompt that keep other conversations in the cache. `waiting`: for other requests.
    """

    preparing: Seconds = 0.0
    making_room: Seconds = 0.0
    waiting: Seconds = 0.0
    loading: Seconds = 0.0
    reading: Seconds = 0.0
    writing: Seconds = 0.0


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and why it took so long.

    `summary` says it in sentences, the most expensive step first. `cause` is why the model read
    as much as it did, null where it read little. `previous` is the request before it in the same
    conversation, and `others` are prompts that the model read between the two, the first of which
    took the cache. `second_tries` are the reasons for which the model was asked again.
    """

    request: ActivityRequest
    summary: tuple[str, ...] = ()
    steps: RequestSteps = RequestSteps()
    cause: ReadingCause | None = None
    previous: str = ""
    prefix_break: PrefixBreak | None = None
    others: tuple[OtherPrompt, ...] = ()
    other_count: int = 0
    waited_behind: tuple[str, ...] = ()
    second_tries: tuple[str, ...] = ()
    rescued_calls: int = 0
    repaired_calls: int = 0
    stop_reason: str | None = None
    error: str = ""
