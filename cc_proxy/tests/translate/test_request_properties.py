"""What holds for every request of a client."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import MessagesRequest, decode
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.tests.wire_body import wire_body

Json = dict[str, Any]
T = TypeVar("T")

# Hypothesis' own limits are for a quiet machine; what these tests take is bounded by their size.
QUIET = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
TEXTS = st.text(max_size=12)
NAMES = st.text("abcXYZ_-0189", min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.floats(-1e9, 1e9, allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)

TOOLS = ("Read", "Write")
IDS = st.sampled_from(["toolu_1", "toolu_2", "toolu_3"])
CACHE = st.sampled_from([{}, {"cache_control": {"type": "ephemeral"}}])
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


def block(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Return blocks of a type, with or without a cache mark."""
    plain = st.fixed_dictionaries({"type": st.just(kind), **fields})
    return st.builds(lambda one, more: one | more, plain, CACHE)


TEXT = block("text", text=TEXTS)
IMAGE = block("image", source=st.sampled_from([PNG, {"type": "url", "url": "https://x.test/a"}]))
DOCUMENT = block(
    "document",
    source=st.sampled_from(
        [
            {"type": "text", "media_type": "text/plain", "data": "words"},
            {"type": "url", "url": "https://x.test/a.pdf"},
            {"type": "content", "content": "words"},
            {"type": "content", "content": [{"type": "text", "text": "words"}]},
            {"type": "file", "file_id": "file_1"},
        ]
    ),
)
SEARCHED = block("search_result", title=TEXTS, content=st.lists(TEXT))
REFERENCE = block("tool_reference", tool_name=st.sampled_from(TOOLS))
RESULT = st.builds(
    lambda one, error: one | error,
    block(
        "tool_result",
        tool_use_id=IDS,
        content=TEXTS | st.lists(TEXT | IMAGE | DOCUMENT | SEARCHED | REFERENCE, max_size=3),
    ),
    st.sampled_from([{}, {"is_error": True}, {"is_error": False}]),
)
USE = block("tool_use", id=IDS, name=st.sampled_from(TOOLS), input=ARGUMENTS)
THOUGHT = block("thinking", thinking=TEXTS, signature=TEXTS) | block(
    "redacted_thinking", data=TEXTS
)
SERVED = block(
    "server_tool_use", id=IDS, name=st.just("web_search"), input=st.just({"query": "q"})
) | block(
    "web_search_tool_result",
    tool_use_id=IDS,
    content=st.just([])
    | st.just([{"type": "web_search_result", "title": "t", "url": "u", "encrypted_content": "e"}])
    | st.just({"type": "web_search_tool_result_error", "error_code": "unavailable"}),
)
UNKNOWN = block("hologram", beams=VALUES)
FROM_USER = TEXTS | st.lists(TEXT | IMAGE | DOCUMENT | SEARCHED | RESULT | UNKNOWN, max_size=4)
FROM_MODEL = TEXTS | st.lists(TEXT | THOUGHT | USE | SERVED | UNKNOWN, max_size=4)
FROM_SYSTEM = TEXTS | st.lists(TEXT, max_size=2)


def turn(role: str, content: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"role": st.just(role), "content": content})


TURNS = st.lists(
    turn("user", FROM_USER) | turn("assistant", FROM_MODEL) | turn("system", FROM_SYSTEM),
    min_size=1,
    max_size=6,
)
SCHEMAS = st.sampled_from(
    [
        {"type": "object"},
        {"type": "object", "properties": {"p": {"type": "string"}}, "required": ["p"]},
        {"type": "object", "properties": {"p": {"$ref": "#/$defs/n"}}, "$defs": {"n": {}}},
        {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}}}},
        {"type": "object", "properties": {"p": {"oneOf": [{"const": 1}, True]}}},
    ]
)
TOOL = st.fixed_dictionaries(
    {"name": st.sampled_from(TOOLS), "input_schema": SCHEMAS},
    optional={
        "description": TEXTS,
        "defer_loading": st.booleans(),
        "cache_control": st.just({"type": "ephemeral"}),
        "type": st.just("custom"),
        "strict": st.booleans(),
    },
)
SERVER_TOOL = st.just({"type": "web_search_20250305", "name": "web_search", "max_uses": 8})
CHOICES = st.fixed_dictionaries(
    {"type": st.sampled_from(["auto", "any", "none"])},
    optional={"disable_parallel_tool_use": st.booleans()},
) | st.fixed_dictionaries({"type": st.just("tool"), "name": st.sampled_from(TOOLS)})
REQUESTS = st.fixed_dictionaries(
    {"model": NAMES, "max_tokens": st.integers(1, 128_000), "messages": TURNS},
    optional={
        "system": TEXTS | st.lists(TEXT, max_size=3),
        "tools": st.lists(TOOL | SERVER_TOOL, max_size=3),
        "tool_choice": CHOICES,
        "stream": st.booleans(),
        "temperature": st.floats(0, 1),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(0, 100),
        "stop_sequences": st.lists(TEXTS, max_size=3),
        "thinking": st.sampled_from(
            [
                {"type": "enabled", "budget_tokens": 31999},
                {"type": "adaptive", "display": "summarized"},
                {"type": "disabled"},
            ]
        ),
        "output_config": st.sampled_from(
            [
                {"effort": "high"},
                {"format": {"type": "json_schema", "schema": {"type": "object"}}},
                {"effort": "max", "format": {"type": "json_schema", "schema": {}}},
            ]
        ),
        "metadata": st.just({"user_id": "u"}),
        "service_tier": st.just("auto"),
        "container": st.just("container_1"),
        "context_management": st.just({"edits": []}),
        "a_field_of_tomorrow": VALUES,
    },
)
TARGETS = st.builds(
    lambda able, family, window: Target(
        model=ModelInfo("m", frozenset(able), None, None, family), window=window, keep_alive="30m"
    ),
    able=st.sets(st.sampled_from(["completion", "tools", "vision", "thinking"])),
    family=st.sampled_from(["llama", "gptoss"]),
    window=st.integers(2_048, 200_000),
)


