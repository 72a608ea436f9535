"""Against a real Ollama, when one is offered: CC_PROXY_TEST_OLLAMA=http://127.0.0.1:11434.

The model is CC_PROXY_TEST_OLLAMA_MODEL, or the one that cc-proxy itself would choose.
"""

import os
import secrets
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.translate.answer.retry.second_try import in_one_piece
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.app.upstreams.ollama.wire import encoded

from .conftest import KEY, Gateway

URL = os.environ.get("CC_PROXY_TEST_OLLAMA", "")
MODEL = os.environ.get("CC_PROXY_TEST_OLLAMA_MODEL", "claude-default")
ECHO = {
    "name": "echo",
    "description": "Repeats a word.",
    "input_schema": {
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
    },
}

pytestmark = [
    pytest.mark.ollama,
    pytest.mark.skipif(not URL, reason="CC_PROXY_TEST_OLLAMA names no Ollama"),
    pytest.mark.timeout(900),
]


@pytest.fixture
async def real() -> AsyncIterator[Gateway]:
    settings = Settings(ollama=Ollama(base_url=URL), context_window=16384)
    asked = OllamaClient(URL, api_key=None, silence_seconds=900)
    async with OllamaUpstream(asked) as ollama:
        context = GatewayContext(settings, KEY, "real", None, "digest")
        shared = Shared(context, Upstreams(ollama))
        async with (
            TestServer(application(shared), handler_cancellation=True) as front,
            ClientSession(headers={"x-api-key": KEY}) as client,
        ):
            yield Gateway(str(front.make_url("")).rstrip("/"), client, shared, asked)


async def test_a_real_model_answers(real: Gateway) -> None:
    events = await real.stream(model=MODEL, max_tokens=40)
    assert events[-1]["type"] == "message_stop"
    assert events[-2]["usage"]["output_tokens"] > 0


async def test_a_demanded_call_is_made_by_a_real_model(real: Gateway) -> None:
    ask = [{"role": "user", "content": "Say the word heron with the tool."}]
    choice = {"type": "tool", "name": "echo"}
    status, message, _ = await real.ask(
        model=MODEL, max_tokens=200, messages=ask, tools=[ECHO], tool_choice=choice
    )
    assert status == 200
    (block,) = message["content"]
    assert (block["type"], block["name"]) == ("tool_use", "echo")
    assert isinstance(block["input"]["word"], str)


async def test_a_real_ollama_reads_only_what_a_turn_adds(real: Gateway) -> None:
    nonce = secrets.token_hex(8)
    words = " ".join(f"{nonce} {number}" for number in range(700))
    opening = {"role": "user", "content": f"{words}\nSay a word."}
    answer = {"role": "assistant", "content": "heron"}
    first = await _read(real, [opening])
    turn = await _read(real, [opening, answer, {"role": "user", "content": "And one more."}])
    assert turn.prompt_eval_count > first.prompt_eval_count
    assert turn.prompt_eval_duration < first.prompt_eval_duration / 3


async def _read(real: Gateway, messages: list[dict[str, Any]]) -> ChatChunk:
    """Return the end of an answer: the field with the time is Ollama's, and not passed on."""
    asked = {"model": MODEL, "max_tokens": 1, "messages": messages, "tools": [ECHO]}
    target = await real.shared.models.target(MODEL)
    translated = chat_request(decode(msgspec.json.encode(asked)), target)
    asking = encoded(in_one_piece(translated.request), target)
    async with real.ollama.chat(asking.body) as batches:
        chunks = [chunk async for batch in batches for chunk in batch]
    return chunks[-1]
