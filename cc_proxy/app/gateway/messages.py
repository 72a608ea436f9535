"""`POST /v1/messages`: decode, translate, ask Ollama, and bring the answer back."""

import logging
import secrets
from dataclasses import dataclass

from aiohttp import web

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.events import encode
from cc_proxy.app.gateway.context import REQUEST_ID, SHARED, Shared
from cc_proxy.app.gateway.keep_alive import Pacer
from cc_proxy.app.gateway.request_log import RequestLog
from cc_proxy.app.ollama.errors import UpstreamBrokeError, UpstreamError, UpstreamRefusedError
from cc_proxy.app.translate.answer import AnswerCollector
from cc_proxy.app.translate.errors import api_error, api_error_for
from cc_proxy.app.translate.request import Target, Translated, chat_request
from cc_proxy.app.translate.stream import AnswerStream, State
from cc_proxy.app.translate.tokens import estimate

log = logging.getLogger(__name__)

_SSE_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


@dataclass
class _Exchange:
    """One request on its way through."""

    shared: Shared
    target: Target
    translated: Translated
    answer: AnswerStream
    record: RequestLog


async def handle(request: web.Request) -> web.StreamResponse:
    """Answer one Messages API request, streamed or whole.

    Raises:
        ApiError: the request is wrong, or Ollama cannot answer it and nothing was sent yet.

    """
    body = await request.read()
    asked = requests.decode(body)
    if asked.max_tokens is None or asked.max_tokens < 1:
        raise invalid_request(
            f"max_tokens: expected a whole number of 1 or more, found {asked.max_tokens}."
        )
    shared = request.app[SHARED]
    with RequestLog(request[REQUEST_ID], asked.model, len(body)) as record:
        with api_error_for(asked.model):
            target = await shared.models.target(asked.model)
        await shared.attachments.read(asked)
        translated = chat_request(asked, target, shared.turns.recall)
        record.translated(target.model.name, translated)
        exchange = _Exchange(
            shared=shared,
            target=target,
            translated=translated,
            answer=AnswerStream(
                message_id="msg_" + secrets.token_hex(12),
                model=asked.model,
                input_tokens=estimate(len(translated.body)),
                new_tool_id=lambda: "toolu_" + secrets.token_hex(12),
                rules=translated.rules,
            ),
            record=record,
        )
        return await (_streamed if asked.stream else _whole)(request, exchange)


async def count_tokens(request: web.Request) -> web.Response:
    """Estimate the tokens of a request without asking any model.

    Raises:
        ApiError: 400 when the request is wrong.

    """
    body = await request.read()
    requests.decode(body)
    return web.json_response({"input_tokens": estimate(len(body))})


async def _whole(_request: web.Request, exchange: _Exchange) -> web.Response:
    collector = AnswerCollector()
    try:
        async with exchange.shared.ollama.chat(exchange.translated.body) as batches:
            async for batch in batches:
                exchange.record.first_token()
                for chunk in batch:
                    for event in exchange.answer.feed(chunk):
                        collector.add(event)
                if exchange.answer.stopped_early:
                    break
        _require_end(exchange.answer)
    except UpstreamError as error:
        raise api_error(_noted(exchange, error), exchange.target.model.name) from error
    _answered(exchange)
    return web.Response(body=collector.encode(), content_type="application/json")


async def _streamed(request: web.Request, exchange: _Exchange) -> web.StreamResponse:
    answer, record = exchange.answer, exchange.record
    response = web.StreamResponse(
        headers={**_SSE_HEADERS, "request-id": request[REQUEST_ID]},
    )
    async with Pacer(request, response, answer, exchange.shared.pace) as pacer:
        try:
            async with exchange.shared.ollama.chat(exchange.translated.body) as batches:
                async for batch in batches:
                    record.first_token()
                    events = [event for chunk in batch for event in answer.feed(chunk)]
                    if events:
                        await pacer.send(encode(events))
                    if answer.stopped_early:
                        break
            _require_end(answer)
        except UpstreamError as error:
            trouble = api_error(_noted(exchange, error), exchange.target.model.name)
            if not response.prepared:
                raise trouble from error
            record.failed(trouble)
            await pacer.send(encode(answer.fail(trouble)))
        else:
            _answered(exchange)
    await response.write_eof()
    return response


def _answered(exchange: _Exchange) -> None:
    exchange.record.answered(exchange.answer)
    if written := exchange.answer.written():
        exchange.shared.turns.remember(written)


def _require_end(answer: AnswerStream) -> None:
    if answer.state is not State.ENDED:
        raise UpstreamBrokeError(
            "Ollama ended its answer in the middle.",
            hint="Look at Ollama's own log: its runner may have crashed or been restarted.",
        )


def _noted(exchange: _Exchange, error: UpstreamError) -> UpstreamError:
    if isinstance(error, UpstreamRefusedError) and error.status == web.HTTPNotFound.status_code:
        exchange.shared.models.forget(exchange.target.model.name)
    return error
