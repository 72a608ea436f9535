"""The output of a model in one try, parsed into thinking, text and calls."""

from collections.abc import Iterator

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.chat.messages import ChunkMessage
from cc_proxy.app.translate.answer.answer_writer import AnswerWriter
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.quiet import PassingText, together
from cc_proxy.app.translate.answer.think_tags import ThinkTags
from cc_proxy.app.translate.answer.written_text import WrittenText
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.rescue import Introduction, Piece, Rescue, RescuedCall, Steps

_CALLS_AT_ONCE = 8


class OutputParser:
    """Parses one try and gives it to `writer`; may hold back what is not certain yet.

    Where what was held back is decided, that can be much work: it pauses in between.
    """

    def __init__(self, rules: AnswerRules, writer: AnswerWriter) -> None:
        self._rules = rules
        self._writer = writer
        # The latest kind: what is held back of it comes before anything else.
        self._latest = State.NEW
        self._tags = ThinkTags()
        self._written = WrittenText(rules)
        self._thoughts: Rescue | None = None
        self._thought_calls: list[RescuedCall] = []

    @property
    def stopped_by(self) -> str | None:
        """The stop sequence that has ended the answer, None while none has."""
        return self._written.stopped_by

    def feed(self, message: ChunkMessage, out: list[ev.Event]) -> Steps[None]:
        """Take what comes next; write what is certain by now."""
        if message.thinking:
            yield from self._take_parts(self._tags.told_apart(), out)
            yield from self._take_thinking(message.thinking, out)
        if message.content:
            yield from self._take_parts(self._tags.feed(message.content), out)
        for count, call in enumerate(message.tool_calls or (), 1):
            yield from self._take_parts(self._tags.told_apart(), out)
            yield from self._turn_to(State.BETWEEN, out)
            self._writer.write_call(call.function, out)
            if not count % _CALLS_AT_ONCE:
                yield

    def pass_words(self, going_by: PassingText, state: State) -> None:
        """Let those of the next words pass that need no processing; `state` is the block's."""
        writer = self._writer
        if state is self._latest is State.TEXT and writer.shown:
            wakers = together(self._tags.wakers, self._written.wakers)
            going_by.begin(wakers, writer.text, self._tags.note, self._written.note)
        elif state is self._latest is State.THINKING and self._thoughts is not None:
            wakers = self._thoughts.wakers if self._tags.is_told_apart else None
            going_by.begin(wakers, writer.thinking, self._thoughts.note)

    def finish(self, out: list[ev.Event], *, cut: bool) -> Steps[None]:
        """Write what was held back; `cut`: the output broke off, or became too long."""
        writer = self._writer
        yield from self._take_parts(self._tags.finish(), out)
        yield from self._end_thoughts(out, cut=cut)
        yield from self._write_parts(self._written.finish(cut=cut), out)
        if self._written.invented:
            writer.notes.append(
                "text after a call dropped: the model wrote the tool's answer itself"
            )
        if self._rules.must_call and not writer.calls:
            writer.notes.append("the tool call that tool_choice demands did not come")
        if not writer.calls:
            yield from self._write_thought_calls(out)

    def _write_thought_calls(self, out: list[ev.Event]) -> Steps[None]:
        writer = self._writer
        words = Introduction("".join(writer.text)) if writer.shown else None
        for count, call in enumerate(self._thought_calls, 1):
            if words and not words.introduces(call):
                writer.note_call(call.name, "in the thinking not made: words followed")
            else:
                writer.write_rescued_call(call, out)
            if not count % _CALLS_AT_ONCE:
                yield

    def _take_parts(self, parts: tuple[str, str], out: list[ev.Event]) -> Steps[None]:
        thinking, text = parts
        if thinking:
            yield from self._take_thinking(thinking, out)
        if text:
            yield from self._turn_to(State.TEXT, out)
            self._write_pieces(self._written.feed(text), out)
            while self._written.is_behind:
                yield
                self._write_pieces(self._written.go_on(), out)

    def _take_thinking(self, text: str, out: list[ev.Event]) -> Steps[None]:
        yield from self._turn_to(State.THINKING, out)
        if self._thoughts is None:
            tools = self._rules.tools if self._rules.may_call else {}
            self._thoughts = Rescue(tools, self._rules.read, self._rules.call_formats)
        self._write_thoughts(self._thoughts.feed(text), out)
        while self._thoughts.is_behind:
            yield
            self._write_thoughts(self._thoughts.go_on(), out)

    def _turn_to(self, kind: State, out: list[ev.Event]) -> Steps[None]:
        """Write what is held back, if another kind comes now."""
        if self._latest not in (kind, State.NEW):
            yield from self._end_thoughts(out)
            yield from self._write_parts(self._written.interrupted(), out)
        self._latest = kind

    def _end_thoughts(self, out: list[ev.Event], *, cut: bool = False) -> Steps[None]:
        if self._thoughts is not None:
            for pieces in self._thoughts.finish_in_parts(cut=cut):
                self._write_thoughts(pieces, out)
                yield
            self._thoughts = None

    def _write_thoughts(self, pieces: list[Piece], out: list[ev.Event]) -> None:
        for piece in pieces:
            if isinstance(piece, RescuedCall):
                # A model may think of a call and then make it: the end shows whether it did.
                self._thought_calls.append(piece)
            else:
                self._writer.write_thinking(piece, out)

    def _write_parts(self, parts: Iterator[list[Piece]], out: list[ev.Event]) -> Steps[None]:
        for pieces in parts:
            self._write_pieces(pieces, out)
            yield

    def _write_pieces(self, pieces: list[Piece], out: list[ev.Event]) -> None:
        for piece in pieces:
            if isinstance(piece, RescuedCall):
                self._writer.write_rescued_call(piece, out)
            else:
                self._writer.write_text(piece, out)
