"""Answers in one piece: heard of while the model is silent, and never taken for whole if cut."""

import asyncio
import json
from dataclasses import dataclass, field, replace

import msgspec
import pytest
from aiohttp import ClientPayloadError, web

from .conftest import SOON, Chat, Gateway, Upstream, body, done, line, says


@dataclass
class Silence:
    """A model that says nothing until the event, and then `answer`."""

    answer: Chat = field(default_factory=lambda: says(line("Hello"), done()))
    ends: asyncio.Event = field(default_factory=asyncio.Event)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        await self.ends.wait()
        return await self.answer(request)


@pytest.fixture
def silence(gateway: Gateway, upstream: Upstream) -> Silence:
    """Let the model be silent, and the answer to the client begin at once."""
    shared, made = gateway.shared, Silence()
    shared.pace = replace(SOON, initial_delay_seconds=0.0, whole_initial_delay_seconds=0.0)
    settings = shared.context.settings.ollama
    gateway.ollama.use(msgspec.structs.replace(settings, timeout_seconds=60.0))
    upstream.chat = made.chat
    return made


async def test_a_whole_answer_may_begin_with_spaces(gateway: Gateway, silence: Silence) -> None:
    url = gateway.url + "/v1/messages"
    async with asyncio.timeout(60), gateway.client.post(url, json=body()) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert response.headers["request-id"].startswith("req_")
        assert await response.content.readexactly(3) == b"   "
        silence.ends.set()
        rest = await response.content.read()
    assert json.loads(rest)["content"] == [{"type": "text", "text": "Hello"}]


async def test_an_error_after_the_spaces_is_no_whole_answer(
    gateway: Gateway, silence: Silence, caplog: pytest.LogCaptureFixture
) -> None:
    # In an answer of status 200 both SDKs take an error for a message.
    silence.answer = says(line("Hel"), b'{"error":"the runner died"}\n')
    url = gateway.url + "/v1/messages"
    async with asyncio.timeout(60), gateway.client.post(url, json=body()) as response:
        await response.content.readexactly(1)
        silence.ends.set()
        with pytest.raises(ClientPayloadError):
            await response.content.read()
    assert "broke off: Ollama failed" in caplog.text


async def test_a_client_that_leaves_a_silent_model_stops_it(
    gateway: Gateway, upstream: Upstream, silence: Silence
) -> None:
    assert not silence.ends.is_set()
    url = gateway.url + "/v1/messages"
    async with asyncio.timeout(60):
        async with gateway.client.post(url, json=body()) as response:
            await response.content.readexactly(1)
            response.close()
        await upstream.left.wait()


async def test_an_error_before_the_spaces_is_a_true_status(
    gateway: Gateway, silence: Silence
) -> None:
    gateway.shared.pace = replace(gateway.shared.pace, whole_initial_delay_seconds=60.0)
    silence.answer = says(b'{"error":"the runner died"}\n')
    silence.ends.set()
    status, answer, _ = await gateway.ask()
    assert status == 500
    assert "the runner died" in answer["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_gateway_in_front_is_told_not_to_hold_an_answer_back(
    gateway: Gateway, *, stream: bool
) -> None:
    url = gateway.url + "/v1/messages"
    async with gateway.client.post(url, json=body(stream=stream)) as response:
        assert response.headers["X-Accel-Buffering"] == "no"
        assert b"Hello" in await response.read()
