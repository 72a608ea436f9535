"""Slots that a real llama-server writes to its disk: its own counts say what they save."""

import asyncio
import logging
from pathlib import Path

import pytest

from cc_proxy.app.chat.messages import ChatMessage
from cc_proxy.app.config import Settings, UpstreamSettings
from cc_proxy.app.upstreams.openai.saved_slots import MAX_FILES, model_key
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream
from cc_proxy.tests.upstreams.openai.llama import serving
from cc_proxy.tests.upstreams.openai.test_llama_server import TOOLS, answer_to, asked

FRONT = "What every session begins with. " * 60


async def share(upstream: OpenAIUpstream, name: str, front: str = FRONT) -> float:
    """Ask the first question of a conversation; return which share of it was cached."""
    request = asked(ChatMessage("system", front), f"[[hello]] I am {name}.", tools=TOOLS)
    prompt, cached, _ = (await answer_to(upstream, request, name)).counts
    assert cached is not None
    await asyncio.gather(*upstream._saving)  # noqa: SLF001 - what it writes must be there
    return cached / prompt


def count(folder: Path) -> int:
    return len(list(folder.glob("cc-proxy-*.bin")))


def settings(url: str) -> UpstreamSettings:
    return UpstreamSettings(url=url, save_slots=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "slots"
    made.mkdir()
    return made


@pytest.mark.parametrize("slots", [1, 2])
async def test_what_sessions_begin_with_outlives_a_restart(
    tmp_path: Path, folder: Path, slots: int
) -> None:
    async with serving(tmp_path, slots, saves_in=folder) as url:
        upstream = OpenAIUpstream("local", settings(url))
        assert await share(upstream, "ann") < 0.1
        # With two slots, in the one that has read nothing yet.
        assert await share(upstream, "bob") > 0.95
    assert count(folder) == 1
    async with serving(tmp_path, slots, saves_in=folder) as url, upstream:
        # The same proxy sees that the engine has forgotten everything.
        upstream.use(Settings(upstreams={"local": settings(url)}))
        assert await share(upstream, "cy") > 0.95
        # And so does another one, which has not seen the file being written.
        async with OpenAIUpstream("local", settings(url)) as other:
            assert await share(other, "dan") > 0.95


async def test_another_beginning_replaces_the_file_with_its_number(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cc_proxy.app.upstreams.openai.saved_slots.MAX_FILES", 1)
    other = "Another text. " * 60
    async with serving(tmp_path, saves_in=folder) as url:
        async with OpenAIUpstream("local", settings(url)) as upstream:
            await share(upstream, "ann")
        async with OpenAIUpstream("local", settings(url)) as upstream:
            assert await share(upstream, "bob", other) < 0.1
    async with (
        serving(tmp_path, saves_in=folder) as url,
        OpenAIUpstream("local", settings(url)) as upstream,
    ):
        assert await share(upstream, "cy", other) > 0.95
    assert count(folder) == 1


async def test_a_server_that_saves_nothing_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, 2) as url, OpenAIUpstream("local", settings(url)) as upstream:
        with caplog.at_level(logging.WARNING):
            for name in ("ann", "bob"):
                assert await share(upstream, name) < 0.1
    assert caplog.text.count("start llama-server with --slot-save-path") == 1


def test_the_files_of_two_models_never_have_the_same_name() -> None:
    keys = {
        model_key(*parts)
        for parts in (
            ("m", "/a", "1/2"),
            ("m", "/b", "1/2"),
            ("m", "/a", "1/3"),
            ("n", "/a", "1/2"),
        )
    }
    assert len(keys) == 4
    assert MAX_FILES < 10
