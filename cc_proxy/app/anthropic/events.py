"""The events of a streamed answer, and their bytes.

`event:` lines are mandatory: Claude Code throws away a stream without them. A tool's input in
`content_block_start` is ignored by it, so input always travels as `input_json_delta`.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

CacheMissType = Literal[
    "model_changed",
    "system_changed",
    "tools_changed",
    "messages_changed",
    "previous_message_not_found",
    "unavailable",
]


class ServerToolUsage(msgspec.Struct):
    """The number of calls of each server tool."""

    web_search_requests: int = 0
    web_fetch_requests: int = 0


class Usage(msgspec.Struct):
    """Tokens in and out; the prompt's are split by what was reused, and what is kept for reuse."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    server_tool_use: ServerToolUsage | UnsetType = UNSET


class TextBlock(msgspec.Struct, tag_field="type", tag="text"):
    """A block of text."""

    text: str = ""


class ThinkingBlock(msgspec.Struct, tag_field="type", tag="thinking"):
    """A block of thinking; the signature comes as the block's last delta."""

    thinking: str = ""
    signature: str = ""


class ToolUseBlock(msgspec.Struct, tag_field="type", tag="tool_use"):
    """A call of a tool; in a stream `input` starts empty."""

    id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")


class ServerToolUseBlock(msgspec.Struct, tag_field="type", tag="server_tool_use"):
    """A call of a tool that the server runs; in a stream `input` starts empty."""

    id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")


class WebSearchResult(msgspec.Struct, tag_field="type", tag="web_search_result"):
    """One page that was found; `encrypted_content` is for whoever sent it, to get it back."""

    title: str
    url: str
    encrypted_content: str
    page_age: str | None = None


class WebSearchError(msgspec.Struct, tag_field="type", tag="web_search_tool_result_error"):
    """The reason why a search has no results, as one of the API's codes."""

    error_code: str


class WebSearchResultBlock(msgspec.Struct, tag_field="type", tag="web_search_tool_result"):
    """The results of a search; complete at the block's start, without deltas."""

    tool_use_id: str
    content: list[WebSearchResult] | WebSearchError


class CompactionBlock(msgspec.Struct, tag_field="type", tag="compaction"):
    """A summary of the conversation, None when none came; it has one delta with all of it.

    `tool_changes` are the blocks that make the tools of the request those that are offered now.
    """

    content: str | None = None
    tool_changes: list[Any] | UnsetType = UNSET


ContentBlock = (
    TextBlock
    | ThinkingBlock
    | ToolUseBlock
    | ServerToolUseBlock
    | WebSearchResultBlock
    | CompactionBlock
)


class CacheMissReason(msgspec.Struct, omit_defaults=True):
    """The first difference from the request that the client named; `type` is the API's word.

    The tokens are about those that would have come from the cache.
    """

    type: CacheMissType
    cache_missed_input_tokens: int | UnsetType = UNSET


class Diagnostics(msgspec.Struct):
    """The answer to `diagnostics` of a request (SDK 2.14): null where nothing differs."""

    cache_miss_reason: CacheMissReason


class AnswerMessage(msgspec.Struct, tag_field="type", tag="message"):
    """The whole answer, or its empty frame at the start of a stream."""

    id: str
    model: str
    content: list[ContentBlock]
    usage: Usage
    role: str = "assistant"
    stop_reason: str | None = None
    stop_sequence: str | None = None
    diagnostics: Diagnostics | UnsetType | None = UNSET


class TextDelta(msgspec.Struct, gc=False, tag_field="type", tag="text_delta"):
    """More text."""

    text: str


class ThinkingDelta(msgspec.Struct, gc=False, tag_field="type", tag="thinking_delta"):
    """More thinking.

    `estimated_tokens` are those that came with it. The API sends it with the beta
    thinking-token-count-2026-05-13: null, unless the client asked for `display: "omitted"`.
    """

    thinking: str
    estimated_tokens: int | UnsetType | None = UNSET


class SignatureDelta(msgspec.Struct, tag_field="type", tag="signature_delta"):
    """The signature that a client sends back with the thinking to prove that it is unchanged."""

    signature: str


class InputJsonDelta(msgspec.Struct, tag_field="type", tag="input_json_delta"):
    """More of a tool's input, as JSON text."""

    partial_json: str


class CompactionDelta(msgspec.Struct, tag_field="type", tag="compaction_delta"):
    """The whole summary: the SDKs (Python 2.14) keep only the last delta of a block."""

    content: str | None


Delta = TextDelta | ThinkingDelta | SignatureDelta | InputJsonDelta | CompactionDelta


class StopDelta(msgspec.Struct):
    """The reason for the answer's end; both None until then."""

    stop_reason: str | None = None
    stop_sequence: str | None = None


class ErrorDetail(msgspec.Struct):
    """An error's type and text."""

    type: str
    message: str


class MessageStart(msgspec.Struct, tag_field="type", tag="message_start"):
    """The first event."""

    message: AnswerMessage


class ContentBlockStart(msgspec.Struct, tag_field="type", tag="content_block_start"):
    """A block opens."""

    index: int
    content_block: ContentBlock


class ContentBlockDelta(msgspec.Struct, gc=False, tag_field="type", tag="content_block_delta"):
    """A block grows."""

    index: int
    delta: Delta


class ContentBlockStop(msgspec.Struct, tag_field="type", tag="content_block_stop"):
    """A block closes."""

    index: int


class MessageDelta(msgspec.Struct, tag_field="type", tag="message_delta"):
    """Stop reason and final usage; with a null stop reason it is the keep-alive."""

    delta: StopDelta
    usage: Usage


class MessageStop(msgspec.Struct, tag_field="type", tag="message_stop"):
    """The last event."""


class ErrorEvent(msgspec.Struct, tag_field="type", tag="error"):
    """An error after the stream has begun."""

    error: ErrorDetail


Event = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | ErrorEvent
)

_encoder = msgspec.json.Encoder()
_HEAD = {
    event: f"event: {event.__struct_config__.tag}\ndata: ".encode() for event in Event.__args__
}


def encode(events: list[Event]) -> bytes:
    """Return the server-sent-event bytes of `events`, ready to be written in one piece."""
    return b"".join([encode_one(event) for event in events])


def encode_one(event: Event) -> bytes:
    """Return the server-sent-event bytes of one event."""
    return b"%b%b\n\n" % (_HEAD[type(event)], _encoder.encode(event))
