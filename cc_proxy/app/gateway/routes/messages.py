"""`POST /v1/messages`: decode, translate, ask Ollama, and bring the answer back."""

import logging
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass

from aiohttp import web

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import (
    ApiError,
    fault,
    invalid_request,
    prompt_too_long,
    thread_unsupported,
)
from cc_proxy.app.anthropic.events import encode, encode_one
from cc_proxy.app.chat.errors import UpstreamError, UpstreamRefusedError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.answer.keep_alive import StreamWriter
from cc_proxy.app.gateway.answer.portions import in_turn
from cc_proxy.app.gateway.answer.probes import answer_to, is_probe
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.answer.rounds import (
    Answer,
    Events,
    UpstreamRequest,
    new_answer,
    stream_round,
)
from cc_proxy.app.gateway.answer.web_search import WebSearch
from cc_proxy.app.gateway.answer.whole_response import WholeResponse
from cc_proxy.app.gateway.capture.exchange import begin_exchange
from cc_proxy.app.gateway.capture.store import CAPTURE
from cc_proxy.app.gateway.context import REQUEST_ID, SHARED, Shared
from cc_proxy.app.gateway.http import bodies
from cc_proxy.app.gateway.http.aiohttp_versions import values_of
from cc_proxy.app.gateway.http.auth import KEY_NAME
from cc_proxy.app.gateway.routes.translation import (
    request_for,
    target_for,
    too_deep,
    translated_for,
    with_forms,
)
from cc_proxy.app.gateway.routing.models import AUTO_WINDOW
from cc_proxy.app.gateway.scheduling.caller import SESSION, SUBAGENT, Caller, SmallTask, caller
from cc_proxy.app.gateway.scheduling.failover import Place
from cc_proxy.app.gateway.scheduling.host_lanes import Lane
from cc_proxy.app.gateway.scheduling.host_table import OtherHost
from cc_proxy.app.gateway.scheduling.slot_keeper import Asker, PromptAsk
from cc_proxy.app.gateway.tokens.counter import certainly_too_long
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.errors import api_error
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.session_prefix import front_request
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.translate.request.rules import Purpose
from cc_proxy.app.translate.web_search.offer import offer

log = logging.getLogger(__name__)

# nginx holds an answer back until 4 or 8 KiB of it are there, unless it is told not to.
_UNBUFFERED = {"X-Accel-Buffering": "no"}
_SSE_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    **_UNBUFFERED,
}


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
class _Exchange:
    """One request on its way through."""

    shared: Shared
    target: Target
    caller: Caller
    place: Place
    answer: Answer
    events: Events
    record: RequestLog
    shortcut: InlineWriter | None


async def handle(request: web.Request) -> web.StreamResponse:
    """Answer one Messages API request, streamed or whole.

    Raises:
        ApiError: the request is wrong, its key has too many in flight, or Ollama cannot answer it
            and nothing was sent yet.

    """
    with request.app[SHARED].keys.admitted(request[KEY_NAME]):
        return await _answer(request)


async def _answer(request: web.Request) -> web.StreamResponse:
    shared = request.app[SHARED]
    body = await bodies.read(request)
    await shared.fair_share.turn()
    asked = requests.decode(body)
    if asked.max_tokens is None or asked.max_tokens < 0:
        raise invalid_request(
            f"max_tokens: expected a whole number of 0 or more, found {asked.max_tokens}."
        )
    if asked.thread is not None:
        raise thread_unsupported()
    shared.unread.note(request.headers, body)
    record = RequestLog(
        request[REQUEST_ID], asked.model, len(body), shared.assists, shared.activity
    )
    record.authorized(request[KEY_NAME])
    with record, shared.answers.convert_cancellation():
        if is_probe(request.headers, asked):
            return _probed(asked, body, record)
        who = _caller(request, asked)
        record.asked_by(who, int(asked.max_tokens))
        record.captured = begin_exchange(request.app[CAPTURE], request[REQUEST_ID], who, body)
        target, place = await target_for(shared, asked, who)
        betas = ",".join(values_of(request, "anthropic-beta"))
        describe = shared.attachments.describer.asking(who, record)
        search, translated = await translated_for(shared, asked, target, describe, betas)
        estimate = shared.tokens.estimate(translated.prompt)
        if (longer := await shared.models.for_length(target, estimate.tokens)) is not target:
            target, place = await with_forms(shared, asked, longer, who)
            translated = await request_for(shared, asked, target, betas)
            estimate = shared.tokens.estimate(translated.prompt)
        record.translated(target, translated, estimate.tokens, asked.diagnostics)
        if certainly_too_long(estimate, target.window):
            raise prompt_too_long(estimate.tokens, target.window)
        asker = Asker(target, who, front_request(translated.request))
        ask = _asking(place, asker, record)
        answer: Answer
        shortcut = None
        if search and translated.rules.purpose is Purpose.ANSWER:
            searching = WebSearch(shared, target, asked, search, translated, record, ask, place)
            answer, events = searching.answer, searching.events()
        else:
            answer = new_answer(asked.model, translated, shared.tokens, estimate.tokens)
            shortcut = InlineWriter(answer)
            asking = UpstreamRequest(
                place.lane.upstream.encode(translated.request, target),
                translated.prompt,
                shortcut.try_write,
            )
            events = stream_round(ask, asking, answer, record, shared.tokens)
        record.tracker.writes_with(answer)
        exchange = _Exchange(shared, target, who, place, answer, events, record, shortcut)
        gives_way = _giving_way(request, who, translated)
        translated.prompt.release_text()
        shared.spare_memory.left_by(len(body))
        respond = _streamed if asked.stream else _whole
        # An answer can take an hour: what was asked is held no longer than it is needed.
        del body, asked, translated, search
        bodies.release(request)
        with gives_way, shared.context.crowd.track():
            return await respond(request, exchange)


