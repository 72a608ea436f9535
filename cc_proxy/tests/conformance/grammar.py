"""The grammar of a streamed answer of the Messages API, written from the API's side.

It shares no code with the product. `parse` holds the bytes to the framing of server-sent events,
`check` holds the events to their order, and gives back what the stream told.
"""

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

Json = dict[str, Any]

STOP_REASONS = frozenset(
    {"end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"}
    | {"model_context_window_exceeded"}
)
# What a block looks like when it opens, and which deltas it takes.
_EMPTY: dict[str, Json] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}
_DELTAS = {
    "text": {"text_delta": "text"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
}
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)


class GrammarError(AssertionError):
    """The stream is not one that the API could have sent."""


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    data: Json


@dataclass
class Block:
    """A content block, put together from its deltas."""

    type: str
    start: Json
    pieces: list[str] = field(default_factory=list)
    signature: str | None = None

    @property
    def text(self) -> str:
        """The text, the thinking, or the JSON of the input."""
        return "".join(self.pieces)

    def content(self) -> Json:
        """Return the block as a whole answer has it."""
        match self.type:
            case "text":
                return {"type": "text", "text": self.text}
            case "thinking":
                return {"type": "thinking", "thinking": self.text, "signature": self.signature}
            case _:
                return self.start | {"input": json.loads(self.text or "{}")}


@dataclass
class Told:
    """What a stream told: its blocks, and its end (`error` for one that broke off)."""

    message: Json = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Json = field(default_factory=dict)
    error: Json | None = None
    keep_alives: int = 0

    def content(self) -> list[Json]:
        """Return the blocks as a whole answer has them."""
        return [block.content() for block in self.blocks]


def parse(raw: bytes) -> list[Event]:
    """Return the events of a stream.

    Raises:
        GrammarError: a frame is not `event: NAME`, `data: {…}` and an empty line.

    """
    *frames, rest = raw.split(b"\n\n")
    _require(rest == b"", f"the stream ends inside a frame: {rest[:100]!r}")
    return [_event(frame) for frame in frames]


def check(events: list[Event]) -> Told:
    """Return what a whole stream told.

    Raises:
        GrammarError: an event that the API could not send at its place, or no end.

    """
    grammar = _Grammar()
    for event in events:
        grammar.take(event)
    grammar.end()
    return grammar.told


def _event(frame: bytes) -> Event:
    lines = frame.split(b"\n")
    well_formed = (
        len(lines) == 2 and lines[0].startswith(b"event: ") and lines[1].startswith(b"data: ")
    )
    _require(well_formed, f"expected an `event:` and a `data:` line, found {frame[:200]!r}")
    name = lines[0].removeprefix(b"event: ").decode()
    try:
        data = json.loads(lines[1].removeprefix(b"data: "))
    except ValueError as error:
        raise GrammarError(f"the data of {name} is not JSON: {lines[1][:200]!r}") from error
    _require(isinstance(data, dict), f"the data of {name} is not an object")
    return Event(name, data)


class _State(Enum):
    BEFORE = auto()
    BETWEEN = auto()
    IN_BLOCK = auto()
    STOPPING = auto()
    ENDED = auto()


