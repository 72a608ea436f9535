"""Errors of servers and routers: four shapes, and many words for one overflow."""

import json

import pytest

from cc_proxy.app.chat.errors import (
    ContextOverflowError,
    GatewayError,
    ModelNotFoundError,
    UpstreamBusyError,
    UpstreamRefusedError,
)
from cc_proxy.app.upstreams.openai.errors import AnswerTooLongError, refused
from cc_proxy.tests.upstreams.openai.answers import SERVER
from cc_proxy.tests.upstreams.openai.recorded import failures, named

LONG = "This model's maximum context length is 100 tokens"
# Words of other versions and servers: from the issues and the source of each.
EXACT = [
    f"{LONG}. However, you requested 250 tokens (200 in the messages, 50 in the completion).",
    f"{LONG}. However, your request has 200 input tokens. Please reduce the length.",
    f"{LONG}. However, your messages resulted in 200 tokens.",
    "The input (200 tokens) is longer than the model's context length (100 tokens).",
]
N_KEEP = """The number of tokens to keep from the initial prompt is greater than the context length
 (n_keep: 200 >= n_ctx: 100). Try to load the model with a larger context length."""
KEEP_FIRST = """Trying to keep the first 200 tokens when context the overflows. However, the model \
is loaded with context length of only 100 tokens, which is not enough."""
SUM = """Requested token count exceeds the model's maximum context length of 100 tokens. You \
requested a total of 120 tokens: 80 tokens from the input messages and 40 tokens for the \
completion."""
DEAD = "error sending request for url (http://127.0.0.1:18082/v1/chat/completions)"


def recorded(name: str) -> UpstreamRefusedError:
    found = named(name)
    return refused(SERVER, found.status, found.body)


def test_every_recorded_error_has_words_of_its_own() -> None:
    seen = {found.name: refused(SERVER, found.status, found.body) for found in failures()}
    assert len(seen) > 45
    raw = [name for name, error in seen.items() if error.text.startswith("{")]
    assert raw == []
    assert [name for name, error in seen.items() if not error.text] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("llama/bad_key_401", "Invalid API Key"),
        ("llama/chat_unknown_path", "File Not Found"),
        ("vllm/chat_image_refused", "script is not a multimodal model"),
        ("vllm/chat_unknown_path", "Not Found"),
        ("rayllm/chat_image_refused", "script is not a multimodal model"),
        ("rayserve/bad_json", "Internal Server Error"),
        ("smg/tokenize", "Invalid URL (POST /tokenize)"),
        ("sglrouter/tokenize", "(empty body)"),
        ("vllmrouter/after_worker_killed", f"Request failed: {DEAD}"),
    ],
)
def test_the_words_are_unwrapped(name: str, text: str) -> None:
    assert recorded(name).text == text


@pytest.mark.parametrize(
    ("name", "prompt", "window", "is_exact"),
    [
        ("llama/chat_overflow_stream", 18050, 4096, True),
        ("llama/messages_overflow", 18019, 4096, True),
        ("vllm/chat_overflow_prompt", 16385, 16384, False),
        ("vllm/messages_overflow", 16385, 16384, False),
        ("rayllm/chat_overflow_prompt", 16385, 16384, False),
        ("nginx/overflow", 80017, 16384, True),
        # These two label it text/event-stream.
        ("vllmrouter/overflow", 80017, 16384, True),
        ("sglrouter/overflow", 80017, 16384, True),
    ],
)
def test_a_recorded_overflow_is_one(name: str, prompt: int, window: int, *, is_exact: bool) -> None:
    error = recorded(name)
    assert isinstance(error, ContextOverflowError)
    assert (error.prompt_tokens, error.window, error.is_exact) == (prompt, window, is_exact)


@pytest.mark.parametrize(
    ("text", "is_exact"), [*((text, True) for text in EXACT), (N_KEEP, False), (KEEP_FIRST, False)]
)
def test_an_overflow_in_other_words_is_one(text: str, *, is_exact: bool) -> None:
    error = refused(
        SERVER, 400, json.dumps({"object": "error", "message": text, "code": 400}).encode()
    )
    assert isinstance(error, ContextOverflowError)
    assert (error.prompt_tokens, error.window, error.is_exact) == (200, 100, is_exact)


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG}. However, you requested 120 tokens (80 in the messages, 40 in the completion).",
        f"'max_tokens' is too large: 40. {LONG} and your request has 80 input tokens (40 > 20).",
        SUM,
    ],
)
def test_an_answer_that_would_be_too_long_leaves_room_for_a_shorter_one(text: str) -> None:
    error = refused(SERVER, 400, json.dumps({"error": {"message": text}}).encode())
    assert isinstance(error, AnswerTooLongError)
    assert (error.prompt_tokens, error.window, error.room) == (80, 100, 20)


@pytest.mark.parametrize("name", ["vllm/chat_unknown_model", "rayllm/chat_unknown_model"])
def test_a_missing_model_is_named(name: str) -> None:
    error = recorded(name)
    assert isinstance(error, ModelNotFoundError)
    assert error.model == "no-such"


def test_a_server_that_loads_its_model_is_busy() -> None:
    assert isinstance(recorded("llama/loading_503"), UpstreamBusyError)


@pytest.mark.parametrize("router", ["vllmrouter", "sglrouter"])
def test_a_router_whose_worker_has_died_is_asked_again(router: str) -> None:
    assert recorded(f"{router}/after_worker_killed").status == 500
    assert isinstance(recorded(f"{router}/after_worker_killed"), UpstreamBusyError)


def test_a_gateway_that_does_not_reach_the_server_is_no_answer_of_its_own() -> None:
    error = recorded("envoy/after_worker_killed")
    assert isinstance(error, GatewayError)
    assert str(error).startswith("A gateway in front of gpu1 does not reach it (503): upstream")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error":"Unauthorized"}', "Unauthorized"),
        (b'{"error":{"type":"server_error"}}', "server_error"),
        (b'{"error":{}}', "no reason given"),
        (b'{"error":null}', '{"error":null}'),
        (b'{"detail":[{"msg":"x"}]}', '{"detail":[{"msg":"x"}]}'),
        (b"<html><body>504", 'a web page, which is not gpu1\'s own: "504"'),
        (b"\xff", "\ufffd"),
        (b"", "(empty body)"),
    ],
)
def test_any_body_gives_words(body: bytes, text: str) -> None:
    assert refused(SERVER, 500, body).text == text


@pytest.mark.parametrize(
    ("status", "setting"), [(401, "api_key"), (403, "api_key"), (404, "url"), (500, None)]
)
def test_a_refusal_names_the_setting_that_may_be_wrong(status: int, setting: str | None) -> None:
    hint = refused("box", status, b'{"detail":"no"}').hint
    assert (hint is None) if setting is None else f"upstreams.box.{setting}" in (hint or "")
