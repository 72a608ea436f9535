"""The answer: Ollama's chunks in, the API's events out.

A small state machine. At most one block is open at a time; every block is closed before the
next opens; nothing follows the end.
"""

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.translate.answer.empty_answer import said_instead
from cc_proxy.app.translate.answer.mended_call import mended_call
from cc_proxy.app.translate.answer.quiet import GoingBy, together
from cc_proxy.app.translate.answer.reuse import Spent, as_counted, note_prompt
from cc_proxy.app.translate.answer.think_tags import ThinkTags
from cc_proxy.app.translate.answer.written_text import WrittenText
from cc_proxy.app.translate.prompt.turns import WrittenTurn
from cc_proxy.app.translate.request.rules import FREE, AnswerRules
from cc_proxy.app.translate.rescue import Rescue, RescuedCall, announces
from cc_proxy.app.translate.rescue.scanner import Piece
from cc_proxy.app.upstreams.ollama.chat import CalledFunction, ChatChunk, ToolCall, written

# Clients send thinking back with the signature it came with; nobody but the sender reads it.
SIGNATURE = "cc-proxy"


class State(Enum):
    """Where the answer stands."""

    NEW = auto()
    BETWEEN = auto()
    THINKING = auto()
    TEXT = auto()
    ENDED = auto()


