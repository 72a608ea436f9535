"""Bodies that are wrong as JSON: each a clear 400 or an answer, never a fault."""

import json
import tracemalloc
from typing import Any

import pytest

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.tests.gateway.conftest import body

from .conftest import Door

# Python 3.14 goes as deep as the stack is, some hundred thousand; those before it to hundreds.
DEEP = 400_000
# What each has in common: whatever a field holds, it is decoded once more somewhere.
PLACES = [
    "messages",
    "max_tokens",
    "system",
    "tools",
    "input",
    "schema",
    "metadata",
    "source",
    "thinking",
]


def with_raw(place: str, raw: str) -> bytes:
    """Return a body with raw text where a value of JSON belongs."""
    marker = "<here>"
    tool: dict[str, Any] = {"name": "Read", "input_schema": {"type": "object"}}
    match place:
        case "input":
            call = {"type": "tool_use", "id": "t", "name": "Read", "input": marker}
            asked = body(messages=[{"role": "assistant", "content": [call]}], tools=[tool])
        case "schema":
            asked = body(tools=[tool | {"input_schema": marker}])
        case "source":
            image = {"type": "image", "source": marker}
            asked = body(messages=[{"role": "user", "content": [image]}])
        case _:
            asked = body() | {place: marker}
    return json.dumps(asked).replace(f'"{marker}"', raw).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "nested",
    ["[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[" * DEEP],
    ids=["lists", "objects", "never_closed"],
)
@pytest.mark.parametrize("target", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_deep_nesting_is_a_400(door: Door, target: str, nested: str) -> None:
    for place in PLACES:
        answer = await door.ask("POST", target, data=with_raw(place, nested))
        assert answer.status == 400, place
        assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("place", PLACES)
async def test_nesting_that_can_still_be_read_is_no_fault(door: Door, place: str) -> None:
    for depth in (50, 200, 400, 600, 900, 1500, 60_000):
        for raw in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            answer = await door.ask(data=with_raw(place, raw))
            assert answer.status in (200, 400), answer
            if answer.status == 400:
                assert answer.error["type"] == "invalid_request_error"


NO_JSON = [
    "NaN", "Infinity", "-Infinity", "0x10", "01", "1.", "'a'", "undefined", "", "tru", '"\x01"',
    '"\\x"', '"\\u12"', "// c\n1", "1,", "[1,]", "{1:2}",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_no_json_is_a_400(door: Door, place: str) -> None:
    for raw in NO_JSON:
        answer = await door.ask(data=with_raw(place, raw))
        assert answer.status == 400, raw
        assert answer.error["type"] == "invalid_request_error"


async def test_a_number_that_is_too_large_is_no_fault(door: Door) -> None:
    for place in PLACES:
        for raw in ("1e999", "-1e999", "9" * 4000, "[1e999]", '{"a":1e999}'):
            assert (await door.ask(data=with_raw(place, raw))).status in (200, 400), (place, raw)


NO_REQUESTS = [
    b"", b" ", b"null", b"[]", b"1", b'"a"', b"{", b"{}", b"\xff\xfe{\x00}\x00", b"\x00", b"{}{}",
    b'{"model":"\xff"}', b'{"model":"m","messages":[],"max_tokens":1}\x00', b"\xef\xbb\xbf{}",
]  # fmt: skip


@pytest.mark.parametrize("target", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_a_body_that_is_no_request_is_a_400(door: Door, target: str) -> None:
    for data in NO_REQUESTS:
        answer = await door.ask("POST", target, f"Content-Length: {len(data)}", data=data)
        assert answer.status == 400, data
        assert answer.error["type"] == "invalid_request_error"


async def test_what_is_quoted_of_a_request_has_an_end(door: Door) -> None:
    tools = [{"name": "Read", "input_schema": {"type": "object"}}]
    asked = body(tools=tools, tool_choice={"type": "x" * 1_000_000})
    answer = await door.ask(data=json.dumps(asked).encode())
    assert answer.status == 400
    assert "found 'xxx" in answer.error["message"]
    assert len(answer.body) < 3000


async def test_a_number_of_tokens_that_is_none_is_a_400(door: Door) -> None:
    for number in ("1e400", "-5", "1.5", "true", '"1"', "null"):
        answer = await door.ask(data=with_raw("max_tokens", number))
        assert answer.status == 400
        assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize("place", ["system", "tools", "metadata", "input"])
async def test_what_is_no_utf_8_is_a_400(door: Door, place: str) -> None:
    for raw in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"):
        answer = await door.ask(data=with_raw(place, '"?"').replace(b"?", raw))
        assert answer.status == 400
        assert "UTF-8" in answer.error["message"]


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "a\\ud83d b", "\\ud800\\ud800"])
async def test_half_a_surrogate_pair_is_mended(door: Door, half: str) -> None:
    said = f'[{{"role": "user", "content": "{half}"}}]'
    assert (await door.ask(data=with_raw("messages", said))).status == 200
    (asked,) = door.upstream.bodies
    assert "\ufffd" in asked["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"\ud83d\ude00", "\U0001f600"),
        (rb"\\ud83d", r"\ud83d"),
        (rb"\\ud83d\ude00", "\\ud83d\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\\\ud83d", "\\\ufffd"),
    ],
)
def test_only_a_surrogate_that_is_alone_is_mended(written: bytes, read: str) -> None:
    made = json.dumps(body(messages=[{"role": "user", "content": r"@ \ud800"}])).encode()
    asked = requests.decode(made.replace(b"@", written).replace(rb"\\ud800", rb"\ud800"))
    assert asked.messages[0].content == f"{read} \ufffd"


@pytest.mark.parametrize("text", [b"\\" * 20_000_000, rb"\ud800" * 3_000_000])
def test_a_body_that_cannot_be_mended_takes_little_memory(text: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ApiError):
            requests.decode(b'{"model":"' + text)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken < 3 * len(text)


@pytest.mark.parametrize("depth", [250, 333, 400, 600, 980])
async def test_a_schema_that_is_too_deep_to_be_taken_apart_is_a_400(door: Door, depth: int) -> None:
    for opens, closes in (('{"properties":{"a":', "}}"), ('{"anyOf":[', "]}"), ('{"items":', "}")):
        schema = opens * depth + '{"type":"string"}' + closes * depth
        for target in ("/v1/messages", "/v1/messages/count_tokens"):
            answer = await door.ask("POST", target, data=with_raw("schema", schema))
            assert answer.status in (200, 400), answer
            assert answer.status == 200 or "nested too deeply" in answer.error["message"]


async def test_of_a_key_that_is_there_twice_the_last_counts_for_everyone(door: Door) -> None:
    data = json.dumps(body()).encode()
    twice = data.replace(b'"model": "m"', b'"model": "first", "model": "last"')
    answer = await door.ask(data=twice)
    assert json.loads(answer.body)["model"] == "last"
    (asked,) = door.upstream.bodies
    assert asked["model"] == "last"
    assert "first" not in json.dumps(asked)


@pytest.mark.parametrize("data", [b"[", b'{"model": 1}', b'{"x": 1}', b"\xff", b"[" * DEEP])
async def test_a_wrong_preload_is_a_400(door: Door, data: bytes) -> None:
    answer = await door.ask("POST", "/preload", data=data)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"
