"""The list of models: its pages, and what Claude Code's model discovery finds in it."""

from typing import Any

import pytest

from .conftest import Gateway, Upstream

CLAUDE_CODE = {"User-Agent": "claude-code/2.1.330 (cli)"}
TAGS: list[dict[str, Any]] = [
    {"name": "qwen3:4b", "size": 2_600_000_000, "capabilities": ["completion", "tools"]},
    {"name": "plain", "size": 900_000_000, "capabilities": ["completion"]},
    {"name": "old", "capabilities": None},
    {"name": "Claude-Distilled:8b", "capabilities": ["completion", "tools", "thinking"]},
]
NAMES = ["fast", "qwen3:4b", "plain", "old", "Claude-Distilled:8b"]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"aliases": {"default": "qwen3:4b", "claude-haiku-*": "small", "fast": "qwen3:4b"}}


@pytest.fixture(autouse=True)
def _pulled(upstream: Upstream) -> None:
    upstream.tags = TAGS
    upstream.shown = {"plain": ("completion",)}


async def listed(gateway: Gateway, query: str = "", **more: Any) -> Any:
    async with gateway.client.get(gateway.url + "/v1/models" + query, **more) as response:
        assert response.status == 200
        return await response.json()


def ids(answer: Any) -> list[str]:
    return [model["id"] for model in answer["data"]]


async def test_an_entry_has_what_the_api_requires(gateway: Gateway) -> None:
    answer = await listed(gateway)
    assert answer["data"][1] == {
        "type": "model",
        "id": "qwen3:4b",
        "display_name": "qwen3:4b",
        "description": "Ollama · 2.6 GB · tools",
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
        "upstream_capabilities": ["completion", "tools"],
    }
    assert answer["data"][0]["description"] == "qwen3:4b on Ollama"
    assert answer["data"][3]["description"] == "Ollama · tools"


@pytest.mark.parametrize(
    ("query", "page", "more"),
    [
        ("", NAMES, 0),
        ("?limit=5", NAMES, 0),
        ("?limit=4", NAMES[:4], 1),
        ("?limit=2&after_id=fast", NAMES[1:3], 1),
        ("?limit=2&after_id=plain", NAMES[3:], 0),
        ("?after_id=Claude-Distilled:8b", [], 0),
        ("?after_id=nobody", [], 0),
        ("?limit=2&before_id=old", NAMES[1:3], 1),
        ("?limit=3&before_id=old", NAMES[:3], 0),
        ("?before_id=fast", [], 0),
        ("?before_id=nobody", [], 0),
    ],
)
async def test_a_page_begins_and_ends_where_it_was_asked_to(
    gateway: Gateway, query: str, page: list[str], more: int
) -> None:
    answer = await listed(gateway, query)
    assert ids(answer) == page
    assert answer["has_more"] is bool(more)
    assert (answer["first_id"], answer["last_id"]) == (
        (page[0], page[-1]) if page else (None, None)
    )


async def test_claude_code_is_told_names_that_its_discovery_keeps(gateway: Gateway) -> None:
    answer = await listed(gateway, "?limit=1000", headers=CLAUDE_CODE)
    # Not `plain`, which cannot use tools; the last of the others has a name that is kept.
    discovered = ["local-claude/fast", "local-claude/qwen3:4b", "local-claude/old"]
    assert ids(answer) == [*NAMES, *discovered]
    assert answer["data"][6]["display_name"] == "qwen3:4b"
    assert answer["data"][6]["description"] == "Ollama · 2.6 GB · tools"


@pytest.mark.parametrize(
    ("asked", "answers"),
    [("local-claude/old", "old"), ("local-claude/fast", "qwen3:4b")],
)
async def test_a_discovered_name_leads_to_its_model(
    gateway: Gateway, upstream: Upstream, asked: str, answers: str
) -> None:
    status, message, _ = await gateway.ask(model=asked)
    assert (status, message["model"]) == (200, asked)
    assert upstream.bodies[-1]["model"] == answers
    async with gateway.client.get(f"{gateway.url}/v1/models/{asked}") as response:
        model = await response.json()
    assert (model["id"], model["upstream_model"]) == (asked, answers)
    assert model["display_name"] == asked.removeprefix("local-claude/")
