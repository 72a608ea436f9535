"""Ollama's chat wire: requests as bytes, and back."""

import json

import msgspec
import pytest

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ChatRequest, ToolCall
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.answer.retry.second_try import in_one_piece
from cc_proxy.app.upstreams.ollama.reading import LineReader
from cc_proxy.app.upstreams.ollama.wire import encoded

TARGET = Target(unknown_model("m"), window=4096, keep_alive="30m")


def asked() -> ChatRequest:
    raw = msgspec.Raw('{"b":1.0,"a":"\\u00e9 é"}'.encode())
    call = ToolCall(CalledFunction("Read", raw), "t1")
    return ChatRequest(
        model="m",
        messages=[
            ChatMessage(role="system", content="You help."),
            ChatMessage(role="assistant", content="", thinking="hm", tool_calls=[call]),
            ChatMessage(role="tool", content="é", images=["aGk="], tool_name="Read"),
        ],
        tools=msgspec.Raw(b'[ {"type":"function"} ]'),
        think=False,
        max_tokens=7,
        temperature=0.7,
        top_k=40,
        repeat_penalty=1.1,
    )


@pytest.mark.parametrize(("sent", "read"), [(2**62, 2**31), (10**30, 2**31), (-5, 0)])
@pytest.mark.parametrize("rest", [b"\n", b""])
def test_no_count_is_negative_or_beyond_all_models(sent: int, read: int, rest: bytes) -> None:
    names = ("prompt_eval_count", "prompt_eval_cached_count", "eval_count", "eval_duration")
    line = json.dumps({"done": True} | dict.fromkeys(names, sent)).encode()
    reader = LineReader()
    (last,) = reader.feed(line + rest)[0] + reader.finish()[0]
    assert (last.prompt_eval_count, last.prompt_eval_cached_count, last.eval_count) == (read,) * 3
    assert 0 <= last.eval_duration <= 2**53


def test_what_is_the_servers_own_is_added() -> None:
    body = msgspec.json.decode(encoded(asked(), TARGET).body)
    assert (body["truncate"], body["shift"], body["keep_alive"]) == (False, False, "30m")
    assert body["options"] == {
        "num_ctx": 4096,
        "num_predict": 7,
        "temperature": 0.7,
        "top_k": 40,
        "repeat_penalty": 1.1,
    }


def test_a_request_comes_back_as_it_was_encoded() -> None:
    made = encoded(asked(), TARGET)
    assert made.request() == asked()
    assert made.size == len(made.body)
    assert encoded(made.request(), TARGET).body == made.body


def test_asking_again_in_one_piece_changes_nothing_but_that() -> None:
    first = encoded(asked(), TARGET)
    again = encoded(in_one_piece(first.request()), TARGET)
    assert again.body == first.body.replace(b'"stream":true', b'"stream":false')
