"""The answer: Ollama's chunks in, the API's events out.

A small state machine. At most one block is open at a time; every block is closed before the
next opens; nothing follows the end.
"""

from collections.abc import Callable

import msgspec

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.translate.answer.announced_step import announces_step
from cc_proxy.app.translate.answer.blocks import BlockWriter, State
from cc_proxy.app.translate.answer.echo import Echo
from cc_proxy.app.translate.answer.empty_answer import in_own_words, said_instead
from cc_proxy.app.translate.answer.loops import LoopWatch
from cc_proxy.app.translate.answer.mended_call import mended_call
from cc_proxy.app.translate.answer.quiet import GoingBy, together
from cc_proxy.app.translate.answer.reuse import Spent, as_counted, note_prompt
from cc_proxy.app.translate.answer.second_try import Reason
from cc_proxy.app.translate.answer.think_tags import ThinkTags
from cc_proxy.app.translate.answer.written_text import WrittenText
from cc_proxy.app.translate.prompt.turns import WrittenTurn
from cc_proxy.app.translate.request.rules import FREE, AnswerRules
from cc_proxy.app.translate.rescue import Piece, Rescue, RescuedCall, introduces_call
from cc_proxy.app.upstreams.ollama.chat import CalledFunction, ChatChunk, ToolCall, written


