"""More requests than Ollama takes: they wait in the gateway, in a fair order."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.waiter import QueueLimits

from .conftest import PATIENCE, SOON, Gateway, Heard, Upstream, beats, body, done, line

BUSY = "server busy, please try again.  maximum pending requests exceeded"
READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
QUICK = QueueLimits(taken_seconds=0.1, pause_seconds=0.02, longest_pause_seconds=0.1)


class OneAtATime:
    """An Ollama with room for one request; `served` are the words that were asked, in order."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.refusals = 0
        self.taken = False
        self.finish = asyncio.Semaphore(0)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if self.taken:
            self.refusals += 1
            return web.json_response({"error": BUSY}, status=503)
        self.taken = True
        try:
            self.served.append((await request.json())["messages"][-1]["content"])
            await self.finish.acquire()
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(line("Hello") + done())
            return response
        finally:
            self.taken = False


@pytest.fixture
def ollama(upstream: Upstream) -> OneAtATime:
    chat = OneAtATime()
    upstream.chat = chat
    return chat


@pytest.fixture(autouse=True)
def quick(gateway: Gateway) -> None:
    limit(gateway, QUICK)


def limit(gateway: Gateway, limits: QueueLimits) -> None:
    gateway.shared.lanes.first.queue = Queue(gateway.shared.upstreams.first, limits)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the condition is the gateway's own state
            await asyncio.sleep(0.01)


