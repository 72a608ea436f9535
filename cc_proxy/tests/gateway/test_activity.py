"""`GET /activity` of a real gateway, while its requests are on their way."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from aiohttp import web

from cc_proxy.app.control.activity import Activity

from .conftest import Gateway, Upstream, body, done, line, says

READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
SESSION = {"X-Claude-Code-Session-Id": "session-1", "User-Agent": "claude-cli/2.1.332"}
FOLDER = "You help.\n\nPrimary working directory: /home/me/shop\n"


async def activity(gateway: Gateway, query: str = "?upstream=0") -> Activity:
    async with gateway.client.get(gateway.url + "/activity" + query) as response:
        assert response.status == 200
        return msgspec.json.decode(await response.read(), type=Activity)


class Slow:
    """An Ollama that says a word when the test lets it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.says = asyncio.Semaphore(0)
        self.finish = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.set()
        await self.says.acquire()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("Hello"))
        await self.finish.wait()
        await response.write(done(prompt_eval_count=2000, eval_count=40))
        return response


@pytest.fixture
def slow(upstream: Upstream, gateway: Gateway) -> Slow:
    chat = Slow()
    upstream.chat = chat
    gateway.ollama._silence_seconds = 30  # noqa: SLF001 - the fixture's is for stalls
    return chat


async def until(gateway: Gateway, state: str) -> Activity:
    async with asyncio.timeout(60):
        while True:
            found = await activity(gateway)
            if found.requests and found.requests[0].state == state:
                return found
            await asyncio.sleep(0.01)


async def ask(gateway: Gateway, **fields: Any) -> None:
    asked = body(stream=True, tools=[READ], system=FOLDER, **fields)
    async with gateway.client.post(
        gateway.url + "/v1/messages", json=asked, headers=SESSION
    ) as response:
        assert response.status == 200
        await response.read()


async def test_a_turn_is_seen_reading_writing_and_done(gateway: Gateway, slow: Slow) -> None:
    asking = asyncio.create_task(ask(gateway))
    await slow.asked.wait()
    reading = await until(gateway, "reading")
    (request,), (session,) = reading.requests, reading.sessions
    assert (request.model, request.request_class, request.session) == ("m", "main", "session-1")
    assert request.prompt_tokens
    assert request.prompt_tokens > 10
    assert (session.folder, session.model, session.window) == ("shop", "m", 65536)
    assert (session.state, session.request) == ("reading", request.id)
    assert reading.states == {"reading": 1}
    slow.says.release()
    writing = await until(gateway, "writing")
    assert writing.sessions[0].state == "writing"
    slow.finish.set()
    await asking
    ended = await activity(gateway)
    (request,), (session,) = ended.requests, ended.sessions
    assert (request.state, request.prompt_tokens, request.tokens_written) == ("done", 2000, 40)
    assert (session.state, session.window_used, session.tokens_written) == ("idle", 2040, 40)
    assert ended.states == {}


async def test_a_call_of_a_tool_leaves_the_session_to_claude_code(
    gateway: Gateway, upstream: Upstream
) -> None:
    call = {"function": {"name": "Read", "arguments": {"path": "a"}}}
    upstream.chat = says(line(message={"tool_calls": [call]}), done())
    await ask(gateway)
    assert (await activity(gateway)).sessions[0].state == "tool_call"


async def test_two_requests_of_a_model_run_one_after_the_other(
    gateway: Gateway, slow: Slow
) -> None:
    first = asyncio.create_task(ask(gateway))
    await slow.asked.wait()
    second = asyncio.create_task(gateway.ask())
    async with asyncio.timeout(60):
        while True:
            found = await activity(gateway)
            if [one.state for one in found.requests] == ["reading", "waiting"]:
                break
            await asyncio.sleep(0.01)
    assert found.requests[1].waiting_behind == (found.requests[0].id,)
    assert found.requests[1].request_class == "other"
    for _ in range(2):
        slow.says.release()
    slow.finish.set()
    await asyncio.gather(first, second)
    assert [one.state for one in (await activity(gateway)).requests] == ["done", "done"]


async def test_a_client_that_leaves_is_seen_to_have_left(gateway: Gateway, slow: Slow) -> None:
    asking = asyncio.create_task(ask(gateway))
    await slow.asked.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    found = await until(gateway, "cancelled")
    assert found.states == {}
    assert not found.errors


async def test_an_error_is_seen_with_its_request(gateway: Gateway, upstream: Upstream) -> None:
    async def chat(_request: web.Request) -> web.Response:
        return web.json_response({"error": "model is broken"}, status=500)

    upstream.chat = chat
    status, _, headers = await gateway.ask()
    assert status == 500
    found = await activity(gateway)
    assert found.requests[0].state == "failed"
    assert [one.request_id for one in found.errors] == [headers["request-id"]]
    assert gateway.shared.activity.totals.upstream_errors == {"upstream_refused": 1}


async def test_an_error_in_mid_stream_counts_as_one(gateway: Gateway, upstream: Upstream) -> None:
    upstream.chat = says(line("Hello"), b'{"error":"the runner died"}\n')
    await gateway.stream()
    assert (await activity(gateway)).requests[0].state == "failed"
    assert sum(gateway.shared.activity.totals.upstream_errors.values()) == 1


