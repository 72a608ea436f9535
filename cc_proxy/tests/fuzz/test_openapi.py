"""Requests made from the OpenAPI document, right and wrong ones: no fault, and answers as it says.

The server runs in a thread of its own, since schemathesis blocks.
"""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import jsonschema
import pytest
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Server, Settings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.listening import BoundAddress
from cc_proxy.app.gateway.http.page_files import FILES
from cc_proxy.app.gateway.http.server import application, serve
from cc_proxy.app.gateway.routes.openapi import document
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.tests.conformance.stack import Background
from cc_proxy.tests.gateway.conftest import KEY, Upstream
from cc_proxy.tests.security.conftest import Door, door, limits, server_settings

__all__ = ["door", "limits", "server_settings"]  # fixtures

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(document())
# Whether the key is asked for is tested elsewhere; here it is always sent.
SCHEMA.config.generation.update(with_security_parameters=False)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    background, ready, stop = Background(), Future[str](), asyncio.Event()

    async def run() -> None:
        async with TestServer(Upstream().app()) as behind:
            ollama = Ollama(base_url=str(behind.make_url("")).rstrip("/"))
            context = GatewayContext(
                Settings(server=Server(port=0), ollama=ollama), KEY, "i", None, "d"
            )

            def on_ready(bound: BoundAddress) -> None:
                ready.set_result(f"http://{bound.host}:{bound.port}")

            await serve(context, stop, on_ready)

    async def begin() -> "asyncio.Task[None]":
        return asyncio.create_task(run())

    async def end() -> None:
        stop.set()
        await serving

    serving = background.run(begin())
    yield ready.result(60)
    background.run(end())
    background.close()


@SCHEMA.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_route_does_what_the_document_says(case: "schemathesis.Case[Any]", url: str) -> None:
    case.headers["x-api-key"] = KEY
    case.headers.pop("Authorization", None)
    response = case.call(base_url=url)
    # What a query has too much of is not looked at.
    case.validate_response(
        response, checks=[*CHECKS, negative_data_rejection] if case.method == "POST" else CHECKS
    )


async def test_the_document_is_served_to_those_with_the_key(door: Door) -> None:
    assert (await door.ask("GET", "/openapi.json", key=None)).status == 401
    answer = await door.ask("GET", "/openapi.json")
    assert json.loads(answer.body) == json.loads(json.dumps(document()))


async def test_the_document_names_every_route_and_only_those() -> None:
    asked = OllamaClient("http://127.0.0.1:9", api_key=None, silence_seconds=1)
    async with OllamaUpstream(asked) as ollama:
        context = GatewayContext(Settings(), KEY, "i", None, "d")
        app = application(Shared(context, Upstreams(ollama)))
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    }
    served = {(method, path) for method, path in served if (method, path) != ("head", path)}
    described = {(method, path) for path, item in document()["paths"].items() for method in item}
    assert described <= served
    assert {path for _, path in served - described} == {
        "/",
        "/api/event_logging/batch",
        # For a base URL that ends in /v1.
        "/v1",
        "/v1/api/event_logging/batch",
        "/v1/v1/messages",
        "/v1/v1/messages/count_tokens",
        "/v1/v1/models",
        "/v1/v1/models/{name}",
        # Of the page, and of no use without it.
        *(path for path in FILES if path != "/ui"),
    }


def test_every_schema_is_one() -> None:
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
