"""The key, the small routes, the catalogue of models, and the life of the server."""

import asyncio
import errno
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession

from cc_proxy import __version__
from cc_proxy.app.config import Server, Settings
from cc_proxy.app.gateway.context import GatewayContext
from cc_proxy.app.gateway.http.server import serve

from .conftest import KEY, Gateway, Upstream, body, done, line, says

if TYPE_CHECKING:
    from cc_proxy.app.gateway.http.listening import BoundAddress


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"aliases": {"default": "big", "claude-haiku-*": "small", "mine": "big"}}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-api-key": KEY}, 200),
        ({"Authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer  {KEY}"}, 200),
        ({}, 401),
        ({"x-api-key": KEY + "x"}, 401),
        ({"Authorization": f"Basic {KEY}"}, 401),
        ({"x-api-key": ""}, 401),
    ],
)
async def test_the_key_is_asked_for(gateway: Gateway, headers: dict[str, str], status: int) -> None:
    async with (
        ClientSession(headers=headers) as client,
        client.get(gateway.url + "/health") as response,
    ):
        answer = await response.json()
    assert response.status == status
    assert response.headers["request-id"].startswith("req_")
    if status == 401:
        assert answer["type"] == "error"
        assert answer["error"]["type"] == "authentication_error"
        assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello")])
async def test_the_first_questions_of_a_client_need_no_key(
    gateway: Gateway, method: str, path: str
) -> None:
    async with ClientSession() as client, client.request(method, gateway.url + path) as response:
        assert response.status == 200


async def test_health_tells_who_runs_and_what_is_behind(gateway: Gateway) -> None:
    async with gateway.client.get(gateway.url + "/health") as response:
        answer = await response.json()
    assert answer["version"] == __version__
    assert answer["instance_id"] == "instance-1"
    assert answer["upstream"]["reachable"] is True
    assert answer["upstream"]["version"] == "0.32.15"
    assert answer["default_model"] == {
        "name": "big",
        "context_window": 65536,
        "can_use_tools": True,
        "tokens_read_per_second": None,
        "error": None,
    }


async def test_health_tells_how_fast_the_model_reads(gateway: Gateway, upstream: Upstream) -> None:
    upstream.chat = says(
        line("Yes."),
        # It was loaded for the prompt, so nothing of that was cached.
        done(
            prompt_eval_count=3000,
            prompt_eval_duration=30_000_000_000,
            load_duration=2_000_000_000,
        ),
    )
    words = [{"role": "user", "content": "heron reed " * 1000}]
    await gateway.ask(model="claude-opus-5-5", messages=words)
    async with gateway.client.get(gateway.url + "/health") as response:
        model = (await response.json())["default_model"]
    assert 80 < model["tokens_read_per_second"] < 120


async def test_health_tells_about_another_model_if_asked(gateway: Gateway) -> None:
    async with gateway.client.get(gateway.url + "/health?model=claude-haiku-4-5") as response:
        assert (await response.json())["default_model"]["name"] == "small"
    async with gateway.client.get(gateway.url + "/health?model=nope") as response:
        model = (await response.json())["default_model"]
    assert model["name"] is None
    assert "Ollama has no model nope. Pull it with `ollama pull nope`" in model["error"]


async def test_health_can_leave_the_upstream_alone(gateway: Gateway) -> None:
    async with gateway.client.get(gateway.url + "/health?upstream=0") as response:
        assert (await response.json())["upstream"] is None


async def test_health_says_that_the_upstream_is_not_there(gateway: Gateway) -> None:
    gateway.ollama.base_url = "http://127.0.0.1:9"
    async with gateway.client.get(gateway.url + "/health") as response:
        answer = await response.json()
    assert response.status == 200
    assert answer["upstream"]["reachable"] is False
    assert "does not answer" in answer["upstream"]["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1", 200),
        ("HEAD", "/v1/api/hello", 200),
        ("POST", "/v1/v1/messages?beta=true", 200),
        ("POST", "/v1/v1/messages/count_tokens", 200),
        ("GET", "/v1/v1/models", 200),
        ("GET", "/v1/v1/models/mine", 200),
        ("POST", "/v1/api/event_logging/batch", 204),
    ],
)
async def test_a_base_url_may_end_in_v1(
    gateway: Gateway, method: str, path: str, status: int
) -> None:
    asked = body() if method == "POST" else None
    async with gateway.client.request(method, gateway.url + path, json=asked) as response:
        assert response.status == status


async def test_an_unknown_path_is_a_404_in_the_api_s_form(gateway: Gateway) -> None:
    async with gateway.client.get(gateway.url + "/v1/nothing") as response:
        answer = await response.json()
    assert response.status == 404
    assert answer["error"] == {
        "type": "not_found_error",
        "message": "cc-proxy has no GET /v1/nothing.",
    }


async def test_a_wrong_method_is_a_405_in_the_api_s_form(gateway: Gateway) -> None:
    async with gateway.client.get(gateway.url + "/v1/messages") as response:
        answer = await response.json()
    assert response.status == 405
    assert answer["error"]["type"] == "invalid_request_error"


