"""The blocks of an answer: what was begun is ended before anything else begins."""

from enum import Enum, auto

from msgspec import UNSET, UnsetType

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.translate.request.rules import ThinkingCounts

# Clients send thinking back with the signature it came with; nobody but the sender reads it.
SIGNATURE = "cc-proxy"
# The arguments of a call in one event: others have their turn between two of a long call.
_DELTA_CHARS = 16_384


class State(Enum):
    """The part of an answer that is open."""

    NEW = auto()
    BETWEEN = auto()
    THINKING = auto()
    TEXT = auto()
    ENDED = auto()


class BlockWriter:
    """Appends the events of one answer to `out`, and numbers and closes its blocks.

    `usage` is read when an event that carries it is written; `index` is the number of the block
    that is open, or comes next. `counts` is the token count in deltas of thinking. `diagnostics`
    goes with the first event, if the client asked for it.
    """

    def __init__(
        self,
        message_id: str,
        model: str,
        usage: ev.Usage,
        counts: ThinkingCounts = ThinkingCounts.ABSENT,
    ) -> None:
        self.state = State.NEW
        self.index = 0
        self.usage = usage
        self.message_id = message_id
        self.diagnostics: ev.Diagnostics | UnsetType | None = UNSET
        self._model = model
        self._counts = counts
        self._counted = 0

    def start(self) -> list[ev.Event]:
        """Return the first event; nothing when it was given before."""
        if self.state is not State.NEW:
            return []
        self.state = State.BETWEEN
        message = ev.AnswerMessage(
            id=self.message_id,
            model=self._model,
            content=[],
            usage=ev.Usage(input_tokens=self.usage.input_tokens),
            diagnostics=self.diagnostics,
        )
        return [ev.MessageStart(message)]

    def thinking(self, text: str, chunks: int, out: list[ev.Event]) -> None:
        """Write thinking into the block that is open for it; `chunks` are those of the answer."""
        if self.state is not State.THINKING:
            self.close(out)
            out.append(ev.ContentBlockStart(self.index, ev.ThinkingBlock()))
            self.state = State.THINKING
            self._counted = chunks - 1
        out.append(self.more_thinking(text, chunks))

    def more_thinking(self, text: str, chunks: int) -> ev.ContentBlockDelta:
        """Return the event of more thinking in the block that is open; a chunk is about a token."""
        tokens, self._counted = chunks - self._counted, chunks
        return ev.ContentBlockDelta(self.index, self._thinking_delta(text, tokens))

    def _thinking_delta(self, text: str, tokens: int | None) -> ev.ThinkingDelta:
        if self._counts is ThinkingCounts.ABSENT:
            return ev.ThinkingDelta(text)
        return ev.ThinkingDelta(text, tokens if self._counts is ThinkingCounts.COUNTED else None)

    def text(self, text: str, out: list[ev.Event]) -> None:
        """Write text into the block that is open for it."""
        if self.state is not State.TEXT:
            self.close(out)
            out.append(ev.ContentBlockStart(self.index, ev.TextBlock()))
            self.state = State.TEXT
        out.append(ev.ContentBlockDelta(self.index, ev.TextDelta(text)))

    def call(self, block: ev.ToolUseBlock, arguments: bytes, out: list[ev.Event]) -> None:
        """Write a call, a block of its own."""
        self.close(out)
        out.append(ev.ContentBlockStart(self.index, block))
        text = arguments.decode()
        for start in range(0, len(text) or 1, _DELTA_CHARS):
            delta = ev.InputJsonDelta(text[start : start + _DELTA_CHARS])
            out.append(ev.ContentBlockDelta(self.index, delta))
        out.append(ev.ContentBlockStop(self.index))
        self.index += 1

    def summary(self, block: ev.CompactionBlock, text: str | None, out: list[ev.Event]) -> None:
        """Write a summary of the conversation, a block of its own."""
        self.close(out)
        out += (
            ev.ContentBlockStart(self.index, block),
            ev.ContentBlockDelta(self.index, ev.CompactionDelta(text)),
            ev.ContentBlockStop(self.index),
        )
        self.index += 1

    def close(self, out: list[ev.Event]) -> None:
        """End the block that is open, if one is."""
        if self.state is State.THINKING:
            out.append(ev.ContentBlockDelta(self.index, ev.SignatureDelta(SIGNATURE)))
        if self.state in (State.THINKING, State.TEXT):
            out.append(ev.ContentBlockStop(self.index))
            self.index += 1
            self.state = State.BETWEEN

    def end(self, stop: ev.StopDelta, out: list[ev.Event]) -> None:
        """End the answer."""
        self.close(out)
        out += (ev.MessageDelta(stop, self.usage), ev.MessageStop())
        self.state = State.ENDED

    def fail(self, error: ev.ErrorDetail, out: list[ev.Event]) -> None:
        """End the answer with an error."""
        self.close(out)
        out.append(ev.ErrorEvent(error))
        self.state = State.ENDED

    def keep_alive(self) -> list[ev.Event]:
        """Return an event that adds nothing and resets the client's idle clock.

        Both Claude Code versions seen and the official SDKs take these; `ping` alone ends at
        300 seconds in 2.1.197.
        """
        if self.state is State.TEXT:
            return [ev.ContentBlockDelta(self.index, ev.TextDelta(""))]
        if self.state is State.THINKING:
            return [ev.ContentBlockDelta(self.index, self._thinking_delta("", None))]
        if self.state is State.BETWEEN:
            return [ev.MessageDelta(ev.StopDelta(), self.usage)]
        return []
