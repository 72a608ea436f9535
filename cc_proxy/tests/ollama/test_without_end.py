"""An Ollama that never ends what it says, asked by the commands: each gives up and says why."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamError
from cc_proxy.app.chat.last_chunk import last_chunk
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.fitness import attempt as fitness
from cc_proxy.app.fitness.attempt import Model
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.tests.faults.upstream import NDJSON, Exchange, RawUpstream, line

DEEP = b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n"


def layers() -> Iterator[bytes]:
    for number in itertools.count():
        layer = {"status": "pulling", "digest": f"sha256:{number}", "total": 9, "completed": 1}
        yield json.dumps(layer).encode() + b"\n"


ENDLESS = {
    "a line": (itertools.repeat(b'{"status": "' + b"a" * 4096), "a line without an end"),
    "blank lines": (itertools.repeat(b"\n" * 65_536), "nothing but blank lines"),
    "layers": (layers(), "more than 1000 layers"),
    "a line that is too deep": (iter([DEEP]), "not its JSON"),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_a_download_without_end_is_given_up(what: str) -> None:
    pieces, words = ENDLESS[what]

    async def endless(exchange: Exchange) -> None:
        await exchange.send(NDJSON)
        for piece in pieces:
            await exchange.chunk(piece)
        await exchange.end()

    async with (
        RawUpstream() as upstream,
        OllamaClient(upstream.url, api_key=None, silence_seconds=5) as ollama,
    ):
        upstream.questions["/api/pull"] = endless
        with pytest.raises(UpstreamBrokeError, match=words):
            await anext(found async for found in ollama.pull("tiny") if found.is_last)


async def test_a_last_line_without_its_line_break_is_read() -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.answer(200, b'{"status": "pulling"}\n{"status": "success"}')

    async with (
        RawUpstream() as upstream,
        OllamaClient(upstream.url, api_key=None, silence_seconds=5) as ollama,
    ):
        upstream.questions["/api/pull"] = cut
        assert [found.status async for found in ollama.pull("tiny")] == ["pulling", "success"]


async def words(exchange: Exchange) -> None:
    await exchange.send(NDJSON)
    for number in itertools.count():
        await exchange.chunk(b"".join(line(f"word{number}x{n} ") for n in range(100)))


async def test_an_answer_that_goes_on_after_what_was_asked_for_is_given_up() -> None:
    async with (
        RawUpstream(words) as upstream,
        OllamaClient(upstream.url, api_key=None, silence_seconds=5) as ollama,
    ):
        with pytest.raises(UpstreamBrokeError, match="at most 8 tokens, and its answer does not"):
            await last_chunk(ollama.chat(b'{"model": "m", "messages": []}'), 8, "Ollama")


async def test_a_model_under_test_that_goes_on_and_on_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitness, "_MOST_TOKENS", 100)
    info = ModelInfo("m", frozenset({"tools"}), None, None, "")
    asked: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]
    async with (
        RawUpstream(words) as upstream,
        OllamaClient(upstream.url, api_key=None, silence_seconds=5) as client,
    ):
        ollama = OllamaUpstream(client)
        with pytest.raises(UpstreamError, match="at most 100 tokens"):
            await Model(Target(info, 4096, "5m"), ollama).answer(asked)
