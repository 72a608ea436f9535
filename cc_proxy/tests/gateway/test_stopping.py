"""What a client is told whose answer outlasts the stop of the proxy."""

import asyncio

import pytest
from aiohttp import web

from .conftest import Gateway, Upstream, line


@pytest.fixture
def going(upstream: Upstream) -> asyncio.Event:
    """An upstream that says one word, tells so, and never ends."""
    event = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("one "))
        event.set()
        await asyncio.Event().wait()
        return response

    upstream.chat = endless
    return event


@pytest.mark.usefixtures("going")
async def test_a_stream_ends_with_an_error_event(
    gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    begun = asyncio.Event()
    answer = asyncio.create_task(gateway.stream(begun))
    await asyncio.wait_for(begun.wait(), 60)
    gateway.shared.answers.abort_all(comes_back=False)
    events = await asyncio.wait_for(answer, 60)
    assert [event["type"] for event in events[-2:]] == ["content_block_stop", "error"]
    assert events[-1]["error"]["type"] == "overloaded_error"
    assert "cc-proxy was stopped" in events[-1]["error"]["message"]
    await asyncio.wait_for(upstream.left.wait(), 60)
    assert "answers that still ran have been cut off: 1" in caplog.text
    assert "client closed the connection" not in caplog.text


@pytest.mark.parametrize(
    ("comes_back", "told"),
    [(False, (529, "overloaded_error", "false")), (True, (503, "api_error", "true"))],
)
async def test_what_was_not_begun_is_a_status_and_says_whether_to_ask_again(
    gateway: Gateway,
    upstream: Upstream,
    going: asyncio.Event,
    *,
    comes_back: bool,
    told: tuple[int, str, str],
) -> None:
    answer = asyncio.create_task(gateway.ask())
    await asyncio.wait_for(going.wait(), 60)
    gateway.shared.answers.abort_all(comes_back=comes_back)
    status, body, headers = await asyncio.wait_for(answer, 60)
    assert (status, body["error"]["type"], headers["x-should-retry"]) == told
    await asyncio.wait_for(upstream.left.wait(), 60)


async def test_a_client_that_leaves_is_no_stop(
    gateway: Gateway, going: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    answer = asyncio.create_task(gateway.stream())
    await asyncio.wait_for(going.wait(), 60)
    answer.cancel()
    for _ in range(200):
        if "client closed the connection" in caplog.text:
            break
        await asyncio.sleep(0.02)
    assert "client closed the connection" in caplog.text
    assert gateway.shared.errors.last is None
