"""Text, thinking and calls of an answer, written into its blocks and kept."""

from collections.abc import Callable

import msgspec

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.chat.messages import CalledFunction, ToolCall
from cc_proxy.app.translate.answer.blocks import BlockWriter
from cc_proxy.app.translate.answer.repaired_call import repaired_call
from cc_proxy.app.translate.answer.retry.echo import Echo
from cc_proxy.app.translate.answer.retry.loops import LoopWatch
from cc_proxy.app.translate.answer.retry.second_try import RetryReason
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.rescue import RescuedCall
from cc_proxy.app.translate.rescue.repair.arguments import check_readable


class AnswerWriter:
    """Appends the events of what an answer says to `out`, and keeps it.

    `text` and `thinking` are the model's own, of the current try. `calls`, `chunks` (how many the
    model has sent), `notes` (what was changed, for the log), `rescued` and `repaired` (how many
    calls were read from text, and how many changed) are those of all tries. `shown`: the client
    has text that is not blank. `loops` watches the current try, None if nobody asked for
    that. `calls_only`: the turn was whole, and only a call may be added.
    """

    def __init__(
        self, blocks: BlockWriter, rules: AnswerRules, new_tool_id: Callable[[], str]
    ) -> None:
        self.text: list[str] = []
        self.thinking: list[str] = []
        self.calls: list[ToolCall] = []
        self.notes: list[str] = []
        self.chunks = 0
        self.rescued = 0
        self.repaired = 0
        self.shown = False
        self.calls_only = False
        self.loops = LoopWatch() if rules.assist.repeated_text else None
        self._blocks = blocks
        self._rules = rules
        self._new_tool_id = new_tool_id
        # The text of the first try that comes again in the second is not shown again.
        self._echo = Echo()

    def begin_again(self, reason: RetryReason) -> None:
        """Prepare for another try; after an announced step the words of the turn are kept."""
        self.loops = LoopWatch() if self.loops else None
        if reason is RetryReason.UNREADABLE:
            self._echo = Echo("".join(self.text))
        if reason is not RetryReason.STEP:
            self.text, self.thinking = [], []

    def write_thinking(self, text: str, out: list[ev.Event]) -> None:
        """Write thinking of the model."""
        if self.loops:
            self.loops.note(text)
        if not self.calls_only:
            self.thinking.append(text)
            self._blocks.thinking(text, self.chunks, out)

    def write_text(self, text: str, out: list[ev.Event]) -> None:
        """Write text of the model."""
        if self.loops:
            self.loops.note(text)
        if self.calls_only:
            return
        self.text.append(text)
        if self.thinking and not self.shown:
            # A template ends thinking with blank lines, which vLLM 0.32 hands on as text.
            text = text.lstrip()
        if text and (text := self._echo.new(text)):
            self.shown = self.shown or not text.isspace()
            self._blocks.text(text, out)

    def write_rescued_call(self, call: RescuedCall, out: list[ev.Event]) -> None:
        """Write a call that was read from text."""
        self.rescued += 1
        self.note_call(call.name, f"read from the text, written as {call.form}")
        self.write_call(CalledFunction(name=call.name, arguments=msgspec.Raw(call.arguments)), out)

    def write_call(self, call: CalledFunction, out: list[ev.Event]) -> None:
        """Write a call, unless the rules of the request forbid it."""
        if not self._rules.may_call:
            self.note_call(call.name, "dropped: tool_choice is none")
            return
        if self.calls and self._rules.one_call:
            self.note_call(call.name, "dropped: parallel tool use is disabled")
            return
        check_readable(call.name, bytes(call.arguments))
        name, arguments, repaired = repaired_call(call, self._rules)
        self.notes += repaired
        self.repaired += bool(repaired)
        block = ev.ToolUseBlock(id=self._new_tool_id(), name=name)
        self.calls.append(ToolCall(id=block.id, function=call))
        self._blocks.call(block, arguments, out)

    def write_substitute(self, text: str, out: list[ev.Event]) -> None:
        """Write words of cc-proxy's own, in place of an answer."""
        self.write_text(text, out)

    def write_failure(self, text: str, out: list[ev.Event]) -> None:
        """Write why an answer did not come, in a block of its own."""
        self._blocks.close(out)
        self._echo = Echo()
        self.write_substitute(text, out)

    def note_call(self, name: str, event: str) -> None:
        """Note what happened to a call of `name`."""
        # Another name than that of a tool is whatever the model has written there.
        shown = name if name in self._rules.tools else "an undeclared tool"
        self.notes.append(f"call of {shown} {event}")
