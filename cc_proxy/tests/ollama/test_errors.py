"""Ollama's error answers, as a real 0.32 server gave them."""

import pytest

from cc_proxy.app.chat.errors import ContextOverflowError
from cc_proxy.app.upstreams.ollama.refusals import from_text, refused

OVERFLOW = (
    rb'{"error":"{\"error\":{\"code\":400,\"message\":\"request (2714 tokens) exceeds the available'
    rb" context size (1024 tokens), try increasing it\",\"type\":\"exceed_context_size_error\","
    rb'\"n_prompt_tokens\":2714,\"n_ctx\":1024}}"}'
)


def test_an_overflow_carries_its_two_numbers() -> None:
    error = refused(400, OVERFLOW)
    assert isinstance(error, ContextOverflowError)
    assert (error.prompt_tokens, error.window) == (2714, 1024)


def test_an_overflow_is_known_by_its_words_alone() -> None:
    error = from_text(500, "request (99 tokens) exceeds the available context size (64 tokens)")
    assert isinstance(error, ContextOverflowError)
    assert (error.prompt_tokens, error.window) == (99, 64)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error":"model \'nope\' not found"}', "model 'nope' not found"),
        (
            rb'{"error":"{\"error\":{\"code\":400,\"message\":\"no images\",\"type\":\"x\"}}"}',
            "no images",
        ),
        (
            b"<html><h1>502 Bad\nGateway</h1></html>",
            'a web page, which is not Ollama\'s own: "502 Bad Gateway"',
        ),
        (b"", "(empty body)"),
        (b'{"error":{"message":"odd"}}', '{"error":{"message":"odd"}}'),
    ],
)
def test_the_words_are_unwrapped_whatever_the_body(body: bytes, text: str) -> None:
    error = refused(500, body)
    assert (error.status, error.text) == (500, text)


def test_an_error_body_that_is_not_utf_8_is_still_an_answer() -> None:
    error = refused(500, b'{"error":"\xff"}')
    assert error.status == 500
    assert "error" in error.text
