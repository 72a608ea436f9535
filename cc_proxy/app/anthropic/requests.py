"""The body of a request to `/v1/messages`, decoded once at the border.

Unknown fields are skipped and unknown block types are kept by name, because clients send more
every month and a new beta must never be a 400. `tools` and `system` stay raw: they are the same
from turn to turn, so a reader can cache its result by their bytes.
"""

import re
from typing import Annotated, Any

import msgspec

from cc_proxy.app.anthropic.errors import ApiError, invalid_request

# "There is a limit of 100,000 messages in a single request", says the API's reference.
MAX_MESSAGES = 100_000
_SMALLEST_MESSAGE = len('{"role":""}')
_EMPTY = msgspec.Raw(b"null")


class Block(msgspec.Struct, omit_defaults=True, gc=False):
    """One content block of any type; only the fields of its `type` are set.

    One shape for all types, since msgspec's tagged unions refuse a tag they do not know.
    `input` stays raw: a tool's arguments pass through byte for byte.
    """

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = _EMPTY
    tool_use_id: str | None = None
    content: "str | list[Block] | dict[str, Any] | None" = None
    is_error: bool | None = None
    source: dict[str, Any] | str | None = None
    title: str | None = None
    url: str | None = None
    tool_name: str | None = None
    tool: msgspec.Raw = _EMPTY
    tool_changes: "list[Block] | None" = None
    encrypted_content: str | None = None
    page_age: str | None = None
    cache_control: dict[str, Any] | None = None

    @property
    def origin(self) -> dict[str, Any]:
        """The `source` of an image or document; that of a search result is a plain string."""
        return self.source if isinstance(self.source, dict) else {}


class OutputConfig(msgspec.Struct):
    """Effort, and the JSON schema an answer must follow."""

    effort: str | None = None
    format: dict[str, Any] | None = None


class Message(msgspec.Struct, gc=False):
    """One turn: `role` is user, assistant or system (as Claude Code 2.1 sends it).

    A system turn may set the effort from there on, and may have no words: 2.1.332 sends
    `content: []` with an `output_config` after `/effort`, to models named `claude-*-5-5`.
    With `clear_at: "next_user_message"` it is no longer shown once a user turn follows.
    """

    role: str
    sent: str | list[Block] | None = msgspec.field(name="content", default=None)
    output_config: OutputConfig | None = None
    clear_at: str | None = None

    @property
    def content(self) -> str | list[Block]:
        """The blocks of the turn; an empty list if the client sent none."""
        return [] if self.sent is None else self.sent

    @property
    def is_cleared_by_next_user(self) -> bool:
        """True for a system turn that is shown only until the next user turn."""
        return self.role == "system" and self.clear_at == "next_user_message"


