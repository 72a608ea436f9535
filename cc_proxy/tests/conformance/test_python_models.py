"""Counting tokens and listing models with the Python SDK."""

import asyncio
import time
from typing import Any

import anthropic
import pytest

from .answers import TOOLS
from .clients import async_client, sync_client
from .stack import SHOWN_ALIASES, Practice

pytestmark = pytest.mark.xdist_group("python-sdk")

PULLED = [
    "practice:latest",
    "practice-think:latest",
    "practice-jinja:latest",
    "practice-vision:latest",
    "practice-small:latest",
    "practice-plain:latest",
]
NAMES = [*SHOWN_ALIASES, *PULLED]
WORDS = [{"role": "user", "content": "How many tokens are these words?"}]


@pytest.fixture
def lenient(proxy_url: str) -> Any:
    """Return a client that does not check the types of answers, as users have it."""
    with sync_client(proxy_url, strict=False) as made:
        yield made


def test_every_name_is_listed(lenient: anthropic.Anthropic) -> None:
    page = lenient.models.list(limit=1000)
    assert [model.id for model in page.data] == NAMES
    assert page.has_more is False
    assert (page.first_id, page.last_id) == (NAMES[0], NAMES[-1])


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 1000])
def test_pages_join_to_the_whole_list(lenient: anthropic.Anthropic, limit: int) -> None:
    assert [model.id for model in lenient.models.list(limit=limit)] == NAMES


def test_pages_join_for_the_async_client(proxy_url: str) -> None:
    async def names() -> list[str]:
        async with async_client(proxy_url, strict=False) as client:
            return [model.id async for model in client.models.list(limit=3)]

    assert asyncio.run(names()) == NAMES


def test_a_page_before_a_name_ends_with_its_neighbour(lenient: anthropic.Anthropic) -> None:
    page = lenient.models.list(before_id=NAMES[3], limit=2)
    assert [model.id for model in page.data] == NAMES[1:3]


@pytest.mark.parametrize("limit", [0, 1001, -1])
def test_a_limit_that_the_api_does_not_have_is_refused(
    lenient: anthropic.Anthropic, limit: int
) -> None:
    with pytest.raises(anthropic.BadRequestError, match="limit: expected 1 to 1000"):
        lenient.models.list(limit=limit)


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("practice", 65_536),
        ("practice-small:latest", 8_192),
        ("fast", 65_536),
        ("claude-sonnet-4-5", 65_536),
        ("claude-opus-9-9", 65_536),
        ("claude-haiku-4-5-20251001", 65_536),
    ],
)
def test_a_name_tells_its_window(lenient: anthropic.Anthropic, name: str, window: int) -> None:
    model = lenient.models.retrieve(name)
    assert (model.id, model.type, model.max_input_tokens) == (name, "model", window)
    assert model.created_at.year == 1970


def test_a_name_that_there_is_not_is_a_404(lenient: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="ollama pull nonexistent"):
        lenient.models.retrieve("nonexistent")


def test_a_list_has_the_types_of_the_api(client: anthropic.Anthropic) -> None:
    assert [model.lifecycle for model in client.models.list()] == ["active"] * len(NAMES)


def test_a_model_has_the_types_of_the_api(client: anthropic.Anthropic) -> None:
    model = client.models.retrieve("practice-vision")
    assert model.lifecycle == "active"
    if model.capabilities is not None:
        assert model.capabilities.image_input.supported


# ---- Counting -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"system": "Be kind. " * 50},
        {"tools": TOOLS},
        {"tools": TOOLS, "tool_choice": {"type": "any"}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    ],
    ids=["messages", "system", "tools", "tool_choice", "thinking"],
)
def test_tokens_are_counted_without_a_model(
    client: anthropic.Anthropic, practice: Practice, mark: int, fields: Any
) -> None:
    count = client.messages.count_tokens(model="practice", messages=WORDS, **fields)  # type: ignore[arg-type]
    assert count.input_tokens > 5
    assert practice.chats(mark) == []


def test_more_words_are_more_tokens(client: anthropic.Anthropic) -> None:
    few = client.messages.count_tokens(model="practice", messages=WORDS)  # type: ignore[arg-type]
    many = client.messages.count_tokens(
        model="practice", messages=[{"role": "user", "content": "word " * 1000}]
    )
    assert 500 < many.input_tokens - few.input_tokens < 2500


def test_the_beta_endpoint_counts_alike(client: anthropic.Anthropic) -> None:
    plain = client.messages.count_tokens(model="practice", messages=WORDS)  # type: ignore[arg-type]
    beta = client.beta.messages.count_tokens(model="practice", messages=WORDS)  # type: ignore[arg-type]
    assert plain.input_tokens == beta.input_tokens


def test_the_count_is_the_estimate_at_the_start_of_the_answer(client: anthropic.Anthropic) -> None:
    request: Any = {"model": "practice", "messages": WORDS, "system": "Be kind. " * 100}
    count = client.messages.count_tokens(**request).input_tokens
    with client.messages.stream(**request, max_tokens=10) as stream:
        first = next(iter(stream))
    assert first.type == "message_start"
    assert abs(first.message.usage.input_tokens - count) <= 0.2 * count


def test_twenty_five_counts_at_once_are_quick(proxy_url: str) -> None:
    async def count() -> list[int]:
        async with async_client(proxy_url) as client:
            asking = [
                client.messages.count_tokens(model="practice", messages=WORDS)  # type: ignore[arg-type]
                for _ in range(25)
            ]
            return [one.input_tokens for one in await asyncio.gather(*asking)]

    began = time.monotonic()
    assert len(set(asyncio.run(count()))) == 1
    assert time.monotonic() - began < 60
