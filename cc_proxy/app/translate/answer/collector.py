"""The whole answer in one piece, put together from the same events that a stream has."""

import msgspec

from cc_proxy.app.anthropic import events as ev


class AnswerCollector:
    """Takes the events of one answer and gives back the message that they describe."""

    def __init__(self) -> None:
        self._message: ev.AnswerMessage | None = None
        self._pieces: list[str] = []

    def add(self, event: ev.Event) -> None:
        """Take the next event."""
        match event:
            case ev.MessageStart(message):
                # Copies: what is filled in here must not show in an event that is still unsent.
                self._message = msgspec.structs.replace(message, content=[])
            case ev.ContentBlockStart(_, block):
                self._whole.content.append(msgspec.structs.replace(block))
                self._pieces = []
            case ev.ContentBlockDelta(_, ev.SignatureDelta(signature)):
                block = self._whole.content[-1]
                if isinstance(block, ev.ThinkingBlock):
                    block.signature = signature
            case ev.ContentBlockDelta(_, ev.CompactionDelta(content)):
                block = self._whole.content[-1]
                if isinstance(block, ev.CompactionBlock):
                    block.content = content
            case ev.ContentBlockDelta(_, delta):
                self._pieces.append(_text(delta))
            case ev.ContentBlockStop():
                self._close_block("".join(self._pieces))
            case ev.MessageDelta(delta, usage):
                self._whole.stop_reason = delta.stop_reason
                self._whole.stop_sequence = delta.stop_sequence
                self._whole.usage = usage

    def encode(self) -> bytes:
        """Return the JSON of the message."""
        return msgspec.json.encode(self._whole)

    @property
    def _whole(self) -> ev.AnswerMessage:
        if self._message is None:
            raise RuntimeError("an answer begins with message_start")
        return self._message

    def _close_block(self, text: str) -> None:
        match self._whole.content[-1]:
            case ev.TextBlock() as block:
                block.text = text
            case ev.ThinkingBlock() as block:
                block.thinking = text
            case ev.ToolUseBlock() | ev.ServerToolUseBlock() as block:
                block.input = msgspec.Raw(text.encode() or b"{}")


def _text(delta: ev.Delta) -> str:
    match delta:
        case ev.TextDelta(text):
            return text
        case ev.ThinkingDelta(thinking):
            return thinking
        case ev.InputJsonDelta(partial_json):
            return partial_json
        case ev.SignatureDelta() | ev.CompactionDelta():
            return ""