def _giving_way(
    request: web.Request, who: Caller, translated: TranslatedRequest
) -> AbstractContextManager[None]:
    shared = request.app[SHARED]
    own_model = shared.context.settings.request_classes.auto_mode is not None
    # With a model of its own, the policy is read before the first action of the next session.
    is_check = own_model and who.task is SmallTask.AUTO_MODE
    begins = is_check or (not who.side and SUBAGENT not in request.headers)
    prints = who.prints and not is_check
    read_ahead = shared.read_ahead
    return read_ahead.gives_way_to(translated, begins=begins, prints=prints, is_check=is_check)


def _asking(place: Place, asker: Asker, record: RequestLog) -> PromptAsk:
    def ask(lane: Lane, other: OtherHost | None) -> PromptAsk:
        sending = record.tracker.sending(lane.queue.asking(asker.caller, record, other))
        return record.tracker.placing(lane.slots.asking(sending, asker))

    return place.asking(ask, record)


def _probed(asked: requests.MessagesRequest, body: bytes, record: RequestLog) -> web.Response:
    answer, chunk = answer_to(asked, body)
    events = answer.feed(chunk)
    record.answered_here(answer)
    if asked.stream:
        return web.Response(body=encode(events), headers=_SSE_HEADERS)
    collector = AnswerCollector()
    for event in events:
        collector.add(event)
    return web.Response(body=collector.encode(), content_type="application/json")


async def count_tokens(request: web.Request) -> web.Response:
    """Estimate the tokens of a request without a model reading it.

    A server that counts prompts is asked once a session, and the counter learns from that.

    Raises:
        ApiError: 400 when the request is wrong.

    """
    shared = request.app[SHARED]
    body = await bodies.read(request)
    await shared.fair_share.turn()
    asked = requests.decode(body)
    try:
        target = await shared.models.target(asked.model)
    except (UpstreamError, ApiError):
        # The question is not whether the model is there.
        target = Target(unknown_model(asked.model), AUTO_WINDOW, keep_alive="")
    _, translated = await translated_for(shared, asked, target, shared.attachments.describer.known)
    prompt = translated.prompt
    if not shared.tokens.estimate(prompt).known and target.upstream:
        upstream = shared.lanes.of(target).upstream
        session = request.headers.get(SESSION, "")
        counted = await upstream.count(upstream.encode(translated.request, target), session)
        if counted:
            shared.tokens.counted(prompt, counted)
            return web.json_response({"input_tokens": counted})
    return web.json_response({"input_tokens": shared.tokens.estimate(prompt).tokens})


def _caller(request: web.Request, asked: requests.MessagesRequest) -> Caller:
    try:
        search = offer(bytes(asked.tools))
    except RecursionError as error:
        raise too_deep() from error
    return caller(request.headers, asked, only_searches=bool(search and search.alone))


async def _whole(request: web.Request, exchange: _Exchange) -> web.StreamResponse:
    collector = AnswerCollector()
    headers = {**_UNBUFFERED, "request-id": request[REQUEST_ID]}
    async with WholeResponse(request, headers, exchange.shared.pace) as response:
        try:
            with exchange.shared.answers.convert_cancellation():
                async with aclosing(exchange.events) as batches:
                    async for events in batches:
                        for event in events:
                            collector.add(event)
        except ConnectionError:
            raise
        except Exception as error:  # once the headers are sent, any error can only be a cut
            trouble = _trouble(exchange, error)
            if not await response.has_begun():
                raise trouble from error
            exchange.record.failed(trouble)
            exchange.shared.errors.note(request[REQUEST_ID], trouble.log_text)
            response.cut()
            raise ConnectionAbortedError from error
        _answered(exchange)
        return await response.send(collector.encode())


async def _streamed(request: web.Request, exchange: _Exchange) -> web.StreamResponse:
    answer, record = exchange.answer, exchange.record
    response = web.StreamResponse(
        headers={**_SSE_HEADERS, "request-id": request[REQUEST_ID]},
    )
    async with StreamWriter(request, response, answer, exchange.shared.pace) as pacer:
        if exchange.shortcut:
            exchange.shortcut.pacer = pacer
        try:
            with exchange.shared.answers.convert_cancellation():
                async with aclosing(exchange.events) as batches:
                    async for events in batches:
                        if events:
                            await pacer.send(encode(events))
        except ConnectionError:
            raise
        except Exception as error:  # once the answer has begun, any error can only be an event
            trouble = _trouble(exchange, error)
            if not response.prepared:
                raise trouble from error
            record.failed(trouble)
            exchange.shared.errors.note(request[REQUEST_ID], trouble.log_text)
            async for events in in_turn(answer.fail(trouble)):
                if events:
                    await pacer.send(encode(events))
        else:
            _answered(exchange)
    await response.write_eof()
    return response


def _answered(exchange: _Exchange) -> None:
    exchange.record.answered(exchange.answer)
    written = exchange.answer.written()
    if written:
        exchange.shared.turns.remember(written)
    model = exchange.target.model.name
    exchange.place.lane.slots.answered(model, exchange.caller, calls=bool(written))


def _trouble(exchange: _Exchange, error: Exception) -> ApiError:
    if isinstance(error, UpstreamError):
        return api_error(_noted(exchange, error), exchange.target.model.name)
    if isinstance(error, ApiError):
        return error
    log.error("internal error while an answer was sent", exc_info=error)
    return fault()


def _noted(exchange: _Exchange, error: UpstreamError) -> UpstreamError:
    exchange.record.upstream_failed(error)
    if isinstance(error, UpstreamRefusedError) and error.status == web.HTTPNotFound.status_code:
        exchange.shared.models.forget(exchange.target)
    return error
