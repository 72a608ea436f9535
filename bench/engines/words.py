"""The cost of a word through `kind: openai`, beside one through Ollama's own API."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bench.speed.processes import Process, free_port

_KEY = "a-key-of-the-bench"
_MODEL = "words"
_STREAMS, _WORDS, _PACE_SECONDS = 8, 1500, 0.004
_WINDOW = 131_072
_EVENT = {
    "id": "chatcmpl-7f6a5a8e4c0f4b0e9f63b8d7",
    "object": "chat.completion.chunk",
    "created": 1_795_961_276,
    "model": _MODEL,
}


@dataclass(frozen=True)
class WordCost:
    """The CPU time of a word in microseconds, the median of some rounds, for each kind."""

    ollama: float
    openai: float

    @property
    def ratio(self) -> float:
        """How much more a word costs through `kind: openai`."""
        return self.openai / self.ollama


async def measured(folder: Path, rounds: int) -> WordCost:
    """Let the same words come over both wires, in turn."""
    server = TestServer(_server())
    async with server:
        url = str(server.make_url("")).rstrip("/")
        async with _proxy(folder / "ollama", url, "") as ollama:
            upstream = f"upstreams: {{fake: {{url: {url}}}}}"
            async with _proxy(folder / "openai", "", upstream) as openai:
                costs: dict[str, list[float]] = {"ollama": [], "openai": []}
                for _ in range(rounds + 1):
                    costs["ollama"].append(await _cost(ollama))
                    costs["openai"].append(await _cost(openai))
    # The first round is for warming up.
    return WordCost(median(costs["ollama"][1:]), median(costs["openai"][1:]))


@asynccontextmanager
async def _proxy(folder: Path, ollama: str, config: str) -> AsyncIterator[tuple[Process, int]]:
    port = free_port()
    process = _process(folder, port, ollama, config)
    await asyncio.to_thread(process.start)
    try:
        yield process, port
    finally:
        await asyncio.to_thread(process.stop)


def _process(folder: Path, port: int, ollama: str, config: str) -> Process:
    folder.mkdir()
    file = folder / "the.yaml"
    file.write_text(f"{config}\naliases: {{default: {_MODEL}}}\n", encoding="utf-8")
    environment = {
        "HOME": str(folder),
        "CC_PROXY_AUTH_KEY": _KEY,
        "CC_PROXY_CONFIG_FILE": str(file),
        "OLLAMA_BASE_URL": ollama,
    }
    command = [sys.executable, "-m", "cc_proxy", "start", "--foreground", "--port", str(port)]
    return Process(command, environment, port, folder / "output.log")


async def _cost(proxy: tuple[Process, int]) -> float:
    process, port = proxy
    before = process.cpu_s()
    async with ClientSession(headers={"x-api-key": _KEY}) as client:
        words = await asyncio.gather(*(_asked(client, port) for _ in range(_STREAMS)))
    return (process.cpu_s() - before) / sum(words) * 1e6


async def _asked(client: ClientSession, port: int) -> int:
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4000,
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }
    async with client.post(f"http://127.0.0.1:{port}/v1/messages", json=body) as answer:
        text = await answer.read()
    if answer.status != web.HTTPOk.status_code or b"message_stop" not in text:
        raise RuntimeError(f"no whole answer: {text[-300:]!r}")
    return text.count(b"text_delta")


def _server() -> web.Application:
    app = web.Application()
    app.router.add_post("/api/chat", _ollama_words)
    app.router.add_post("/v1/chat/completions", _openai_words)
    app.router.add_route("*", "/{path:.*}", _facts)
    return app


async def _facts(request: web.Request) -> web.Response:
    card = {"id": _MODEL, "owned_by": "vllm", "max_model_len": _WINDOW}
    facts: dict[str, object] = {
        "/api/show": {
            "capabilities": ["completion", "tools"],
            "model_info": {"general.architecture": "x", "x.context_length": _WINDOW},
        },
        "/api/tags": {"models": [{"name": _MODEL}]},
        "/api/ps": {"models": []},
        "/api/version": {"version": "0.33.4"},
        "/v1/models": {"data": [card]},
        "/version": {"version": "0.32.0"},
    }
    if request.path not in facts:
        raise web.HTTPNotFound
    return web.json_response(facts[request.path])


async def _paced(request: web.Request, kind: str, words: list[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    for word in words:
        await response.write(word)
        await asyncio.sleep(_PACE_SECONDS)
    return response


async def _ollama_words(request: web.Request) -> web.StreamResponse:
    head = {"model": _MODEL, "created_at": "2026-11-29T14:00:00.123456789Z"}
    lines = [
        {**head, "message": {"role": "assistant", "content": f" w{word}"}, "done": False}
        for word in range(_WORDS)
    ]
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": _WORDS}
    lines.append({**head, "message": {"role": "assistant", "content": ""}, **end})
    encoded = [json.dumps(line).encode() + b"\n" for line in lines]
    return await _paced(request, "application/x-ndjson", encoded)


async def _openai_words(request: web.Request) -> web.StreamResponse:
    def event(delta: dict[str, str], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        data = {**_EVENT, "choices": [{**choice, "token_ids": None}]}
        return b"data: %b\n\n" % json.dumps(data).encode()

    usage = {"prompt_tokens": 9, "total_tokens": 9 + _WORDS, "completion_tokens": _WORDS}
    last = json.dumps({**_EVENT, "choices": [], "usage": usage}).encode()
    events = [event({"role": "assistant", "content": ""})]
    events += [event({"content": f" w{word}"}) for word in range(_WORDS)]
    events += [event({}, "stop"), b"data: %b\n\n" % last, b"data: [DONE]\n\n"]
    return await _paced(request, "text/event-stream", events)