async def test_telemetry_is_taken_and_forgotten(gateway: Gateway) -> None:
    url = gateway.url + "/api/event_logging/batch"
    async with gateway.client.post(url, json={"events": []}) as response:
        assert response.status == 204


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ("claude-opus-5-5", "big"),
        ("claude-haiku-4-5", "small"),
        ("mine", "big"),
        ("qwen3:4b", "qwen3:4b"),
    ],
)
async def test_an_alias_decides_which_model_answers(
    gateway: Gateway, upstream: Upstream, asked: str, answers: str
) -> None:
    _, message, _ = await gateway.ask(model=asked)
    assert message["model"] == asked
    assert upstream.bodies[-1]["model"] == answers


async def test_a_model_is_asked_about_once(gateway: Gateway, upstream: Upstream) -> None:
    await asyncio.gather(*(gateway.ask() for _ in range(5)))
    assert upstream.shows == 1


async def test_a_name_tells_its_model_and_window(gateway: Gateway) -> None:
    async with gateway.client.get(gateway.url + "/v1/models/claude-haiku-4-5") as response:
        answer = await response.json()
    assert answer["id"] == "claude-haiku-4-5"
    assert (answer["upstream_model"], answer["max_input_tokens"]) == ("small", 65536)


async def test_a_model_that_is_not_pulled_says_how_to_get_it(gateway: Gateway) -> None:
    status, answer, _ = await gateway.ask(model="nope")
    assert status == 404
    assert "`ollama pull nope`" in answer["error"]["message"]


async def test_the_list_has_aliases_and_pulled_models_in_pages(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.tags = [{"name": "qwen3:4b"}, {"name": "big"}]
    async with gateway.client.get(gateway.url + "/v1/models?limit=2") as response:
        first = await response.json()
    assert [m["id"] for m in first["data"]] == ["mine", "qwen3:4b"]
    assert first["has_more"] is True
    async with gateway.client.get(gateway.url + "/v1/models?after_id=qwen3:4b") as response:
        second = await response.json()
    assert [m["id"] for m in second["data"]] == ["big"]
    assert second["has_more"] is False


async def test_tokens_are_counted_without_a_model(gateway: Gateway, upstream: Upstream) -> None:
    url = gateway.url + "/v1/messages/count_tokens?beta=true"
    async with gateway.client.post(
        url, json={k: v for k, v in body().items() if k != "max_tokens"}
    ) as response:
        answer = await response.json()
    assert answer["input_tokens"] > 0
    assert upstream.bodies == []


async def test_tokens_are_counted_without_an_ollama(gateway: Gateway) -> None:
    gateway.ollama.base_url = "http://127.0.0.1:9"
    url = gateway.url + "/v1/messages/count_tokens"
    asked = {"model": "m", "messages": [{"role": "user", "content": "heron " * 1000}]}
    async with gateway.client.post(url, json=asked) as response:
        answer = await response.json()
    assert 800 < answer["input_tokens"] < 3000


async def test_the_server_tells_its_port_and_stops_when_asked() -> None:
    bound: asyncio.Future[BoundAddress] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    context = GatewayContext(Settings(server=Server(port=0)), KEY, "i", None, "d")
    serving = asyncio.create_task(serve(context, stop, bound.set_result))
    host, port, _ = await asyncio.wait_for(bound, 60)
    async with ClientSession() as client, client.get(f"http://{host}:{port}/") as response:
        assert response.status == 200
    stop.set()
    await asyncio.wait_for(serving, 60)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, port)


async def test_a_port_in_use_is_an_os_error(gateway: Gateway) -> None:
    port = int(gateway.url.rpartition(":")[2])
    context = GatewayContext(Settings(server=Server(port=port)), KEY, "i", None, "d")
    with pytest.raises(OSError, match=str(port)) as caught:
        await serve(context, asyncio.Event(), lambda _bound: None)
    assert caught.value.errno == errno.EADDRINUSE


async def test_many_questions_about_a_model_share_one_answer_and_one_failure(
    gateway: Gateway, upstream: Upstream
) -> None:
    answers = await asyncio.gather(*(gateway.ask(model="nope") for _ in range(8)))
    assert {status for status, _, _ in answers} == {404}
    assert upstream.shows == 1


@pytest.mark.parametrize("limit", ["0", "1001", "x", "9" * 5000])
async def test_a_limit_of_the_list_is_checked(gateway: Gateway, limit: str) -> None:
    async with gateway.client.get(gateway.url + "/v1/models?limit=" + limit) as response:
        assert response.status == 400


async def test_tokens_are_counted_as_the_fit_check_does(gateway: Gateway) -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    counts = []
    for one in (asked, asked | {"tools": [search]}):
        url = gateway.url + "/v1/messages/count_tokens"
        async with gateway.client.post(url, json=one) as response:
            counts.append((await response.json())["input_tokens"])
    assert counts[1] > counts[0] + 20
