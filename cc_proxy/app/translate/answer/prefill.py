"""The answer to `max_tokens: 0`: the model reads the prompt, and the client gets no words.

A client asks so to have the prompt in the cache. To Ollama 0 means no limit, so the model is
asked for one token, which is dropped.
"""

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.rescue import Steps


class PrefillAnswer(AnswerStream):
    """Has no content; its end has the tokens of the prompt."""

    @property
    def may_vanish(self) -> bool:
        """Return whether the answer can be asked for once more: never, as nothing of it counts."""
        return False

    def _take(self, chunk: ChatChunk, out: list[ev.Event]) -> Steps[None]:
        """Append the events for one chunk: none but the first and the last of the answer."""
        if self.state is State.ENDED:
            return
        out += self.start()
        if chunk.done:
            self._note_prompt(chunk)
            self.stop_reason = "max_tokens"
            self._blocks.end(ev.StopDelta(self.stop_reason), out)
        yield
