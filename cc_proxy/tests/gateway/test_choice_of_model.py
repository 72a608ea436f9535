"""Which model answers `claude-*` when the user has configured none."""

import os
from pathlib import Path

import msgspec
import pytest

from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.storage.fitness_verdicts import TESTS_FILE, KeptTest, KeptTests, PastTests

from .conftest import Gateway, Upstream

ABLE = {"capabilities": ["completion", "tools"]}


def found(folder: Path, verdict: str, *names: str, at: int) -> None:
    """Keep tests with this verdict, in a file that was changed at second `at`."""
    test = KeptTest("2026-01-01T00:00:00+00:00", "1", verdict, 3, 60, {}, None, None, 65_536)
    file = folder / TESTS_FILE
    file.write_bytes(msgspec.json.encode(KeptTests(2, dict.fromkeys(names, test))))
    file.chmod(0o600)
    os.utime(file, (at, at))


async def test_the_newest_pulled_model_that_can_use_tools_is_chosen(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.tags = [
        {"name": "embed", "capabilities": ["embedding"]},
        {"name": "coder", "capabilities": ["completion", "tools"]},
        {"name": "older", "capabilities": ["completion", "tools"]},
    ]
    status, _, _ = await gateway.ask(model="claude-opus-5-5")
    assert status == 200
    assert upstream.bodies[-1]["model"] == "coder"


async def test_an_older_server_is_asked_what_each_model_can(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.tags = [{"name": "nope"}, {"name": "coder"}]
    await gateway.ask(model="claude-opus-5-5")
    assert upstream.bodies[-1]["model"] == "coder"


async def test_no_model_at_all_says_what_to_do(gateway: Gateway) -> None:
    status, answer, _ = await gateway.ask(model="claude-opus-5-5")
    assert status == 404
    assert "Ollama has no model at all" in answer["error"]["message"]
    assert "cc-proxy models recommend" in answer["error"]["message"]


async def test_a_model_on_its_own_template_is_believed_what_it_shows(
    gateway: Gateway, upstream: Upstream
) -> None:
    # Ollama 0.33: /api/tags and /api/show disagree on a GGUF with its own Jinja template.
    upstream.tags = [{"name": "own-template", "capabilities": ["completion"]}]
    status, _, _ = await gateway.ask(model="claude-opus-5-5")
    assert status == 200
    assert upstream.bodies[-1]["model"] == "own-template"
    async with gateway.client.get(gateway.url + "/v1/models") as response:
        listed = (await response.json())["data"]
    assert [one["upstream_capabilities"] for one in listed if one["id"] == "own-template"] == [
        ["completion", "tools"]
    ]


async def test_models_without_tools_are_not_chosen(gateway: Gateway, upstream: Upstream) -> None:
    upstream.tags = [{"name": "plain", "capabilities": ["completion"]}]
    upstream.capabilities = ("completion",)
    _, answer, _ = await gateway.ask(model="claude-opus-5-5")
    assert "1 pulled, none that can use tools" in answer["error"]["message"]


async def test_a_cloud_model_is_never_chosen_unasked(gateway: Gateway, upstream: Upstream) -> None:
    can = {"capabilities": ["completion", "tools"]}
    upstream.tags = [
        {"name": "gpt-oss:120b-cloud", **can},
        {"name": "glm:cloud", **can},
        {"name": "newest", "remote_host": "https://elsewhere.example", **can},
        {"name": "coder", **can},
    ]
    await gateway.ask(model="claude-opus-5-5")
    assert upstream.bodies[-1]["model"] == "coder"


async def test_an_unfit_model_is_chosen_only_where_there_is_no_other(
    gateway: Gateway, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.tags = [{"name": name, "digest": "1", **ABLE} for name in ("newest", "older")]
    shared = gateway.shared
    shared.models = Models(shared.context.settings, shared.upstreams, PastTests(tmp_path))

    async def chosen() -> str:
        await gateway.ask(model="claude-opus-5-5")
        return str(upstream.bodies[-1]["model"])

    assert await chosen() == "newest"
    # A proxy that runs goes by a test that is made in the meantime.
    found(tmp_path, "unfit", "newest:latest", at=1)
    assert await chosen() == "older"
    found(tmp_path, "unfit", "newest:latest", "older:latest", at=2)
    assert await chosen() == "newest"
    found(tmp_path, "usable", "newest:latest", at=3)
    assert await chosen() == "newest"


@pytest.mark.parametrize(
    ("asked", "near"),
    [("nope", ""), ("qwen3-codr:30b", "qwen3-coder:30b"), ("gpt-oss", "gpt-oss:20b")],
)
async def test_the_404_names_the_model_that_is_nearest(
    gateway: Gateway, upstream: Upstream, asked: str, near: str
) -> None:
    upstream.tags = [{"name": name} for name in ("llama3:8b", "qwen3-coder:30b", "gpt-oss:20b")]
    upstream.missing = {asked}
    status, answer, _ = await gateway.ask(model=asked)
    assert status == 404
    said = answer["error"]["message"]
    assert (f"Did you mean {near}?" in said) if near else ("Did you mean" not in said)
    assert "ollama pull" in said