class ToolChoice(msgspec.Struct):
    """`type` is auto, any, tool or none."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    """`type` is enabled, adaptive, between_tools or disabled."""

    type: str
    display: str | None = None


class Compaction(msgspec.Struct):
    """Asks for a summary of the conversation instead of an answer; `type` is summarize.

    `instructions` replace the words that ask for it.
    """

    type: str
    instructions: str | None = None


class DiagnosticsRequest(msgspec.Struct):
    """Asks where the prompt parts from that of an earlier answer; null on the first turn."""

    previous_message_id: str | None = None


class MessagesRequest(msgspec.Struct):
    """The body of `/v1/messages` and of `/v1/messages/count_tokens`.

    Some clients write 100.0 for a whole number: it is one here.
    """

    model: str
    messages: Annotated[list[Message], msgspec.Meta(max_length=MAX_MESSAGES)]
    max_tokens: int | float | None = None
    system: msgspec.Raw = _EMPTY
    tools: msgspec.Raw = _EMPTY
    tool_choice: ToolChoice | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | float | None = None
    stop_sequences: list[str] | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    compaction: Compaction | None = None
    thread: dict[str, Any] | None = None
    cache_control: dict[str, Any] | None = None
    diagnostics: DiagnosticsRequest | None = None

    def __post_init__(self) -> None:
        self.max_tokens = _whole("max_tokens", self.max_tokens)
        self.top_k = _whole("top_k", self.top_k)

    @property
    def effort(self) -> str | None:
        """The effort that applies to the next turn: what a system turn set last, else the field."""
        for message in reversed(self.messages):
            if message.output_config is not None and message.output_config.effort:
                return message.output_config.effort
        return self.output_config.effort if self.output_config else None

    @property
    def thinks(self) -> bool:
        """True if the model is asked to think before it answers."""
        return self.thinking is not None and self.thinking.type != "disabled"

    @property
    def caches_all(self) -> bool:
        """True if the last turn is marked for caching, as Claude Code marks it in every request."""
        last = self.messages[-1].content if self.messages else ""
        marked = not isinstance(last, str) and any(block.cache_control for block in last)
        return marked or bool(self.cache_control)


def _whole(name: str, found: float | None) -> int | None:
    if found is not None and found != int(found):
        # msgspec makes a ValidationError of it.
        raise ValueError(f"Expected a whole number in `{name}`, got {found:g}")
    return None if found is None else int(found)


class _Messages(msgspec.Struct):
    messages: list[msgspec.Raw]


_decoder = msgspec.json.Decoder(MessagesRequest)
_messages_decoder = msgspec.json.Decoder(_Messages)
_fields_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KNOWN = frozenset(MessagesRequest.__struct_fields__)

# JavaScript cuts strings between the halves of a surrogate pair and JSON.stringify then writes
# the half as an escape. One such half would make the whole conversation unreadable.
# A run of backslashes, and the escapes of the two halves, or of one, that follow it.
_SURROGATES = re.compile(
    rb"(?<!\\)(\\++)(?:u[dD]([89abAB][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    rb"|u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_REPLACEMENT = rb"ufffd"
# A chat has a few of them. To look through a body that is full of them would hold up the others.
_MOST_ESCAPES = 100_000


def decode(body: bytes) -> MessagesRequest:
    """Decode a request body.

    Lone surrogate escapes become U+FFFD, as Ollama itself reads them (recording 87b).

    Raises:
        ApiError: 400 when the body is not JSON or a field has the wrong type.

    """
    _check_count(body)
    try:
        return _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        repaired = _without_lone_surrogates(body)
        if repaired is None:
            raise _wrong(error) from error
    try:
        return _read(repaired)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(error) from error


def _check_count(body: bytes) -> None:
    """Refuse a body with too many messages, which would take a second to decode."""
    if len(body) <= MAX_MESSAGES * _SMALLEST_MESSAGE or body.count(b'"role"') <= MAX_MESSAGES:
        return
    try:
        count = len(_messages_decoder.decode(body).messages)
    except msgspec.DecodeError:
        return
    if count > MAX_MESSAGES:
        raise invalid_request(
            f"messages: expected at most {MAX_MESSAGES}, found {count}. Begin a new conversation."
        )


def _without_lone_surrogates(body: bytes) -> bytearray | None:
    """Return a body with U+FFFD for each lone surrogate; None if it has none."""
    repaired: bytearray | None = None
    start = 0
    for _ in range(_MOST_ESCAPES):
        found = _SURROGATES.search(body, start)
        if found is None:
            return repaired
        # A backslash that another one escapes begins no escape: what follows is looked at anew.
        begins = len(found[1]) % 2 == 1
        start = found.end() if begins else found.end(1)
        if begins and found[3] is None:
            repaired = repaired or bytearray(body)
            # Of the same length, so that all other places stay as they are.
            repaired[found.end(1) : found.end(1) + len(_REPLACEMENT)] = _REPLACEMENT
    return None


def _read(body: bytes | bytearray) -> MessagesRequest:
    if not body.isascii():
        # What stays raw is not looked at by the decoder.
        body.decode()
    return _decoder.decode(body)


def unread_fields(body: bytes) -> list[str]:
    """Return the names of the fields in a request body, which decode() took, that nobody reads."""
    try:
        fields = _fields_decoder.decode(body)
    except msgspec.DecodeError:
        # A lone surrogate that decode() has replaced.
        return []
    return sorted(fields.keys() - _KNOWN)


def _wrong(error: Exception) -> ApiError:
    if isinstance(error, msgspec.ValidationError):
        return invalid_request(f"The request does not fit the Messages API: {error}.")
    if isinstance(error, RecursionError):
        return invalid_request("The request body is nested too deeply.")
    return invalid_request(f"The request body is not valid JSON in UTF-8: {error}.")