class SentMessage(msgspec.Struct):
    """A turn as Ollama accepts it: the types of its own `api.Message`."""

    role: str
    content: str = ""
    thinking: str = ""
    images: list[str] = []
    tool_calls: list[Json] = []
    tool_name: str = ""
    tool_call_id: str = ""


class SentRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request as Ollama accepts it."""

    model: str
    messages: list[SentMessage]
    stream: bool
    truncate: bool
    shift: bool
    options: dict[str, int | float]
    keep_alive: str
    tools: list[Json] = []
    think: bool | str | None = None
    format: Json | None = None


def translated(request: MessagesRequest, target: Target) -> bytes | None:
    """Return the body for Ollama, None for a request that is refused with an API error."""
    return _unless_refused(lambda: wire_body(chat_request(request, target), target))


def _unless_refused(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except ApiError as error:
        refusal = error
    assert (refusal.status, refusal.error_type) == (400, "invalid_request_error")
    assert refusal.message
    return None


@QUIET
@given(fields=REQUESTS, target=TARGETS)
def test_any_valid_request_becomes_one_that_ollama_accepts(fields: Json, target: Target) -> None:
    sent = translated(decode(json.dumps(fields).encode()), target)
    if sent is None:
        return
    request = msgspec.json.decode(sent, type=SentRequest)
    assert (request.stream, request.truncate, request.shift) == (True, False, False)
    assert request.options["num_ctx"] == target.window
    assert 1 <= request.options["num_predict"] <= target.window
    assert {message.role for message in request.messages} <= {"system", "user", "assistant", "tool"}
    for message in request.messages:
        for call in message.tool_calls:
            assert isinstance(call["function"]["arguments"], dict)


@QUIET
@given(fields=REQUESTS, target=TARGETS)
def test_a_request_without_a_demand_is_never_refused(fields: Json, target: Target) -> None:
    fields.pop("tool_choice", None)
    if not target.model.can("tools"):
        fields.pop("tools", None)
    assert translated(decode(json.dumps(fields).encode()), target) is not None


@QUIET
@given(fields=REQUESTS, target=TARGETS)
def test_translation_is_pure(fields: Json, target: Target) -> None:
    raw = json.dumps(fields).encode()
    request = decode(raw)
    before = msgspec.json.encode(request)
    once = translated(request, target)
    assert msgspec.json.encode(request) == before, "the input was changed"
    assert translated(request, target) == once
    assert translated(decode(raw), target) == once


@QUIET
@given(fields=REQUESTS, target=TARGETS, reply=FROM_MODEL, more=FROM_USER)
def test_what_was_sent_stays_in_front_of_what_is_sent_next(
    fields: Json, target: Target, reply: Any, more: Any
) -> None:
    # A demand adds words behind the conversation, for one request.
    fields.pop("tool_choice", None)
    first = translated(decode(json.dumps(fields).encode()), target)
    asks = [*fields["messages"], {"role": "assistant", "content": reply}]
    asks.append({"role": "user", "content": more})
    second = translated(decode(json.dumps(fields | {"messages": asks}).encode()), target)
    if first is None or second is None:
        return
    before = json.loads(first)["messages"]
    after = json.loads(second)["messages"]
    assert after[: len(before)] == before


@QUIET
@given(value=VALUES | st.dictionaries(st.sampled_from(["model", "messages", "tools"]), VALUES))
def test_a_body_of_any_other_form_is_refused_in_the_words_of_the_api(value: Any) -> None:
    _unless_refused(lambda: decode(json.dumps(value).encode()))


@QUIET
@given(raw=st.binary(max_size=60))
def test_bytes_that_are_no_json_are_refused_in_the_words_of_the_api(raw: bytes) -> None:
    _unless_refused(lambda: decode(raw))
