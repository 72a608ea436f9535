"""One round of the model: its server asked once, the answer as events."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.chat.answer import InlineConsumer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import ContextOverflowError, UpstreamBrokeError, UpstreamError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.gateway.answer.portions import Looks, in_turn, portions
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.answer.second_tries import SecondTries
from cc_proxy.app.gateway.scheduling.slot_keeper import PromptAsk
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.compaction import CompactionAnswer
from cc_proxy.app.translate.answer.prefill import PrefillAnswer
from cc_proxy.app.translate.answer.retry.second_try import RetryReason
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.translate.request.rules import Purpose
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer

Events = AsyncGenerator[list[ev.Event], None]
Answer = AnswerStream | MultiRoundAnswer


@dataclass
class UpstreamRequest:
    """The question of one round; the request is let go when nobody needs it any more."""

    request: EncodedRequest | None
    prompt: Prompt
    shortcut: InlineConsumer | None = None


def new_answer(
    model: str,
    translated: TranslatedRequest,
    counter: TokenCounter,
    input_tokens: int,
    message_id: str,
) -> AnswerStream:
    """Return the answer that is to come for a request, under the name that was asked for.

    `counter` learns from its end; `input_tokens` is the estimate until then.
    """
    prompt = translated.prompt

    def spent(last: ChatChunk) -> tuple[int, int | None]:
        counted = counter.learned(prompt, last)
        return counted.prompt, counted.reused

    return _KINDS[translated.rules.purpose](
        message_id=message_id,
        model=model,
        input_tokens=input_tokens,
        new_tool_id=lambda: "toolu_" + secrets.token_hex(12),
        spent=spent,
        rules=translated.rules,
    )


_KINDS = {
    Purpose.ANSWER: AnswerStream,
    Purpose.COMPACTION: CompactionAnswer,
    Purpose.PREFILL: PrefillAnswer,
}


async def stream_round(
    ask: PromptAsk,
    asking: UpstreamRequest,
    answer: Answer,
    record: RequestLog,
    counter: TokenCounter,
) -> Events:
    """Ask the server and yield the events that `answer` makes of it, as they come.

    An answer that came to nothing is asked for once more (`second_tries.py`). What the shortcut
    takes is not among the events. `counter` learns what a prompt was counted as that does not fit.

    Raises:
        ApiError: 529, when the server was busy for too long.
        UpstreamError: unreachable, refused, stalled, broken, or ended in the middle.

    """
    assert asking.request is not None  # noqa: S101 - nobody asks with it twice
    tries = SecondTries(asking.request, answer, record)
    asking.request = None
    while (request := tries.take()) is not None:
        try:
            chat = _asked(ask(request, asking.prompt), asking, answer, record, tries)
            del request
            async with aclosing(chat) as batches:
                async for events in batches:
                    yield events
        except ContextOverflowError as error:
            if tries.is_first and error.is_exact:
                counter.counted(asking.prompt, error.prompt_tokens)
            raise
        except UpstreamError as error:
            rest = tries.after_error(error)
        else:
            rest = tries.after_end()
        async for events in in_turn(rest):
            yield events
    if answer.state is not State.ENDED:
        raise UpstreamBrokeError(
            f"{answer.rules.server} ended its answer in the middle.",
            hint=f"Look at {answer.rules.server}'s own log: its runner may have crashed or been"
            " restarted.",
        )


async def _asked(
    chat: OpenAnswer,
    asking: UpstreamRequest,
    answer: Answer,
    record: RequestLog,
    tries: SecondTries,
) -> Events:
    async with chat as batches:
        if asking.shortcut:
            batches.set_inline_consumer(asking.shortcut)
        looks = Looks()
        async for batch in batches:
            record.first_token()
            looks.begin()
            for portion in portions(batch):
                for events in answer.parts(portion):
                    yield events
                    await looks.between()
                if _is_over(answer):
                    return
            if not answer.may_vanish:
                tries.release_if_large()


def _is_over(answer: Answer) -> bool:
    return answer.stopped_early or answer.wants is RetryReason.LOOP or answer.state is State.ENDED
