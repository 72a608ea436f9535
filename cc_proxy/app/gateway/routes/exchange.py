"""A request on its way through: translated for the model that answers, and about to be asked."""

import secrets
from dataclasses import dataclass

from cc_proxy.app.anthropic.errors import prompt_too_long
from cc_proxy.app.anthropic.events import encode_one
from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.answer.keep_alive import StreamWriter
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.answer.rounds import (
    Answer,
    Events,
    UpstreamRequest,
    new_answer,
    stream_round,
)
from cc_proxy.app.gateway.answer.web_search import WebSearch
from cc_proxy.app.gateway.context import Shared
from cc_proxy.app.gateway.routes.translation import (
    request_for,
    target_for,
    translated_for,
    with_forms,
)
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.gateway.scheduling.failover import Place
from cc_proxy.app.gateway.scheduling.host_lanes import Lane
from cc_proxy.app.gateway.scheduling.host_table import OtherHost
from cc_proxy.app.gateway.scheduling.slot_keeper import Asker, PromptAsk
from cc_proxy.app.gateway.tokens.counter import certainly_too_long
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.session_prefix import front_request
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.translate.request.rules import Purpose


class InlineWriter:
    """The way of a word that only adds to the block that is open: no task is woken for it."""

    def __init__(self, answer: AnswerStream) -> None:
        self.pacer: StreamWriter | None = None
        self._answer = answer

    def try_write(self, batch: list[ChatChunk]) -> bool:
        """Send a batch on, if nothing prevents it."""
        client = self.pacer and self.pacer.at_once()
        event = self._answer.more(batch) if client else None
        if not (self.pacer and client and event):
            return False
        self.pacer.send_at_once(client, encode_one(event))
        return True


@dataclass
class MessageExchange:
    """One request on its way through; `pacer` writes its answer, where that is streamed."""

    shared: Shared
    target: Target
    caller: Caller
    place: Place
    answer: Answer
    events: Events
    record: RequestLog
    shortcut: InlineWriter | None
    pacer: StreamWriter | None = None

    def paced_by(self, pacer: StreamWriter) -> None:
        """Have the answer written by `pacer`."""
        self.pacer = pacer
        pacer.answer = self.answer
        if self.shortcut:
            self.shortcut.pacer = pacer

    def go_on_with(self, other: "MessageExchange") -> None:
        """Take the model and the answer of another exchange; its events go to the same client."""
        if self.answer.has_started:
            # The client has the first event: the answer goes on behind it.
            other.answer.start()
        self.target, self.place = other.target, other.place
        self.answer, self.shortcut = other.answer, other.shortcut
        if self.pacer is not None:
            self.paced_by(self.pacer)


@dataclass(frozen=True)
class Asking:
    """The parts of a request that stay the same whichever model answers.

    `betas` are those of the API that the client has named, `message_id` is that of the answer.
    """

    shared: Shared
    caller: Caller
    record: RequestLog
    betas: str
    message_id: str

    async def exchange(
        self, asked: MessagesRequest, named: Target | None = None
    ) -> tuple[MessageExchange, TranslatedRequest]:
        """Return a request as it is about to be asked, and its translation.

        `named` is a model to ask in the place of the one that the request names.

        Raises:
            ApiError: the request is wrong or does not fit into the window, or the server of the
                model cannot say what the model is.
            UpstreamError: another model that it should go to cannot be asked for.

        """
        shared, who, record = self.shared, self.caller, self.record
        if named is None:
            target, place = await target_for(shared, asked, who)
        else:
            target, place = await with_forms(shared, asked, named, who)
        describe = shared.attachments.describer.asking(who, record)
        search, translated = await translated_for(shared, asked, target, describe, self.betas)
        estimate = shared.tokens.estimate(translated.prompt)
        if named is None:
            longer = await shared.models.for_length(target, estimate.tokens)
            if longer is not target:
                target, place = await with_forms(shared, asked, longer, who)
                translated = await request_for(shared, asked, target, self.betas)
                estimate = shared.tokens.estimate(translated.prompt)
        fits = not certainly_too_long(estimate, target.window)
        if fits or named is None:
            self._note(target, translated, estimate.tokens, asked)
        if not fits:
            raise prompt_too_long(estimate.tokens, target.window)
        asker = Asker(target, who, front_request(translated.request))
        ask = _asking(place, asker, record)
        answer: Answer
        shortcut = None
        if search and translated.rules.purpose is Purpose.ANSWER:
            searching = WebSearch(
                shared, target, asked, search, translated, record, ask, place, self.message_id
            )
            answer, events = searching.answer, searching.events()
        else:
            answer = new_answer(
                asked.model, translated, shared.tokens, estimate.tokens, self.message_id
            )
            shortcut = InlineWriter(answer)
            asking = UpstreamRequest(
                place.lane.upstream.encode(translated.request, target),
                translated.prompt,
                shortcut.try_write,
            )
            events = stream_round(ask, asking, answer, record, shared.tokens)
        record.tracker.writes_with(answer)
        exchange = MessageExchange(shared, target, who, place, answer, events, record, shortcut)
        return exchange, translated

    def _note(
        self, target: Target, translated: TranslatedRequest, tokens: int, asked: MessagesRequest
    ) -> None:
        self.record.translated(target, translated, tokens, asked.diagnostics)
        if len(list(self.shared.upstreams)) > 1:
            self.record.asked_of(target.upstream)


def new_message_id() -> str:
    """Return the id of a new answer."""
    return "msg_" + secrets.token_hex(12)


def _asking(place: Place, asker: Asker, record: RequestLog) -> PromptAsk:
    def ask(lane: Lane, other: OtherHost | None) -> PromptAsk:
        sending = record.tracker.sending(lane.queue.asking(asker.caller, record, other))
        return record.tracker.placing(lane.slots.asking(sending, asker))

    return place.asking(ask, record)
