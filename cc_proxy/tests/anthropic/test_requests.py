"""Decoding what clients send."""

import json

import pytest

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import MAX_MESSAGES, Block, decode

MINIMAL = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_unknown_fields_and_block_types_are_accepted() -> None:
    blocks = [{"type": "hologram", "depth": 3}, {"type": "text", "text": "hi", "new": {}}]
    request = decode(
        json.dumps(
            MINIMAL
            | {"messages": [{"role": "user", "content": blocks, "mood": 1}], "safeguards": [1]}
        ).encode()
    )
    assert [b.type for b in request.messages[0].content if isinstance(b, Block)] == [
        "hologram",
        "text",
    ]


def test_the_input_of_a_tool_passes_byte_for_byte() -> None:
    raw = '{"b":1,  "a":[1e2,"\\u00e9"]}'
    body = (
        '{"model":"m","messages":[{"role":"assistant","content":'
        f'[{{"type":"tool_use","id":"t","name":"T","input":{raw}}}]}}]}}'
    )
    block = decode(body.encode()).messages[0].content[0]
    assert isinstance(block, Block)
    assert bytes(block.input).decode() == raw


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\ud800b", "a\ufffdb"),
        (r"a\udc00b", "a\ufffdb"),
        (r"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
        (r"\\ud800 \ud800", "\\ud800 \ufffd"),
        (r"\\\ud800", "\\\ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_replaced_and_nothing_else(written: str, read: str) -> None:
    body = f'{{"model":"m","messages":[{{"role":"user","content":"{written}"}}]}}'
    assert decode(body.encode()).messages[0].content == read


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"model":"m","messages":[],"tools":["\xff"]}', "UTF-8"),
        (b'{"model":"\\ud800","messages":[],"tools":["\xff"]}', "UTF-8"),
        (b'{"messages":[]}', "missing required field `model`"),
        (b'{"model":1,"messages":[]}', r"Expected `str`, got `int` - at `\$\.model`"),
        (b'{"model":"m","messages":[{"role":"user","content":5}]}', r"\$\.messages\[0\]\.content"),
        (b'{"model":"\xff","messages":[]}', "not valid JSON in UTF-8"),
        (b'{"model":"m","messages":[],"new":' + b"[" * 1_000_000, "nested too deeply"),
    ],
)
def test_a_wrong_body_is_a_400_that_names_the_place(body: bytes, words: str) -> None:
    with pytest.raises(ApiError, match=words) as raised:
        decode(body)
    assert raised.value.status == 400
    assert raised.value.headers() == {"x-should-retry": "false"}


@pytest.mark.parametrize(
    ("role", "words"),
    [("role", "messages: expected at most 100000, found 100001"), ("r\\u006fle", "100000")],
)
def test_more_messages_than_the_api_takes_are_refused(role: str, words: str) -> None:
    message = f'{{"{role}": "user", "content": "a"}}'
    most = ",".join([message] * MAX_MESSAGES)
    assert len(decode(f'{{"model": "m", "messages": [{most}]}}'.encode()).messages) == MAX_MESSAGES
    with pytest.raises(ApiError, match=words):
        decode(f'{{"model": "m", "messages": [{most},{message}]}}'.encode())