class _Grammar:
    def __init__(self) -> None:
        self.told = Told()
        self._state = _State.BEFORE
        self._ids: set[str] = set()

    def take(self, event: Event) -> None:
        name, data = event.name, event.data
        _require(name == data.get("type"), f"event {name} carries data of {data.get('type')}")
        _require(self._state is not _State.ENDED, f"{name} after the end")
        if name != "message_start":
            _require(self._state is not _State.BEFORE, f"{name} before message_start")
        match name:
            case "message_start":
                self._start(data)
            case "content_block_start":
                self._open(data)
            case "content_block_delta":
                self._grow(data)
            case "content_block_stop":
                self._close(data)
            case "message_delta":
                self._message_delta(data)
            case "message_stop":
                _require(self._state is _State.STOPPING, "message_stop without a stop reason")
                self._state = _State.ENDED
            case "error":
                self._error(data)
            case "ping":
                self.told.keep_alives += 1
            case _:
                raise GrammarError(f"no such event: {name}")

    def end(self) -> None:
        _require(self._state is _State.ENDED, f"the stream ends in state {self._state.name}")

    def _start(self, data: Json) -> None:
        _require(self._state is _State.BEFORE, "a second message_start")
        message = data["message"]
        _require(message["type"] == "message", "message_start without a message")
        _require(message["role"] == "assistant", f"the role is {message['role']!r}")
        _require(bool(message["id"]) and bool(message["model"]), "an id or a model is empty")
        _require(message["content"] == [], "message_start has content")
        _require(message["stop_reason"] is None, "message_start has a stop reason")
        _require(message["stop_sequence"] is None, "message_start has a stop sequence")
        _usage(message["usage"], required=("input_tokens", "output_tokens"))
        self.told.message = message
        self._state = _State.BETWEEN

    def _open(self, data: Json) -> None:
        _require(self._state is _State.BETWEEN, f"a block opens in state {self._state.name}")
        _require(data["index"] == len(self.told.blocks), f"block {data['index']} is out of order")
        start = data["content_block"]
        kind = start.get("type")
        _require(kind in _EMPTY, f"no such block: {kind}")
        for name, value in _EMPTY[kind].items():
            _require(start.get(name) == value, f"a {kind} block opens with {name} {start[name]!r}")
        if kind == "tool_use":
            _require(bool(start["id"]) and start["id"] not in self._ids, "a tool id is not its own")
            _require(isinstance(start["name"], str), "a tool_use without a name")
            self._ids.add(start["id"])
        self.told.blocks.append(Block(kind, start))
        self._state = _State.IN_BLOCK

    def _grow(self, data: Json) -> None:
        block = self._open_block(data)
        delta = data["delta"]
        kind = delta.get("type")
        _require(kind in _DELTAS[block.type], f"{kind} in a block of {block.type}")
        value = delta[_DELTAS[block.type][kind]]
        _require(isinstance(value, str), f"{kind} carries {value!r}")
        _require(block.signature is None, f"{kind} after the signature")
        if kind == "signature_delta":
            _require(value != "", "an empty signature")
            block.signature = value
        else:
            block.pieces.append(value)

    def _close(self, data: Json) -> None:
        block = self._open_block(data)
        if block.type == "thinking":
            _require(block.signature is not None, "thinking closes without a signature")
        if block.type == "tool_use" and block.text:
            try:
                value = json.loads(block.text)
            except ValueError as error:
                raise GrammarError(f"the input is not JSON: {block.text!r}") from error
            _require(isinstance(value, dict), f"the input is not an object: {block.text!r}")
        self._state = _State.BETWEEN

    def _open_block(self, data: Json) -> Block:
        _require(self._state is _State.IN_BLOCK, f"no block is open for {data['type']}")
        last = len(self.told.blocks) - 1
        _require(data["index"] == last, f"{data['type']} of block {data['index']}; {last} is open")
        return self.told.blocks[last]

    def _message_delta(self, data: Json) -> None:
        _require(self._state is _State.BETWEEN, f"message_delta in state {self._state.name}")
        _usage(data["usage"], required=("output_tokens",))
        delta = data["delta"]
        reason, sequence = delta["stop_reason"], delta.get("stop_sequence")
        if reason is None:
            _require(sequence is None, "a keep-alive with a stop sequence")
            self.told.keep_alives += 1
            return
        _require(reason in STOP_REASONS, f"no such stop reason: {reason}")
        _require((reason == "stop_sequence") == (sequence is not None), f"{reason}: {sequence!r}")
        if reason == "tool_use":
            _require(bool(self._ids), "stop reason tool_use, and no tool is used")
        self.told.stop_reason, self.told.stop_sequence = reason, sequence
        self.told.usage = data["usage"]
        self._state = _State.STOPPING

    def _error(self, data: Json) -> None:
        _require(self._state is _State.BETWEEN, f"an error in state {self._state.name}")
        error = data["error"]
        _require(all(isinstance(error[name], str) for name in ("type", "message")), str(error))
        self.told.error = error
        self._state = _State.ENDED


def _usage(usage: Json, required: tuple[str, ...]) -> None:
    for name in required:
        _require(name in usage, f"usage without {name}")
    for name in _COUNTS:
        value = usage.get(name, 0)
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        _require(whole, f"usage.{name} is {value!r}")


def _require(holds: bool, problem: str) -> None:  # noqa: FBT001 - an assertion with a text
    if not holds:
        raise GrammarError(problem)