class Asked:
    """Requests that are under way, each known by its words."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.tasks: dict[str, asyncio.Task[tuple[int, Any, Any]]] = {}

    async def ask(
        self,
        words: str,
        session: str = "",
        *,
        agent: bool = False,
        waits: str = "",
        **fields: Any,
    ) -> None:
        """Ask, and wait until the request stands in the queue."""
        headers = {"X-Claude-Code-Session-Id": session} if session else {}
        if agent:
            headers["x-claude-code-agent-id"] = "a1"
        if waits:
            headers["x-claude-1p-request-class"] = waits
        before = self.gateway.shared.lanes.first.queue.waiting
        self.tasks[words] = asyncio.create_task(self._post(words, headers, fields))
        await until(lambda: self.gateway.shared.lanes.first.queue.waiting > before)

    async def first(self, ollama: OneAtATime) -> None:
        """Ask what Ollama takes at once."""
        self.tasks["first"] = asyncio.create_task(self._post("first", {}, {}))
        await until(lambda: ollama.served == ["first"])

    async def _post(
        self, words: str, headers: dict[str, str], fields: dict[str, Any]
    ) -> tuple[int, Any, Any]:
        asked = body(messages=[{"role": "user", "content": words}], **fields)
        url = self.gateway.url + "/v1/messages"
        async with self.gateway.client.post(url, json=asked, headers=headers) as response:
            return response.status, await response.json(), dict(response.headers)

    async def all_answered(self, ollama: OneAtATime) -> None:
        """Let Ollama answer one after the other, until all have their answer."""
        for number in range(len(self.tasks)):
            await until(lambda number=number: len(ollama.served) > number)  # type: ignore[misc]
            ollama.finish.release()
        for task in self.tasks.values():
            status, answer, _ = await task
            assert (status, answer["content"][0]["text"]) == (200, "Hello")


@pytest.fixture
def asked(gateway: Gateway) -> Asked:
    return Asked(gateway)


async def test_what_ollama_has_no_room_for_waits_and_is_answered_in_the_order_it_came(
    asked: Asked, ollama: OneAtATime, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    await asked.first(ollama)
    for words in ("second", "third", "fourth"):
        await asked.ask(words)
    await asked.all_answered(ollama)
    assert ollama.served == ["first", "second", "third", "fourth"]
    assert "Ollama takes no more requests for now" in caplog.text
    assert "Ollama takes requests again" in caplog.text
    assert sum("queued_ms=" in r.message for r in caplog.records) == 3


async def test_the_main_conversation_goes_before_side_requests(
    asked: Asked, ollama: OneAtATime
) -> None:
    await asked.first(ollama)
    await asked.ask("a title", "s")
    await asked.ask("a subagent", "s", agent=True, tools=[READ])
    await asked.ask("a search", "s", tools=[SEARCH])
    await asked.ask("the main one", "s", tools=[READ])
    await asked.all_answered(ollama)
    assert ollama.served == ["first", "the main one", "a subagent", "a title", "a search"]


async def test_what_a_person_waits_for_goes_first_where_the_client_says_so(
    asked: Asked, ollama: OneAtATime
) -> None:
    await asked.first(ollama)
    await asked.ask("a title", "s", waits="summary-extraction")
    await asked.ask("a subagent", "s", waits="blocking-subagent", agent=True, tools=[READ])
    await asked.ask("a search", "s", waits="main", tools=[SEARCH])
    await asked.all_answered(ollama)
    assert ollama.served == ["first", "a search", "a subagent", "a title"]


async def test_a_side_request_that_has_waited_long_goes_with_the_main_ones(
    gateway: Gateway, asked: Asked, ollama: OneAtATime
) -> None:
    limit(gateway, QueueLimits(aging_seconds=0.05, pause_seconds=0.02, longest_pause_seconds=0.1))
    await asked.first(ollama)
    await asked.ask("a title", "s")
    await asked.ask("the main one", "s", tools=[READ])
    await asyncio.sleep(0.06)
    await asked.all_answered(ollama)
    assert ollama.served == ["first", "a title", "the main one"]


async def test_sessions_take_turns(asked: Asked, ollama: OneAtATime) -> None:
    await asked.first(ollama)
    for number in range(3):
        await asked.ask(f"one {number}", "s1", agent=True, tools=[READ])
    await asked.ask("two", "s2", agent=True, tools=[READ])
    await asked.all_answered(ollama)
    assert ollama.served == ["first", "one 0", "two", "one 1", "one 2"]


async def test_another_program_that_keeps_ollama_busy_is_outlasted(
    asked: Asked, ollama: OneAtATime
) -> None:
    ollama.taken = True
    await asked.ask("mine")
    await until(lambda: ollama.refusals > 3)
    ollama.taken = False
    ollama.finish.release()
    assert (await asked.tasks["mine"])[0] == 200


async def refuses_one(request: web.Request) -> web.StreamResponse:
    """Refuse one request for good, and take all others."""
    if (await request.json())["messages"][-1]["content"] == "refused":
        return web.json_response({"error": BUSY}, status=503)
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(line("Hello") + done())
    return response


async def test_a_request_that_alone_is_refused_keeps_no_other_from_being_answered(
    gateway: Gateway, upstream: Upstream, asked: Asked, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    limit(gateway, QueueLimits(pause_seconds=0.02, longest_pause_seconds=0.1, alone_seconds=0.1))
    upstream.chat = refuses_one
    await asked.ask("refused")
    await asked.ask("second")
    assert (await asked.tasks["second"])[0] == 200
    # From now on it is known that the server takes others: they do not wait at all.
    assert (await gateway.ask())[0] == 200
    assert gateway.shared.lanes.first.queue.waiting == 1
    assert sum("queued_ms=" in r.message for r in caplog.records) == 1
    asked.tasks.pop("refused").cancel()


async def test_a_request_that_alone_was_refused_is_told_so_in_the_end(
    gateway: Gateway, upstream: Upstream, asked: Asked
) -> None:
    limits = QueueLimits(
        pause_seconds=0.02, longest_pause_seconds=0.1, alone_seconds=0.1, patience_seconds=3.0
    )
    limit(gateway, limits)
    gateway.shared.pace = KeepAliveTiming(initial_delay_seconds=PATIENCE)
    upstream.chat = refuses_one
    await asked.ask("refused")
    await asked.ask("second")
    assert (await asked.tasks["second"])[0] == 200
    status, answer, _ = await asked.tasks["refused"]
    assert (status, answer["error"]["type"]) == (529, "overloaded_error")
    assert "answered 503 to this request for 3 seconds, and took others" in str(answer)


async def test_a_full_queue_says_when_to_come_again(
    gateway: Gateway, asked: Asked, ollama: OneAtATime
) -> None:
    limit(gateway, QueueLimits(most=1))
    gateway.shared.pace = KeepAliveTiming(initial_delay_seconds=PATIENCE)
    await asked.first(ollama)
    await asked.ask("second")
    status, answer, headers = await gateway.ask(stream=True)
    assert (status, answer["error"]["type"]) == (529, "overloaded_error")
    assert "1 requests are waiting" in answer["error"]["message"]
    assert (headers["Retry-After"], headers["x-should-retry"]) == ("5", "true")
    await asked.all_answered(ollama)


@pytest.mark.parametrize("begun", [False, True])
async def test_patience_has_an_end(
    gateway: Gateway, ollama: OneAtATime, caplog: Any, *, begun: bool
) -> None:
    ollama.taken = True
    # With an answer that has begun, the patience is over long after the second beat.
    limit(gateway, QueueLimits(patience_seconds=3.0 if begun else 0.1, pause_seconds=0.02))
    gateway.shared.pace = SOON if begun else KeepAliveTiming(initial_delay_seconds=PATIENCE)
    if begun:
        # The answer has begun by then, and was kept alive while it waited.
        events = await gateway.stream()
        assert events[0]["type"] == "message_start"
        assert beats(2)(events)
        assert events[-1]["error"]["type"] == "overloaded_error"
    else:
        status, answer, headers = await gateway.ask(stream=True)
        assert (status, answer["error"]["type"]) == (529, "overloaded_error")
        assert headers["Retry-After"] == "5"
    assert gateway.shared.lanes.first.queue.waiting == 0
    assert "Ollama was busy for" in caplog.text


async def test_a_client_that_leaves_leaves_the_queue_at_once(
    gateway: Gateway, asked: Asked, ollama: OneAtATime
) -> None:
    await asked.first(ollama)
    await asked.ask("second")
    await asked.ask("third")
    asked.tasks.pop("second").cancel()
    await until(lambda: gateway.shared.lanes.first.queue.waiting == 1)
    await asked.all_answered(ollama)
    assert ollama.served == ["first", "third"]


async def test_a_request_that_waits_is_kept_alive_and_then_answered(
    gateway: Gateway, ollama: OneAtATime
) -> None:
    ollama.taken = True
    heard = Heard()
    gateway.shared.pace = SOON
    streaming = asyncio.create_task(gateway.stream(None, heard))
    await heard.until(beats(2))
    assert gateway.shared.lanes.first.queue.waiting == 1
    ollama.taken = False
    ollama.finish.release()
    kinds = [event["type"] for event in await streaming]
    assert kinds[:3] == ["message_start", "message_delta", "message_delta"]
    assert kinds[-1] == "message_stop"


async def test_health_tells_how_many_wait(
    gateway: Gateway, asked: Asked, ollama: OneAtATime
) -> None:
    await asked.first(ollama)
    await asked.ask("second")
    async with gateway.client.get(gateway.url + "/health?upstream=0") as response:
        assert (await response.json())["queued"] == 1
    await asked.all_answered(ollama)
    async with gateway.client.get(gateway.url + "/health?upstream=0") as response:
        assert (await response.json())["queued"] == 0


async def test_while_ollama_has_room_nothing_stands_in_the_way(
    gateway: Gateway, caplog: Any
) -> None:
    caplog.set_level(logging.INFO)
    answers = await asyncio.gather(*(gateway.ask() for _ in range(20)))
    assert [status for status, _, _ in answers] == [200] * 20
    assert "queued_ms" not in caplog.text


async def test_one_that_is_taken_slowly_does_not_keep_the_next_from_asking(
    gateway: Gateway, upstream: Upstream, asked: Asked
) -> None:
    # Ollama says nothing before the first token: that is how a request that it took looks.
    room, busy, release = 2, True, asyncio.Event()

    async def chat(request: web.Request) -> web.StreamResponse:
        nonlocal room
        if busy or not room:
            return web.json_response({"error": BUSY}, status=503)
        room -= 1
        await release.wait()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("Hello") + done())
        return response

    upstream.chat = chat
    await asked.ask("one")
    await asked.ask("two")
    busy = False
    await until(lambda: room == 0)
    assert gateway.shared.lanes.first.queue.waiting <= 1
    release.set()
    for task in asked.tasks.values():
        assert (await task)[0] == 200


async def test_when_ollama_goes_away_all_who_wait_are_told(
    gateway: Gateway, asked: Asked, ollama: OneAtATime
) -> None:
    ollama.taken = True
    await asked.ask("one")
    await asked.ask("two")
    gateway.ollama.base_url = "http://127.0.0.1:9"
    for task in asked.tasks.values():
        status, answer, _ = await task
        assert status == 503
        assert "Ollama does not answer" in answer["error"]["message"]


async def test_requests_that_are_too_large_together_are_not_held(
    gateway: Gateway, ollama: OneAtATime
) -> None:
    limit(gateway, QueueLimits(most_bytes=100_000))
    asked = Asked(gateway)
    large = "word " * 12_000
    asked.tasks["first"] = asyncio.create_task(asked._post("first", {}, {"system": large}))  # noqa: SLF001 - as first() does
    await until(lambda: ollama.served == ["first"])
    status, answer, _ = await gateway.ask(system=large)
    assert (status, answer["error"]["type"]) == (529, "overloaded_error")
    assert "has not begun to answer" in answer["error"]["message"]
    ollama.finish.release()
    await asyncio.gather(*asked.tasks.values())