class AnswerStream:
    """Translates one answer. Pure: ids come from outside, nothing is read or written.

    In its methods, `_take_…` reads what the model has written, and may hold some of it back;
    `_emit_…` appends events to `out`, and opens and closes blocks as they need.

    `input_tokens` is the estimate for the first event; the last one has what `spent` says. After
    it, `reused` is how many tokens of the prompt came from the cache, None if that is not known.
    `notes` says what was changed in the answer on the way, for the log. `wants` is why the answer
    has not ended with the model's and is to be asked for once more: then `begin_again`. VANISHED:
    the model wrote something that Ollama could read as nothing and dropped (recording 81).
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
        self.notes: list[str] = []
        self.usage = ev.Usage(input_tokens=input_tokens)
        self.reused: int | None = None
        self.stop_reason: str | None = None
        self.empty = False
        self.wants: Reason | None = None
        self._blocks = BlockWriter(message_id, model, self.usage, rules.thinking_counts)
        self._new_tool_id = new_tool_id
        self._spent = spent
        self.rules = self._rules = rules
        # What came last: what is held back of it stands before anything else.
        self._latest = State.NEW
        self._tags = ThinkTags()
        self._written = WrittenText(rules)
        self._thoughts: Rescue | None = None
        self._thought_calls: list[RescuedCall] = []
        self._chunks = 0
        self._shown = False
        self._thinking: list[str] = []
        self._text: list[str] = []
        self._going_by = GoingBy()
        self._calls: list[ToolCall] = []
        self._loops = LoopWatch() if rules.assist.repeated_text else None
        self._tried: set[Reason] = set()
        # What was shown in the first try and comes once more in the second is not shown again.
        self._echo = Echo()
        # The end of a turn that announced a step, while the step is asked for.
        self._announced: ChatChunk | None = None

    @property
    def state(self) -> State:
        """The part of the answer that is open."""
        return self._blocks.state

    @property
    def stopped_early(self) -> bool:
        """Whether the answer ended before the model did: nothing more need be read."""
        return self._written.stopped_by is not None

    @property
    def may_vanish(self) -> bool:
        """Whether nothing has come yet that a client could be shown or told of."""
        return not (self._shown or self._calls or self._thinking or self._tried or self.notes)

    @property
    def is_extra_try(self) -> bool:
        """Whether the turn was whole, and only the step that it announced is asked for."""
        return self._announced is not None

    @property
    def has_calls(self) -> bool:
        """Whether the client was given a call."""
        return bool(self._calls)

    @property
    def said(self) -> tuple[str, str]:
        """The text and the thinking of the model in the current try."""
        return "".join(self._text), "".join(self._thinking)

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
        return self._blocks.start()

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
        if other or not more or finds(more) or (self._loops and self._loops.is_due):
            return None
        if self._loops:
            self._loops.note(more)
        (self._text if is_text else self._thinking).append(more)
        self._chunks += len(chunks)
        if is_text:
            return ev.ContentBlockDelta(self._blocks.index, ev.TextDelta(more))
        return self._blocks.more_thinking(more, self._chunks)

    def feed(self, chunk: ChatChunk) -> list[ev.Event]:
        """Return the events for one chunk, the end of the answer included when it is `done`."""
        if self.state is State.ENDED or self.wants is not None:
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
        elif self._is_looping() and not chunk.done:
            self._cut_loop(out)
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
        """Return an event that adds nothing and resets the client's idle clock."""
        return self._blocks.keep_alive()

    def begin_again(self, reason: Reason) -> list[ev.Event]:
        """Prepare for the same answer once more; return what closes what was shown of it.

        What was held back belongs to the try that failed. After an announced step only calls count.
        """
        self._going_by.catch_up()
        out = self.start()
        self._blocks.close(out)
        self._tried.add(reason)
        self.wants = None
        self._latest = State.NEW
        self._tags, self._written = ThinkTags(), WrittenText(self._rules)
        self._thoughts, self._thought_calls = None, []
        self._loops = LoopWatch() if self._loops else None
        if reason is Reason.UNREADABLE:
            self._echo = Echo("".join(self._text))
        if reason is not Reason.STEP:
            self._text, self._thinking = [], []
        return out

    def finish_with(self, calls: list[RescuedCall]) -> list[ev.Event]:
        """Return the end of an answer whose calls were read from an error of Ollama's, or none."""
        self._going_by.catch_up()
        out = self.start()
        for call in calls:
            self._emit_rescued_call(call, out)
        self._finish(self._last_chunk("stop"), out)
        return out

    def finish_cut(self) -> list[ev.Event]:
        """Return the end of an answer that the limit of its length has cut in a call."""
        self._going_by.catch_up()
        out = self.start()
        self._finish(self._last_chunk("length"), out)
        return out

    def give_up(self, why: str) -> list[ev.Event]:
        """Return the end of an answer that did not come, with `why` in cc-proxy's own words."""
        self._going_by.catch_up()
        out = self.start()
        self._blocks.close(out)
        self._echo = Echo()
        self._say(in_own_words(why), out)
        self._end(self._last_chunk("stop"), out)
        return out

    def _last_chunk(self, reason: str) -> ChatChunk:
        return ChatChunk(done=True, done_reason=reason, eval_count=self._chunks)

    def _is_looping(self) -> bool:
        return self._loops is not None and self._loops.is_due and self._loops.finds()

    def _cut_loop(self, out: list[ev.Event]) -> None:
        """End a try that repeats itself; the second time the whole answer."""
        if self._announced is not None:
            self._end(self._announced, out)
            return
        if Reason.LOOP not in self._tried and not self._calls:
            self.wants = Reason.LOOP
            return
        self.notes.append("the model repeated the same text over and over, and was stopped")
        out += self.give_up("the model repeated the same text over and over, and was stopped.")

    def fail(self, error: ApiError) -> list[ev.Event]:
        """Return the end of an answer that broke: the open block closed, then the error."""
        if self.state is State.ENDED:
            return []
        self._going_by.catch_up()
        out = self.start()
        self._flush(out, cut=True)
        self._blocks.fail(ev.ErrorDetail(error.error_type, error.message), out)
        return out

    def _emit_thinking(self, text: str, out: list[ev.Event]) -> None:
        if self._loops:
            self._loops.note(text)
        if self._announced is None:
            self._thinking.append(text)
            self._blocks.thinking(text, self._chunks, out)

    def _take_parts(self, parts: tuple[str, str], out: list[ev.Event]) -> None:
        thinking, text = parts
        if thinking:
            self._take_thinking(thinking, out)
        if text:
            self._take_text(text, out)

    def _take_thinking(self, text: str, out: list[ev.Event]) -> None:
        self._turn_to(State.THINKING, out)
        if self._thoughts is None:
            tools = self._rules.tools if self._rules.may_call else {}
            self._thoughts = Rescue(tools, self._rules.read)
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
        self._note_call(call.name, f"read from the text, written as {call.form}")
        self._emit_call(CalledFunction(name=call.name, arguments=msgspec.Raw(call.arguments)), out)

    def _emit_text(self, text: str, out: list[ev.Event]) -> None:
        if self._loops:
            self._loops.note(text)
        if self._announced is not None:
            return
        self._text.append(text)
        if text := self._echo.new(text):
            self._shown = self._shown or not text.isspace()
            self._blocks.text(text, out)

    def _emit_call(self, call: CalledFunction, out: list[ev.Event]) -> None:
        if not self._rules.may_call:
            self._note_call(call.name, "dropped: tool_choice is none")
            return
        if self._calls and self._rules.one_call:
            self._note_call(call.name, "dropped: parallel tool use is disabled")
            return
        name, arguments, mended = mended_call(call, self._rules)
        self.notes += mended
        block = ev.ToolUseBlock(id=self._new_tool_id(), name=name)
        self._calls.append(ToolCall(id=block.id, function=call))
        self._blocks.call(block, arguments, out)

    def _note_call(self, name: str, what: str) -> None:
        # Another name than that of a tool is whatever the model has written there.
        shown = name if name in self._rules.tools else "an undeclared tool"
        self.notes.append(f"call of {shown} {what}")

    def _flush(self, out: list[ev.Event], *, cut: bool) -> None:
        self._take_parts(self._tags.finish(), out)
        self._end_thoughts(out, cut=cut)
        self._emit_pieces(self._written.finish(cut=cut), out)
        if self._written.invented:
            self.notes.append("text after a call dropped: the model wrote the tool's answer itself")
        if self._rules.must_call and not self._calls:
            self.notes.append("the tool call that tool_choice demands did not come")
        for call in () if self._calls else tuple(self._thought_calls):
            if self._shown and not introduces_call("".join(self._text), call):
                self._note_call(call.name, "in the thinking not made: words followed")
            else:
                self._emit_rescued_call(call, out)

    def _end_at_stop_sequence(self, out: list[ev.Event]) -> None:
        self.stop_reason = "stop_sequence"
        # The counts come with the last chunk, which is no longer waited for.
        self.usage.output_tokens = self._chunks
        self._blocks.end(ev.StopDelta(self.stop_reason, self._written.stopped_by), out)

    def _finish(self, chunk: ChatChunk, out: list[ev.Event]) -> None:
        self._flush(out, cut=chunk.done_reason == "length")
        if self.stopped_early:
            self._end_at_stop_sequence(out)
            return
        self.empty = not (self._shown or self._calls)
        if self._has_vanished(chunk):
            self.notes.append(f"{chunk.eval_count} tokens vanished in Ollama: asked once more")
            self.wants = Reason.VANISHED
            return
        if self._has_announced(chunk):
            self._announced = chunk
            self.wants = Reason.STEP
            return
        if self.empty:
            # An empty answer, or thinking alone, makes Claude Code ask the same again at once.
            self._say(said_instead(chunk, self.notes, thought=bool(self._thinking)), out)
        self._end(chunk, out)

    def _say(self, text: str, out: list[ev.Event]) -> None:
        """Write words of cc-proxy's own, in place of an answer."""
        self._emit_text(text, out)

    def _end(self, chunk: ChatChunk, out: list[ev.Event]) -> None:
        # The prompt that was counted is that of the first try.
        first = self._announced or chunk
        self._note_prompt(first)
        self.usage.output_tokens = chunk.eval_count
        if self._announced not in (None, chunk):
            self.usage.output_tokens += first.eval_count
        self.stop_reason = self._reason(chunk)
        self._blocks.end(ev.StopDelta(self.stop_reason), out)

    def _note_prompt(self, last: ChatChunk) -> None:
        prompt, self.reused = self._spent(last)
        note_prompt(self.usage, prompt, self.reused or 0, caches_all=self._rules.caches_all)

    def _has_vanished(self, last: ChatChunk) -> bool:
        """Tell whether a call of an undeclared tool, or a malformed one, was dropped upstream."""
        wrote = last.done_reason == "stop" and last.eval_count > 1
        return self.may_vanish and wrote and bool(self._rules.tools)

    def _has_announced(self, last: ChatChunk) -> bool:
        """Tell whether the turn announces a step that it does not make."""
        rules = self._rules
        may_call = rules.tools and rules.may_call and not rules.must_call
        if not (may_call and rules.assist.announced_step):
            return False
        if rules.after_error or self._calls or self._tried:
            return False
        return last.done_reason == "stop" and announces_step("".join(self._text))

    def _reason(self, chunk: ChatChunk) -> str:
        if chunk.done_reason == "length":
            return "max_tokens"
        return "tool_use" if self._calls else "end_turn"
