"""What the gateway keeps in its state folder, and what it keeps nowhere."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.config.settings import Server
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

from .conftest import KEY, Gateway, Upstream, done, line, says
from .test_read_ahead import READ, preload, session, until

CALL = {"function": {"name": "Read", "arguments": {"file_path": "a", "limit": "5"}}}


@asynccontextmanager
async def proxy(
    upstream: Upstream, folder: Path, *, keep_on_disk: bool = True, window: int = 65536
) -> AsyncIterator[Gateway]:
    """Run a proxy from its start to its stop."""
    async with TestServer(upstream.app()) as server:
        url = str(server.make_url("")).rstrip("/")
        settings = Settings(
            ollama=Ollama(base_url=url),
            server=Server(keep_on_disk=keep_on_disk),
            context_window=window,
        )
        context = GatewayContext(settings, KEY, "i", None, "d", folder)
        asked = OllamaClient(url, api_key=None, silence_seconds=30)
        async with OllamaUpstream(asked) as ollama:
            shared = Shared(context, Upstreams(ollama))
            async with (
                TestServer(application(shared)) as face,
                ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as client,
            ):
                yield Gateway(str(face.make_url("")).rstrip("/"), client, shared, asked)


def kept(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"token-counts.json"}


async def test_a_turn_goes_back_as_it_was_written_after_a_restart(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.chat = says(line(message={"tool_calls": [CALL]}), done())
    async with proxy(upstream, tmp_path) as gateway:
        _, answer, _ = await gateway.ask(tools=[READ])
    (call,) = answer["content"]
    async with proxy(upstream, tmp_path) as gateway:
        history: list[dict[str, Any]] = [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [call | {"input": {"limit": 5, "file_path": "a"}}]},
        ]
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": "x"}
        await gateway.ask(tools=[READ], messages=[*history, {"role": "user", "content": [result]}])
    (sent,) = upstream.bodies[-1]["messages"][1]["tool_calls"]
    assert json.dumps(sent["function"]["arguments"]) == '{"file_path": "a", "limit": "5"}'


async def test_a_front_is_read_ahead_after_a_restart_with_the_window_of_now(
    upstream: Upstream, tmp_path: Path
) -> None:
    async with proxy(upstream, tmp_path) as gateway:
        await session(gateway, "first words")
        await session(gateway, "other words")
    async with proxy(upstream, tmp_path, window=32768) as gateway:
        await preload(gateway)
        await until(upstream, 4)
    first, _, _, ahead = upstream.bodies
    assert ahead["tools"] == first["tools"]
    assert ahead["messages"][0] == {"role": "system", "content": "You are kind."}
    assert "Be careful." in ahead["messages"][1]["content"]
    assert ahead["options"] == {"num_ctx": 32768, "num_predict": 1}


DEEP = b'{"version":' + b"[" * 100_000


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"version":9,"models":{}}', b'{"models":[]}', DEEP],
    ids=["open", "no_utf_8", "other_version", "a_list", "deep"],
)  # fmt: skip
async def test_a_broken_file_of_fronts_is_put_aside_and_the_proxy_starts(
    body: bytes, upstream: Upstream, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "fronts.json").write_bytes(body)
    async with proxy(upstream, tmp_path) as gateway:
        await session(gateway, "first words")
    assert (tmp_path / "fronts.json.broken").read_bytes() == body
    assert len([text for text in caplog.messages if "fronts.json is broken" in text]) == 1


@pytest.mark.parametrize("name", ["turns.jsonl", "fronts.json", "token-counts.json"])
@pytest.mark.parametrize("how", ["foreign", "writable", "pipe"])
@pytest.mark.posix_only("owners and modes of files")
async def test_a_file_that_is_not_ours_alone_is_neither_read_nor_written(
    upstream: Upstream,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    how: str,
) -> None:
    path = tmp_path / name
    if how == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"planted")
        path.chmod(0o666 if how == "writable" else 0o644)
    if how == "foreign":
        if os.getuid() == 0:
            os.chown(path, 1234, -1)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: 1234)
    upstream.chat = says(line(message={"tool_calls": [CALL]}), done())
    async with proxy(upstream, tmp_path) as gateway:
        await session(gateway, "first words")
    (told,) = [text for text in caplog.messages if name in text]
    assert "so it is neither read nor written" in told
    foreign = f"id {path.stat().st_uid}"
    expected = {"foreign": foreign, "writable": "mode 0666", "pipe": "not a file"}
    assert expected[how] in told
    if how != "pipe":
        assert path.read_bytes() == b"planted"


@pytest.mark.parametrize(
    "name", ["turns.jsonl", "fronts.json", "token-counts.json", "usage.sqlite3"]
)
@pytest.mark.posix_only("modes of files")
async def test_a_file_that_others_could_read_is_ours_alone_from_then_on(
    upstream: Upstream, tmp_path: Path, name: str
) -> None:
    upstream.chat = says(line(message={"tool_calls": [CALL]}), done())
    async with proxy(upstream, tmp_path) as gateway:
        await session(gateway, "first words")
    (tmp_path / name).chmod(0o644)
    async with proxy(upstream, tmp_path):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


async def test_nothing_that_was_written_stays_on_disk_when_that_is_switched_off(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.chat = says(line(message={"tool_calls": [CALL]}), done())
    async with proxy(upstream, tmp_path) as gateway:
        await session(gateway, "first words")
    assert kept(tmp_path) == {"turns.jsonl", "fronts.json", "usage.sqlite3"}
    async with proxy(upstream, tmp_path, keep_on_disk=False) as gateway:
        assert not kept(tmp_path)
        await session(gateway, "first words")
    assert not kept(tmp_path)
