"""Reading an answer in a test, in pieces of any size."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.upstreams.openai.reading import AnswerReader

SERVER = "gpu1"


@dataclass
class Answer:
    """What an answer came to; `last` is the chunk that has ended it."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    last: ChatChunk | None = None
    trouble: UpstreamError | None = None

    def add(self, chunks: list[ChatChunk], trouble: UpstreamError | None) -> None:
        for chunk in chunks:
            assert self.last is None
            self.last = chunk if chunk.done else None
            if (message := chunk.message) is None:
                continue
            self.text += message.content
            self.thinking += message.thinking
            for call in message.tool_calls or ():
                arguments = msgspec.json.decode(call.function.arguments)
                self.calls.append((call.function.name, arguments))
                self.ids.append(call.id)
        if trouble is not None:
            assert self.trouble is None
            self.trouble = trouble

    @property
    def counts(self) -> tuple[int, int | None, int]:
        """Tokens of the prompt, those of them from the cache, and tokens of the answer."""
        assert self.last is not None
        return (
            self.last.prompt_eval_count,
            self.last.prompt_eval_cached_count,
            self.last.eval_count,
        )

    @property
    def reason(self) -> str | None:
        return self.last.done_reason if self.last else None


def answer_of(*pieces: bytes, trusts_zero: bool = True, ends: bool = True) -> Answer:
    """Return the answer that comes in these pieces; `ends`: the stream is closed behind them."""
    reader, answer = AnswerReader(SERVER, trusts_zero=trusts_zero), Answer()
    for piece in pieces:
        answer.add(*reader.feed(piece))
    if ends:
        answer.add(*reader.finish())
    return answer


def event(delta: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """Return an event with one choice; `finish_reason` belongs to it, other fields to the event."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": fields.pop("finish_reason", None)}
    return data({"choices": [choice], **fields})


def data(value: object) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(value)


DONE = b"data: [DONE]\n\n"
