"""A server that gives recorded answers, one after the other, and a gateway over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import UpstreamModelSettings, UpstreamSettings
from cc_proxy.tests.upstreams.openai import gateway as gateways
from cc_proxy.tests.upstreams.openai.gateway import Gateway
from cc_proxy.tests.upstreams.openai.recorded import named

RECORDED = web.AppKey("recorded", list[str | bytes])
ASKED = web.AppKey("asked", list[dict[str, Any]])
HEADERS = web.AppKey("headers", list[dict[str, str]])
COUNTS = web.AppKey("counts", list[int])
COUNTED = web.AppKey("counted", list[dict[str, Any]])
_QUESTIONS = {"/v1/models": "vllm/models", "/version": "vllm/version"}


async def answers(request: web.Request) -> web.Response:
    """Answer as vLLM does, a chat with the next recorded answer."""
    recorded = request.app[RECORDED]
    if (name := _QUESTIONS.get(request.path)) is not None:
        return web.Response(body=named(name).body, content_type="application/json")
    if request.path == "/tokenize" and request.app[COUNTS]:
        request.app[COUNTED].append(await request.json())
        return web.json_response({"count": request.app[COUNTS].pop(0), "max_model_len": 16384})
    if request.path != "/v1/chat/completions":
        return web.Response(status=404, body=named("vllm/chat_unknown_path").body)
    request.app[ASKED].append(await request.json())
    request.app[HEADERS].append(dict(request.headers))
    which = recorded.pop(0) if recorded else "vllm/script_hello"
    if isinstance(which, bytes):
        return web.Response(body=which, content_type="text/event-stream")
    answer = named(which)
    headers = {"Content-Type": answer.content_type}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


@asynccontextmanager
async def vllm_server() -> AsyncIterator[tuple[str, web.Application]]:
    """Give the address of the server, and what it has of the test."""
    app = web.Application()
    app[RECORDED], app[ASKED], app[HEADERS] = [], [], []
    app[COUNTS], app[COUNTED] = [], []
    app.router.add_route("*", "/{path:.*}", answers)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), app


class Stand:
    """The gateway, and what the server behind it is asked and answers."""

    def __init__(self, gateway: Gateway, app: web.Application) -> None:
        self.gateway = gateway
        self.asked = app[ASKED]
        self.headers = app[HEADERS]
        self.recorded = app[RECORDED]
        self.counts = app[COUNTS]
        self.counted = app[COUNTED]


@asynccontextmanager
async def over_vllm() -> AsyncIterator[Stand]:
    """Give a gateway over the server."""
    async with vllm_server() as (url, app):
        models = {"script": UpstreamModelSettings(vision=True)}
        async with gateways.serving(UpstreamSettings(url=url, models=models)) as gateway:
            yield Stand(gateway, app)
