"""A chat as this proxy asks for it, and the chunks of its answer."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class CalledFunction(msgspec.Struct, gc=False):
    """A tool's name and its arguments, which must be a JSON object (a string is a 400)."""

    name: str
    arguments: msgspec.Raw = msgspec.Raw(b"{}")


class ToolCall(msgspec.Struct, gc=False):
    """A call as the model made it."""

    function: CalledFunction
    id: str = ""


class ChatMessage(msgspec.Struct, omit_defaults=True, gc=False):
    """One turn. `content` must be a string: an array is a 400 (recording 19d)."""

    role: str
    content: str | UnsetType = UNSET
    thinking: str = ""
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str = ""
    tool_call_id: str = ""


class ChatRequest(msgspec.Struct, omit_defaults=True):
    """A question to a model; a field that is UNSET is left to the server.

    `max_tokens` limits the answer. `think` is a level where the model takes one, `format` a JSON
    schema for the answer. `tool_choice` is auto, none, required or the name of a tool, where the
    server takes a choice. Not `stream`: the answer comes in one piece.
    """

    model: str
    messages: list[ChatMessage]
    tools: msgspec.Raw | UnsetType = UNSET
    stream: bool = True
    think: bool | str | UnsetType = UNSET
    format: dict[str, Any] | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    repeat_penalty: float | UnsetType = UNSET
    tool_choice: str | UnsetType = UNSET


class ChunkMessage(msgspec.Struct, gc=False):
    """The part of the answer that one chunk adds."""

    content: str = ""
    thinking: str = ""
    tool_calls: list[ToolCall] | None = None


class ChatChunk(msgspec.Struct, gc=False):
    """One line of the answer; the counts come with `done`.

    `prompt_eval_count` includes tokens taken from the cache. Ollama 0.34 and later may report how
    many those were: `prompt_eval_cached_count`. Durations are in nanoseconds.
    A line with `error` can follow a 200 at any time (recording 78: the runner died).
    """

    message: ChunkMessage | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int = 0
    prompt_eval_cached_count: int | None = None
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0
    load_duration: int = 0
    error: str | None = None


def written(chunks: list[ChatChunk]) -> ChunkMessage | None:
    """Return what chunks write together; None if one of them calls a tool or is the last."""
    for chunk in chunks:
        message = chunk.message
        if chunk.done or message is None or message.tool_calls:
            return None
    if len(chunks) == 1:
        return message
    messages = [chunk.message for chunk in chunks if chunk.message is not None]
    return ChunkMessage(
        "".join([message.content for message in messages]),
        "".join([message.thinking for message in messages]),
    )