async def test_ollama_is_asked_what_it_has_loaded(gateway: Gateway) -> None:
    assert (await activity(gateway)).loaded_models is None
    assert (await activity(gateway, "")).loaded_models == ()


async def test_a_session_can_be_asked_for_alone(gateway: Gateway) -> None:
    await ask(gateway)
    await gateway.ask()
    found = await activity(gateway, "?upstream=0&session=session-1")
    assert [one.session for one in found.requests] == ["session-1"]
    none = await activity(gateway, "?upstream=0&session=another")
    assert (none.requests, none.sessions) == ((), ())


async def test_each_request_that_ended_is_had_once(gateway: Gateway) -> None:
    for _ in range(12):
        await gateway.ask()
    assert len((await activity(gateway)).requests) == 10
    first = await activity(gateway, "?upstream=0&ended_after=0")
    assert (first.ended, len(first.requests)) == (12, 12)
    await gateway.ask()
    more = await activity(gateway, f"?upstream=0&ended_after={first.ended}")
    assert (more.ended, len(more.requests)) == (13, 1)
    assert more.requests[0].id not in {one.id for one in first.requests}
    assert (await activity(gateway, "?upstream=0&ended_after=99")).requests == ()


@pytest.mark.parametrize("count", ["-1", "x", "", "1" * 5000, "²"])
async def test_a_count_that_is_none_is_refused(gateway: Gateway, count: str) -> None:
    url = gateway.url + "/activity"
    params = {"upstream": "0", "ended_after": count}
    async with gateway.client.get(url, params=params) as response:
        assert response.status == 400
        assert "ended_after: expected a whole number" in await response.text()


async def test_the_time_of_a_request_is_all_of_its_phases(gateway: Gateway) -> None:
    await ask(gateway)
    (request,) = (await activity(gateway)).requests
    phases = (request.waiting_seconds, request.reading_seconds, request.writing_seconds)
    assert sum(one or 0.0 for one in phases) == pytest.approx(request.seconds, abs=0.01)
    assert request.seconds_ago >= request.seconds


async def test_a_request_says_what_was_rescued_repaired_and_refused(
    gateway: Gateway, upstream: Upstream
) -> None:
    read = READ | {"input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}
    call = '<tool_call>\n{"name": "Read", "arguments": {"path": 5}}\n</tool_call>'
    upstream.chat = says(line(call), done())
    await gateway.stream(tools=[read])
    await gateway.ask(messages=[{"role": "user", "content": "x " * 500_000}])
    refused, rescued = (await activity(gateway)).requests
    assert (rescued.calls, rescued.calls_rescued, rescued.calls_repaired) == (1, 1, 1)
    assert rescued.stop_reason == "tool_use"
    assert any("Read" in note for note in rescued.notes), rescued.notes
    assert refused.state == "failed"
    assert refused.notes[0].startswith("prompt is too long")


async def test_a_session_knows_where_claude_code_compacts(gateway: Gateway) -> None:
    await ask(gateway, max_tokens=13_107)
    await ask(gateway, max_tokens=64_000)
    assert (await activity(gateway)).sessions[0].compacts_at == 65_536 - 20_000 - 13_000


async def test_it_needs_the_key(gateway: Gateway) -> None:
    async with gateway.client.get(
        gateway.url + "/activity", headers={"x-api-key": "wrong"}
    ) as response:
        assert response.status == 401


async def test_nothing_that_was_said_is_in_it(gateway: Gateway, upstream: Upstream) -> None:
    upstream.chat = says(line("a-secret-answer"), done())
    await ask(gateway, messages=[{"role": "user", "content": "a-secret-question"}])
    async with gateway.client.get(gateway.url + "/activity") as response:
        text = await response.text()
    assert "secret" not in text
    assert json.loads(text)["sessions"][0]["folder"] == "shop"


async def test_reuse_that_is_not_known_is_not_shown_as_read(
    gateway: Gateway, upstream: Upstream
) -> None:
    # The proxy was started after the model had read the prompt: Ollama before 0.34 says nothing.
    upstream.chat = says(line("Hello"), done(prompt_eval_count=9000, eval_count=3))
    await ask(gateway)
    found = await activity(gateway)
    (request,), (session,) = found.requests, found.sessions
    assert (request.prompt_tokens, request.reused_tokens, request.tokens_read) == (9000, None, None)
    assert (session.tokens_read, session.last_reused_tokens) == (0, None)
    async with gateway.client.get(gateway.url + "/why") as response:
        assert "how many were reused is not known" in await response.text()


async def test_what_is_read_ahead_is_shown_and_in_no_total(gateway: Gateway, slow: Slow) -> None:
    slow.says.release()
    slow.finish.set()
    await ask(gateway)
    slow.asked.clear()
    url = gateway.url + "/preload"
    slow.says.release()
    async with gateway.client.post(url, json={"model": "m", "wait": True}) as response:
        assert response.status == 200
    await asyncio.wait_for(slow.asked.wait(), 30)
    found = await until(gateway, "reading")
    ahead = found.requests[0]
    assert (ahead.id, ahead.request_class, ahead.model) == ("read_ahead-1", "read_ahead", "m")
    assert found.states == {}
    await gateway.shared.read_ahead.close()
    assert len((await activity(gateway)).requests) == 1
    assert sum(gateway.shared.activity.totals.requests.values()) == 1
