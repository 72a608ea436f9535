"""`POST /v1/messages`: decode, translate, ask Ollama, and bring the answer back."""

import logging
from contextlib import AbstractContextManager, aclosing
from functools import partial

from aiohttp import web

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import (
    ApiError,
    fault,
    invalid_request,
    thread_unsupported,
)
from cc_proxy.app.anthropic.events import encode
from cc_proxy.app.chat.errors import UpstreamError, UpstreamRefusedError
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.answer.keep_alive import StreamWriter
from cc_proxy.app.gateway.answer.portions import in_turn
from cc_proxy.app.gateway.answer.probes import answer_to, is_probe
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.answer.whole_response import WholeResponse
from cc_proxy.app.gateway.capture.exchange import begin_exchange
from cc_proxy.app.gateway.capture.store import CAPTURE
from cc_proxy.app.gateway.context import REQUEST_ID, SHARED
from cc_proxy.app.gateway.http import bodies
from cc_proxy.app.gateway.http.aiohttp_versions import values_of
from cc_proxy.app.gateway.http.auth import KEY_NAME
from cc_proxy.app.gateway.routes.exchange import Asking, MessageExchange, new_message_id
from cc_proxy.app.gateway.routes.fallback import FallbackRequest
from cc_proxy.app.gateway.routes.translation import (
    too_deep,
    translated_for,
)
from cc_proxy.app.gateway.routing.models import AUTO_WINDOW
from cc_proxy.app.gateway.scheduling.caller import SESSION, SUBAGENT, Caller, SmallTask, caller
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.errors import api_error
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.translate.web_search.offer import offer

log = logging.getLogger(__name__)

# nginx holds an answer back until 4 or 8 KiB of it are there, unless it is told not to.
_UNBUFFERED = {"X-Accel-Buffering": "no"}
_SSE_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    **_UNBUFFERED,
}


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
        betas = ",".join(values_of(request, "anthropic-beta"))
        asking = Asking(shared, who, record, betas, new_message_id())
        exchange, translated = await asking.exchange(asked)
        gives_way = _giving_way(request, who, translated)
        translated.prompt.release_text()
        shared.spare_memory.left_by(len(body))
        respond = _streamed if asked.stream else _whole
        release = partial(bodies.release, request)
        if shared.models.fallbacks.has(exchange.target):
            held = FallbackRequest(asking, body, release)
            exchange.events = held.events(exchange, exchange.events)
            del held
        else:
            release()
        # An answer can take an hour: what was asked is held no longer than it is needed.
        del body, asked, translated, asking
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
        counted = await upstream.count(translated.request, target, session)
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


async def _whole(request: web.Request, exchange: MessageExchange) -> web.StreamResponse:
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


async def _streamed(request: web.Request, exchange: MessageExchange) -> web.StreamResponse:
    record = exchange.record
    response = web.StreamResponse(
        headers={**_SSE_HEADERS, "request-id": request[REQUEST_ID]},
    )
    async with StreamWriter(request, response, exchange.answer, exchange.shared.pace) as pacer:
        exchange.paced_by(pacer)
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
            async for events in in_turn(exchange.answer.fail(trouble)):
                if events:
                    await pacer.send(encode(events))
        else:
            _answered(exchange)
    await response.write_eof()
    return response


def _answered(exchange: MessageExchange) -> None:
    exchange.record.answered(exchange.answer)
    written = exchange.answer.written()
    if written:
        exchange.shared.turns.remember(written)
    model = exchange.target.model.name
    exchange.place.lane.slots.answered(model, exchange.caller, calls=bool(written))


def _trouble(exchange: MessageExchange, error: Exception) -> ApiError:
    if isinstance(error, UpstreamError):
        return api_error(_noted(exchange, error), exchange.target.model.name)
    if isinstance(error, ApiError):
        return error
    log.error("internal error while an answer was sent", exc_info=error)
    return fault()


def _noted(exchange: MessageExchange, error: UpstreamError) -> UpstreamError:
    exchange.record.upstream_failed(error)
    if isinstance(error, UpstreamRefusedError) and error.status == web.HTTPNotFound.status_code:
        exchange.shared.models.forget(exchange.target)
    return error
