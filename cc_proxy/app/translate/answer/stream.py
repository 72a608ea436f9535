"""The answer: Ollama's chunks in, the API's events out.

A small state machine. At most one block is open at a time; every block is closed before the
next opens; nothing follows the end.
"""

from collections.abc import Callable

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import UnreadableCallError
from cc_proxy.app.chat.messages import ChatChunk, written
from cc_proxy.app.translate.answer.answer_writer import AnswerWriter
from cc_proxy.app.translate.answer.blocks import BlockWriter, State
from cc_proxy.app.translate.answer.output_parser import OutputParser
from cc_proxy.app.translate.answer.parts import Parts, in_parts, whole
from cc_proxy.app.translate.answer.quiet import PassingText
from cc_proxy.app.translate.answer.retry import ending
from cc_proxy.app.translate.answer.retry.empty_answer import in_own_words, replacement_text
from cc_proxy.app.translate.answer.retry.second_try import RetryReason
from cc_proxy.app.translate.answer.reuse import Spent, estimate_reuse, note_prompt
from cc_proxy.app.translate.prompt.turns import WrittenTurn
from cc_proxy.app.translate.request.rules import FREE, AnswerRules
from cc_proxy.app.translate.rescue import RescuedCall, Steps


class AnswerStream:
    """Translates one answer. Pure: ids come from outside, nothing is read or written.

    A parser reads what the model writes in one try, a writer has what the client gets of all
    tries. Here an answer begins, is asked for once more, and ends.

    `input_tokens` is the estimate for the first event; the last one has what `spent` says. After
    it, `reused` is how many tokens of the prompt came from the cache, None if that is not known.
    `notes` says what was changed in the answer on the way, for the log. `wants` is why the answer
    has not ended with the model's and must be asked for again: then `begin_again`. VANISHED:
    the model wrote something that Ollama could read as nothing and dropped (recording 81).
    """

    _writer_type = AnswerWriter

    def __init__(  # noqa: PLR0913 - what comes from outside, all by keyword
        self,
        *,
        message_id: str,
        model: str,
        input_tokens: int,
        new_tool_id: Callable[[], str],
        spent: Spent = estimate_reuse,
        rules: AnswerRules = FREE,
    ) -> None:
        self.usage = ev.Usage(input_tokens=input_tokens)
        self.reused: int | None = None
        self.stop_reason: str | None = None
        self.empty = False
        self.wants: RetryReason | None = None
        self._blocks = BlockWriter(message_id, model, self.usage, rules.thinking_counts)
        self._spent = spent
        self.rules = self._rules = rules
        self._writer = self._writer_type(self._blocks, rules, new_tool_id)
        self.notes = self._writer.notes
        self._parser = OutputParser(rules, self._writer)
        # Where a stop sequence ends an answer, its words so far are its tokens.
        self._counts_no_words = not rules.stop_sequences
        self._going_by = PassingText()
        self._tried: set[RetryReason] = set()
        # The end of a turn that announced a step, while the step is asked for.
        self._announced: ChatChunk | None = None

    @property
    def state(self) -> State:
        """The part of the answer that is open."""
        return self._blocks.state

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self._blocks.message_id

    @property
    def has_started(self) -> bool:
        """Return whether the first event was given."""
        return self._blocks.state is not State.NEW

    def diagnose(self, diagnostics: ev.Diagnostics | None) -> None:
        """Give the first event what the client asked for: where the prompt parts from another."""
        self._blocks.diagnostics = diagnostics

    @property
    def stopped_early(self) -> bool:
        """Return whether the answer ended before the model did: nothing more need be read."""
        return self._parser.stopped_by is not None

    @property
    def may_vanish(self) -> bool:
        """Return whether nothing has come yet that a client could be shown or told of."""
        writer = self._writer
        shown = writer.shown or writer.calls or writer.thinking
        return not (shown or self._tried or self.notes)

    @property
    def is_extra_try(self) -> bool:
        """Return whether the turn was whole, and only the step that it announced is asked for."""
        return self._announced is not None

    @property
    def has_calls(self) -> bool:
        """Return whether the client was given a call."""
        return bool(self._writer.calls)

    @property
    def chunks(self) -> int:
        """The chunks that the model has sent: about as many tokens."""
        return self._writer.chunks

    @property
    def call_counts(self) -> tuple[int, int, int]:
        """The number of calls, of those read from text, and of those that were changed."""
        return len(self._writer.calls), self._writer.rescued, self._writer.repaired

    @property
    def said(self) -> tuple[str, str]:
        """The text and the thinking of the model in the current try."""
        return "".join(self._writer.text), "".join(self._writer.thinking)

    def written(self) -> WrittenTurn | None:
        """Return the turn as the model wrote it, None when it made no call to know it by."""
        if not self._writer.calls:
            return None
        content, thinking = self.said
        return WrittenTurn(content, thinking, tuple(self._writer.calls))

    def start(self) -> list[ev.Event]:
        """Return the first event; nothing when it was given before."""
        return self._blocks.start()

    def feed_all(self, chunks: list[ChatChunk]) -> list[ev.Event]:
        """Return the events for chunks that came together, what can be one delta as one."""
        return whole(self.parts(chunks))

    def parts(self, chunks: list[ChatChunk]) -> Parts:
        """Yield the events for chunks that came together; whoever takes one part takes them all.

        Raises:
            UnreadableCallError: behind the events before a call whose arguments cannot be read.

        """
        if event := self.more(chunks):
            yield [event]
            return
        message = written(chunks) if len(chunks) > 1 and self._counts_no_words else None
        if message is not None and not (message.content and message.thinking):
            # Words of a kind that came together are read in one go.
            self._writer.chunks += len(chunks) - 1
            chunks = [ChatChunk(message)]
        out: list[ev.Event] = []
        try:
            yield from in_parts(self._take_all(chunks, out), out)
        except UnreadableCallError:
            yield out
            raise

    def more(self, chunks: list[ChatChunk]) -> ev.ContentBlockDelta | None:
        """Return the one event of words that only add to the block that is open: most of them.

        None for any others; nothing of them has been taken then.
        """
        finds, message = self._going_by.finds, written(chunks)
        if finds is None or message is None:
            return None
        writer, blocks = self._writer, self._blocks
        is_text, loops = blocks.state is State.TEXT, writer.loops
        more, other = message.content, message.thinking
        if not is_text:
            more, other = other, more
        if other or not more or finds(more) or (loops and loops.is_due):
            return None
        if loops:
            loops.note(more)
        (writer.text if is_text else writer.thinking).append(more)
        writer.chunks += len(chunks)
        if is_text:
            return ev.ContentBlockDelta(blocks.index, ev.TextDelta(more))
        return blocks.more_thinking(more, writer.chunks)

    def feed(self, chunk: ChatChunk) -> list[ev.Event]:
        """Return the events for one chunk, the end of the answer included when it is `done`."""
        out: list[ev.Event] = []
        return whole(in_parts(self._take(chunk, out), out))

    def _take_all(self, chunks: list[ChatChunk], out: list[ev.Event]) -> Steps[None]:
        for chunk in chunks:
            yield from self._take(chunk, out)

    def _take(self, chunk: ChatChunk, out: list[ev.Event]) -> Steps[None]:
        if self.state is State.ENDED or self.wants is not None:
            return
        self._going_by.catch_up()
        out += self.start()
        self._writer.chunks += 1
        if (message := chunk.message) is not None:
            yield from self._parser.feed(message, out)
        if self.stopped_early:
            self._end_at_stop_sequence(out)
        elif self._is_looping() and not chunk.done:
            self._cut_loop(out)
        elif chunk.done:
            yield from self._finish(chunk, out)
        self._parser.pass_words(self._going_by, self._blocks.state)

    def keep_alive(self) -> list[ev.Event]:
        """Return an event that adds nothing and resets the client's idle clock."""
        return self._blocks.keep_alive()

    def begin_again(self, reason: RetryReason) -> list[ev.Event]:
        """Prepare for the same answer once more; return what closes what was shown of it.

        What was held back belongs to the try that failed. After an announced step only calls count.
        """
        self._going_by.catch_up()
        out = self.start()
        self._blocks.close(out)
        self._tried.add(reason)
        self.wants = None
        self._writer.begin_again(reason)
        self._parser = OutputParser(self._rules, self._writer)
        return out

    def finish_with(self, calls: list[RescuedCall]) -> Parts:
        """Yield the end of an answer whose calls were read from an error of Ollama's, or none."""
        self._going_by.catch_up()
        out = self.start()
        for call in calls:
            self._writer.write_rescued_call(call, out)
        if self.wants is RetryReason.STEP and self._announced is not None and not calls:
            # The turn is whole: the step is not asked for.
            self._end(self._announced, out)
            yield out
        else:
            yield from in_parts(self._finish(self._last_chunk("stop"), out), out)

    def finish_cut(self) -> Parts:
        """Yield the end of an answer that the limit of its length has cut in a call."""
        self._going_by.catch_up()
        out = self.start()
        yield from in_parts(self._finish(self._last_chunk("length"), out), out)

    def give_up(self, why: str) -> list[ev.Event]:
        """Return the end of an answer that did not come, with `why` in cc-proxy's own words."""
        self._going_by.catch_up()
        out = self.start()
        self._writer.write_failure(in_own_words(why), out)
        self._end(self._last_chunk("stop"), out)
        return out

    def _last_chunk(self, reason: str) -> ChatChunk:
        return ChatChunk(done=True, done_reason=reason, eval_count=self._writer.chunks)

    def _is_looping(self) -> bool:
        loops = self._writer.loops
        return loops is not None and loops.is_due and loops.finds()

    def _cut_loop(self, out: list[ev.Event]) -> None:
        """End a try that repeats itself; the second time the whole answer."""
        if self._announced is not None:
            self._end(self._announced, out)
            return
        if RetryReason.LOOP not in self._tried and not self._writer.calls:
            self.wants = RetryReason.LOOP
            return
        self.notes.append("the model repeated the same text over and over, and was stopped")
        out += self.give_up("the model repeated the same text over and over, and was stopped.")

    def fail(self, error: ApiError) -> Parts:
        """Yield the end of an answer that broke: the open block closed, then the error."""
        if self.state is State.ENDED:
            return
        self._going_by.catch_up()
        out = self.start()
        yield from in_parts(self._parser.finish(out, cut=True), out)
        out = []
        self._blocks.fail(ev.ErrorDetail(error.error_type, error.message), out)
        yield out

    def _end_at_stop_sequence(self, out: list[ev.Event]) -> None:
        self.stop_reason = "stop_sequence"
        # The counts come with the last chunk, which is no longer waited for.
        self.usage.output_tokens = self._writer.chunks
        self._blocks.end(ev.StopDelta(self.stop_reason, self._parser.stopped_by), out)

    def _finish(self, chunk: ChatChunk, out: list[ev.Event]) -> Steps[None]:
        writer = self._writer
        yield from self._parser.finish(out, cut=chunk.done_reason == "length")
        if self.stopped_early:
            self._end_at_stop_sequence(out)
            return
        self.empty = not (writer.shown or writer.calls)
        if self.may_vanish and ending.has_dropped_output(chunk, self._rules):
            vanished = f"{chunk.eval_count} tokens vanished in {self._rules.server}"
            self.notes.append(f"{vanished}: asked once more")
            self.wants = RetryReason.VANISHED
            return
        is_first = not (writer.calls or self._tried)
        if is_first and ending.lacks_announced_call(chunk, self._rules, writer.text):
            self._announced = chunk
            writer.calls_only = True
            self.wants = RetryReason.STEP
            return
        if self.empty:
            # An empty answer, or thinking alone, makes Claude Code ask the same again at once.
            server, thought = self._rules.server, bool(writer.thinking)
            text = replacement_text(chunk, self.notes, server, thought=thought)
            writer.write_substitute(text, out)
        self._end(chunk, out)

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

    def _reason(self, chunk: ChatChunk) -> str:
        return ending.stop_reason(chunk, has_calls=self.has_calls)