class AnswerStream:
    """Translates one answer. Pure: ids come from outside, nothing is read or written.

    In its methods, `_take_…` reads what the model has written, and may hold some of it back;
    `_emit_…` appends events to `out`, and opens and closes blocks as they need.

    `input_tokens` is the estimate for the first event; the last one has what `spent` says.
    `notes` says what was changed in the answer on the way, for the log. `vanished`: the model
    wrote something that Ollama could read as nothing and dropped (recording 81); the answer has
    not ended then, and is to be asked for once more.
    """

    def __init__(  # noqa: PLR0913 - what comes from outside, all by keyword
        self,
        *,
        message_id: str,
        model: str,
        input_tokens: int,
        new_tool_id: Callable[[], str],
        spent: Spent = as_counted,
        rules: AnswerRules = FREE,
    ) -> None:
        self.state = State.NEW
        self.notes: list[str] = []
        self.usage = ev.Usage(input_tokens=input_tokens)
        self.stop_reason: str | None = None
        self.empty = False
        self.vanished = False
        self._message_id = message_id
        self._model = model
        self._new_tool_id = new_tool_id
        self._spent = spent
        self._rules = rules
        # What came last: what is held back of it stands before anything else.
        self._latest = State.NEW
        self._tags = ThinkTags()
        self._written = WrittenText(rules)
        self._thoughts: Rescue | None = None
        self._thought_calls: list[RescuedCall] = []
        self._chunks = 0
        self._index = 0
        self._shown = False
        self._thinking: list[str] = []
        self._text: list[str] = []
        self._going_by = GoingBy()
        self._calls: list[ToolCall] = []

    @property
    def stopped_early(self) -> bool:
        """Whether the answer ended before the model did: nothing more need be read."""
        return self._written.stopped_by is not None

    @property
    def may_vanish(self) -> bool:
        """Whether nothing has come yet that a client could be shown or told of."""
        return not (self._shown or self._calls or self._thinking or self.vanished or self.notes)

    def written(self) -> WrittenTurn | None:
        """Return the turn as the model wrote it, None when it made no call to know it by."""
        if not self._calls:
            return None
        return WrittenTurn(
            content="".join(self._text),
            thinking="".join(self._thinking),
            calls=tuple(self._calls),
        )

    def start(self) -> list[ev.Event]:
        """Return the first event; nothing when it was given before."""
        if self.state is not State.NEW:
            return []
        self.state = State.BETWEEN
        message = ev.AnswerMessage(
            id=self._message_id,
            model=self._model,
            content=[],
            usage=ev.Usage(input_tokens=self.usage.input_tokens),
        )
        return [ev.MessageStart(message)]

    def feed_all(self, chunks: list[ChatChunk]) -> list[ev.Event]:
        """Return the events for chunks that came together, what can be one delta as one."""
        if event := self.more(chunks):
            return [event]
        return [event for chunk in chunks for event in self.feed(chunk)]

    def more(self, chunks: list[ChatChunk]) -> ev.ContentBlockDelta | None:
        """Return the one event of words that only add to the block that is open: most of them.

        None for any others; nothing of them has been taken then.
        """
        finds, message = self._going_by.finds, written(chunks)
        if finds is None or message is None:
            return None
        is_text = self.state is State.TEXT
        more, other = message.content, message.thinking
        if not is_text:
            more, other = other, more
        if other or not more or finds(more):
            return None
        (self._text if is_text else self._thinking).append(more)
        self._chunks += len(chunks)
        delta = ev.TextDelta(more) if is_text else ev.ThinkingDelta(more)
        return ev.ContentBlockDelta(self._index, delta)

    def feed(self, chunk: ChatChunk) -> list[ev.Event]:
        """Return the events for one chunk, the end of the answer included when it is `done`."""
        if self.state is State.ENDED:
            return []
        self._going_by.catch_up()
        out = self.start()
        self._chunks += 1
        if (message := chunk.message) is not None:
            if message.thinking:
                self._take_parts(self._tags.told_apart(), out)
                self._take_thinking(message.thinking, out)
            if message.content:
                self._take_parts(self._tags.feed(message.content), out)
            for call in message.tool_calls or ():
                self._take_parts(self._tags.told_apart(), out)
                self._turn_to(State.BETWEEN, out)
                self._emit_call(call.function, out)
        if self.stopped_early:
            self._end_at_stop_sequence(out)
        elif chunk.done:
            self._finish(chunk, out)
        self._let_go_by()
        return out

    def _let_go_by(self) -> None:
        """Let those of the words that come next go by that need no look."""
        if self.state is self._latest is State.TEXT and self._shown:
            wakers = together(self._tags.wakers, self._written.wakers)
            self._going_by.begin(wakers, self._text, self._tags.note, self._written.note)
        elif self.state is self._latest is State.THINKING and self._thoughts is not None:
            wakers = self._thoughts.wakers if self._tags.is_told_apart else None
            self._going_by.begin(wakers, self._thinking, self._thoughts.note)

    def keep_alive(self) -> list[ev.Event]:
        """Return an event that adds nothing and resets the client's idle clock.

        Both Claude Code versions seen and the official SDKs take these; `ping` alone ends at
        300 seconds in 2.1.197.
        """
        if self.state is State.TEXT:
            return [ev.ContentBlockDelta(self._index, ev.TextDelta(""))]
        if self.state is State.THINKING:
            return [ev.ContentBlockDelta(self._index, ev.ThinkingDelta(""))]
        if self.state is State.BETWEEN:
            return [ev.MessageDelta(ev.StopDelta(), self.usage)]
        return []

    def fail(self, error: ApiError) -> list[ev.Event]:
        """Return the end of an answer that broke: the open block closed, then the error."""
        if self.state is State.ENDED:
            return []
        self._going_by.catch_up()
        out = self.start()
        self._flush(out, cut=True)
        self._close(out)
        out.append(ev.ErrorEvent(ev.ErrorDetail(error.error_type, error.message)))
        self.state = State.ENDED
        return out

    def _emit_thinking(self, text: str, out: list[ev.Event]) -> None:
        if self.state is not State.THINKING:
            self._close(out)
            out.append(ev.ContentBlockStart(self._index, ev.ThinkingBlock()))
            self.state = State.THINKING
        self._thinking.append(text)
        out.append(ev.ContentBlockDelta(self._index, ev.ThinkingDelta(text)))

    def _take_parts(self, parts: tuple[str, str], out: list[ev.Event]) -> None:
        thinking, text = parts
        if thinking:
            self._take_thinking(thinking, out)
        if text:
            self._take_text(text, out)

    def _take_thinking(self, text: str, out: list[ev.Event]) -> None:
        self._turn_to(State.THINKING, out)
        if self._thoughts is None:
            self._thoughts = Rescue(self._rules.tools if self._rules.may_call else {})
        self._emit_thoughts(self._thoughts.feed(text), out)

    def _take_text(self, text: str, out: list[ev.Event]) -> None:
        self._turn_to(State.TEXT, out)
        self._emit_pieces(self._written.feed(text), out)

    def _turn_to(self, kind: State, out: list[ev.Event]) -> None:
        """Give out what is held back, if what comes now is of another kind."""
        if self._latest not in (kind, State.NEW):
            self._end_thoughts(out)
            self._emit_pieces(self._written.interrupted(), out)
        self._latest = kind

    def _end_thoughts(self, out: list[ev.Event], *, cut: bool = False) -> None:
        if self._thoughts is not None:
            self._emit_thoughts(self._thoughts.finish(cut=cut), out)
            self._thoughts = None

    def _emit_thoughts(self, pieces: list[Piece], out: list[ev.Event]) -> None:
        for piece in pieces:
            if isinstance(piece, RescuedCall):
                # A model may think of a call and then make it: which, the end will show.
                self._thought_calls.append(piece)
            else:
                self._emit_thinking(piece, out)

    def _emit_pieces(self, pieces: list[Piece], out: list[ev.Event]) -> None:
        for piece in pieces:
            if isinstance(piece, RescuedCall):
                self._emit_rescued_call(piece, out)
            else:
                self._emit_text(piece, out)

    def _emit_rescued_call(self, call: RescuedCall, out: list[ev.Event]) -> None:
        self.notes.append(f"call of {call.name} read from the text, written as {call.form}")
        self._emit_call(CalledFunction(name=call.name, arguments=msgspec.Raw(call.arguments)), out)

    def _emit_text(self, text: str, out: list[ev.Event]) -> None:
        if self.state is not State.TEXT:
            self._close(out)
            out.append(ev.ContentBlockStart(self._index, ev.TextBlock()))
            self.state = State.TEXT
        self._shown = self._shown or not text.isspace()
        self._text.append(text)
        out.append(ev.ContentBlockDelta(self._index, ev.TextDelta(text)))

    def _emit_call(self, call: CalledFunction, out: list[ev.Event]) -> None:
        if not self._rules.may_call:
            self.notes.append(f"call of {call.name} dropped: tool_choice is none")
            return
        if self._calls and self._rules.one_call:
            self.notes.append(f"call of {call.name} dropped: parallel tool use is disabled")
            return
        self._close(out)
        name, arguments, mended = mended_call(call, self._rules)
        self.notes += mended
        block = ev.ToolUseBlock(id=self._new_tool_id(), name=name)
        self._calls.append(ToolCall(id=block.id, function=call))
        out += (
            ev.ContentBlockStart(self._index, block),
            ev.ContentBlockDelta(self._index, ev.InputJsonDelta(arguments.decode())),
            ev.ContentBlockStop(self._index),
        )
        self._index += 1

    def _close(self, out: list[ev.Event]) -> None:
        if self.state is State.THINKING:
            out.append(ev.ContentBlockDelta(self._index, ev.SignatureDelta(SIGNATURE)))
        if self.state in (State.THINKING, State.TEXT):
            out.append(ev.ContentBlockStop(self._index))
            self._index += 1
            self.state = State.BETWEEN

    def _flush(self, out: list[ev.Event], *, cut: bool) -> None:
        self._take_parts(self._tags.finish(), out)
        self._end_thoughts(out, cut=cut)
        self._emit_pieces(self._written.finish(cut=cut), out)
        if self._rules.must_call and not self._calls:
            self.notes.append("the tool call that tool_choice demands did not come")
        for call in () if self._calls else tuple(self._thought_calls):
            if self._shown and not announces("".join(self._text)):
                self.notes.append(f"call of {call.name} in the thinking not made: words followed")
            else:
                self._emit_rescued_call(call, out)

    def _end_at_stop_sequence(self, out: list[ev.Event]) -> None:
        self._close(out)
        self.stop_reason = "stop_sequence"
        # The counts come with the last chunk, which is no longer waited for.
        self.usage.output_tokens = self._chunks
        delta = ev.StopDelta(self.stop_reason, self._written.stopped_by)
        out += (ev.MessageDelta(delta, self.usage), ev.MessageStop())
        self.state = State.ENDED

    def _finish(self, chunk: ChatChunk, out: list[ev.Event]) -> None:
        self._flush(out, cut=chunk.done_reason == "length")
        if self.stopped_early:
            self._end_at_stop_sequence(out)
            return
        self.empty = not (self._shown or self._calls)
        if self._has_vanished(chunk):
            self.notes.append(f"{chunk.eval_count} tokens vanished in Ollama: asked once more")
            self.vanished = True
            return
        if self.empty:
            # An empty answer, or thinking alone, makes Claude Code ask the same again at once.
            self._emit_text(said_instead(chunk, self.notes, thought=bool(self._thinking)), out)
        self._close(out)
        note_prompt(self.usage, *self._spent(chunk), caches_all=self._rules.caches_all)
        self.usage.output_tokens = chunk.eval_count
        self.stop_reason = self._reason(chunk)
        out += (ev.MessageDelta(ev.StopDelta(self.stop_reason), self.usage), ev.MessageStop())
        self.state = State.ENDED

    def _has_vanished(self, last: ChatChunk) -> bool:
        """Tell whether a call of an undeclared tool, or a malformed one, was dropped upstream."""
        wrote = last.done_reason == "stop" and last.eval_count > 1
        return self.may_vanish and wrote and bool(self._rules.tools)

    def _reason(self, chunk: ChatChunk) -> str:
        if chunk.done_reason == "length":
            return "max_tokens"
        return "tool_use" if self._calls else "end_turn"
