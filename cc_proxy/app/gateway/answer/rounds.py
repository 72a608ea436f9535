"""One round of the model: Ollama asked once, its answer as events."""

import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.scheduling.queue import Ask
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.answer.stream import AnswerStream, State
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.request.build import Translated
from cc_proxy.app.translate.web_search.multi_round import SearchingAnswer
from cc_proxy.app.upstreams.ollama.chat import ChatChunk, in_one_piece
from cc_proxy.app.upstreams.ollama.errors import ContextOverflowError, UpstreamBrokeError
from cc_proxy.app.upstreams.ollama.incoming import Shortcut

Events = AsyncGenerator[list[ev.Event], None]
Answer = AnswerStream | SearchingAnswer


@dataclass
class Asking:
    """What Ollama is asked in one round; the body is let go when it is not needed any more."""

    body: bytes
    prompt: Prompt
    shortcut: Shortcut | None = None


def new_answer(
    model: str, translated: Translated, counter: TokenCounter, input_tokens: int
) -> AnswerStream:
    """Return the answer that is to come for a request, under the name that was asked for.

    `counter` learns from its end; `input_tokens` is the estimate until then.
    """
    prompt = translated.prompt

    def spent(last: ChatChunk) -> tuple[int, int]:
        told = counter.learned(prompt, last)
        return told.prompt, told.reused

    return AnswerStream(
        message_id="msg_" + secrets.token_hex(12),
        model=model,
        input_tokens=input_tokens,
        new_tool_id=lambda: "toolu_" + secrets.token_hex(12),
        spent=spent,
        rules=translated.rules,
    )


async def one_round(
    ask: Ask,
    asking: Asking,
    answer: Answer,
    record: RequestLog,
    counter: TokenCounter,
) -> Events:
    """Ask Ollama once and yield the events that `answer` makes of it, as they come.

    What the shortcut takes is not among them.

    `counter` learns what a prompt was counted as that does not fit.

    Raises:
        ApiError: 529, when Ollama was busy for too long.
        UpstreamError: unreachable, refused, stalled, broken, or ended in the middle.

    """
    try:
        async with ask(asking.body) as batches:
            if asking.shortcut:
                batches.go_straight(asking.shortcut)
            async for batch in batches:
                record.first_token()
                yield answer.feed_all(batch)
                if answer.stopped_early:
                    break
                if not (answer.may_vanish or answer.vanished):
                    asking.body = b""
    except ContextOverflowError as error:
        counter.counted(asking.prompt, error.prompt_tokens)
        raise
    if answer.vanished:
        async with ask(in_one_piece(asking.body)) as batches:
            async for batch in batches:
                yield answer.feed_all(batch)
    if answer.state is not State.ENDED:
        raise UpstreamBrokeError(
            "Ollama ended its answer in the middle.",
            hint="Look at Ollama's own log: its runner may have crashed or been restarted.",
        )
