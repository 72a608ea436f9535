"""One round of the model: Ollama asked once, its answer as events."""

import secrets
from collections.abc import AsyncGenerator

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.gateway.request_log import RequestLog
from cc_proxy.app.gateway.token_counter import TokenCounter
from cc_proxy.app.ollama.chat import ChatChunk
from cc_proxy.app.ollama.client import OllamaClient
from cc_proxy.app.ollama.errors import ContextOverflowError, UpstreamBrokeError
from cc_proxy.app.translate.request import Translated
from cc_proxy.app.translate.searching import SearchingAnswer
from cc_proxy.app.translate.stream import AnswerStream, State

Events = AsyncGenerator[list[ev.Event], None]
Answer = AnswerStream | SearchingAnswer


def new_answer(
    model: str, translated: Translated, counter: TokenCounter, input_tokens: int
) -> AnswerStream:
    """Return the answer that is to come for a request, under the name that was asked for.

    `counter` learns from its end; `input_tokens` is the estimate until then.
    """

    def spent(last: ChatChunk) -> tuple[int, int]:
        told = counter.learned(translated.prompt, last)
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
    ollama: OllamaClient,
    translated: Translated,
    answer: Answer,
    record: RequestLog,
    counter: TokenCounter,
) -> Events:
    """Ask Ollama once and yield the events that `answer` makes of it, as they come.

    `counter` learns what a prompt was counted as that does not fit.

    Raises:
        UpstreamError: unreachable, refused, stalled, broken, or ended in the middle.

    """
    try:
        async with ollama.chat(translated.body) as batches:
            async for batch in batches:
                record.first_token()
                yield answer.feed_all(batch)
                if answer.stopped_early:
                    break
    except ContextOverflowError as error:
        counter.counted(translated.prompt, error.prompt_tokens)
        raise
    if answer.vanished:
        async with ollama.chat(translated.whole_body()) as batches:
            async for batch in batches:
                yield answer.feed_all(batch)
    if answer.state is not State.ENDED:
        raise UpstreamBrokeError(
            "Ollama ended its answer in the middle.",
            hint="Look at Ollama's own log: its runner may have crashed or been restarted.",
        )
