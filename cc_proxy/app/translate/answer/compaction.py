"""The answer to a request for a summary: one `compaction` block, and nothing else."""

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.chat.messages import CalledFunction, ChatChunk
from cc_proxy.app.translate.answer.answer_writer import AnswerWriter
from cc_proxy.app.translate.answer.stream import AnswerStream


class SummaryWriter(AnswerWriter):
    """Keeps the words of the model and shows none of them."""

    def write_thinking(self, text: str, out: list[ev.Event]) -> None:  # noqa: ARG002 - not shown
        """Keep thinking of the model."""
        if self.loops:
            self.loops.note(text)
        self.thinking.append(text)

    def write_text(self, text: str, out: list[ev.Event]) -> None:  # noqa: ARG002 - shown at the end
        """Keep text of the model."""
        if self.loops:
            self.loops.note(text)
        self.text.append(text)
        self.shown = self.shown or not text.isspace()

    def write_call(self, call: CalledFunction, out: list[ev.Event]) -> None:  # noqa: ARG002 - not shown
        """Drop a call."""
        self.note_call(call.name, "dropped: a summary was asked for")

    def write_substitute(self, text: str, out: list[ev.Event]) -> None:  # noqa: ARG002 - it is no summary
        """Note why there is no summary."""
        self.notes.append(text)


class CompactionAnswer(AnswerStream):
    """Collects the words of the model and writes them as one block at the end.

    Its thinking and its calls are dropped. Without words the block's content is null, which
    clients read as a compaction that failed.
    """

    _writer_type = SummaryWriter

    def _end(self, chunk: ChatChunk, out: list[ev.Event]) -> None:
        if chunk.done_reason == "length":
            self.notes.append("the summary was cut at its limit of tokens")
        changes = [change.block() for change in self._rules.tool_changes]
        block = ev.CompactionBlock(tool_changes=changes)
        self._blocks.summary(block, "".join(self._writer.text).strip() or None, out)
        super()._end(chunk, out)

    def _reason(self, chunk: ChatChunk) -> str:  # noqa: ARG002 - the API has one for all
        return "compaction"
