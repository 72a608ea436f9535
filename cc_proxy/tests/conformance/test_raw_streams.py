"""The bytes of streamed answers, held to the grammar of the API by a checker of our own."""

from typing import Any

import httpx2
import pytest

from . import grammar
from .answers import ANSWERS, ENABLED, THINK, TOOLS, Answer
from .clients import Json, asked, call
from .stack import KEY

pytestmark = pytest.mark.xdist_group("python-sdk")

_SECONDS = 120.0


def streamed(url: str, request: Json) -> list[grammar.Event]:
    """Return the events of the answer to a request."""
    response = httpx2.post(
        f"{url}/v1/messages?beta=true",
        json=request | {"stream": True},
        headers={"x-api-key": KEY},
        timeout=_SECONDS,
        trust_env=False,
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["request-id"].startswith("req_")
    return grammar.parse(response.content)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_the_stream_of_an_answer_keeps_to_the_grammar(proxy_url: str, answer: Answer) -> None:
    told = grammar.check(streamed(proxy_url, answer.request))
    assert [block.type for block in told.blocks] == [block["type"] for block in answer.content]
    assert (told.stop_reason, told.stop_sequence) == (answer.stop_reason, answer.stop_sequence)
    assert told.error is None


CALL = {"calls": [call("Read", path="a")]}
NAMED = {"id": "call_x", "function": {"index": 0, "name": "Read", "arguments": {"path": "a"}}}
JINJA = "practice-jinja"


def with_tools(*turns: Any, **fields: Any) -> Json:
    return asked(*turns, tools=TOOLS, **fields)


# What a model or its server may do, and the kinds of blocks and the end that must come of it.
BEHAVIOURS: dict[str, tuple[Json, str, str | None]] = {
    "an empty answer": (asked({"text": ""}), "text", "end_turn"),
    "nothing but spaces": (asked({"text": " \n "}), "text", "end_turn"),
    "thinking and nothing else": (
        asked({"thinking": "Hm."}, model=THINK, thinking=ENABLED),
        "thinking text",
        "end_turn",
    ),
    "thinking again after the text": (
        asked(
            [{"thinking": "A."}, {"text": "B."}, {"thinking": "C."}, {"text": "D."}],
            model=THINK,
            thinking=ENABLED,
        ),
        "thinking text thinking text",
        "end_turn",
    ),
    "thinking between two calls": (
        with_tools([CALL, {"thinking": "Hm."}, CALL], model=THINK, thinking=ENABLED),
        "tool_use thinking tool_use",
        "tool_use",
    ),
    "text after a call": (with_tools([CALL, {"text": "So."}]), "tool_use text", "tool_use"),
    "a call between two texts": (
        with_tools([{"text": "A."}, CALL, {"text": "B."}]),
        "text tool_use text",
        "tool_use",
    ),
    "the same call twice": (with_tools([CALL, CALL]), "tool_use tool_use", "tool_use"),
    "calls that all have index 0": (
        with_tools({"pieces": [{"content": "", "tool_calls": [NAMED]}] * 3}),
        "tool_use tool_use tool_use",
        "tool_use",
    ),
    "two calls, a text and thinking in one chunk": (
        with_tools(
            {"pieces": [{"thinking": "T", "content": "C", "tool_calls": [NAMED, NAMED]}]},
            model=THINK,
            thinking=ENABLED,
        ),
        "thinking text tool_use tool_use",
        "tool_use",
    ),
    "a call of a tool that is not declared": (
        with_tools({"calls": [call("Nonexistent")]}),
        "text",
        "end_turn",
    ),
    "a call of another tool by a Jinja model": (
        with_tools({"calls": [call("Nonexistent")]}, model=JINJA),
        "tool_use",
        "tool_use",
    ),
    "a call that is cut": (with_tools(CALL, max_tokens=2), "text", "max_tokens"),
    "text that is cut at its first token": (
        asked({"text": "one two"}, max_tokens=1),
        "text",
        "max_tokens",
    ),
    "thinking that is cut": (
        asked({"thinking": "one two three"}, model=THINK, thinking=ENABLED, max_tokens=2),
        "thinking text",
        "max_tokens",
    ),
    "a length that the server says": (
        asked([{"text": "one"}, {"done_reason": "length"}]),
        "text",
        "max_tokens",
    ),
    "a reason that nobody knows": (
        asked([{"text": "one"}, {"done_reason": "tired"}]),
        "text",
        "end_turn",
    ),
    "a stop sequence at once": (
        asked({"text": "STOP"}, stop_sequences=["STOP"]),
        "",
        "stop_sequence",
    ),
    "a stop sequence after a call": (
        with_tools([CALL, {"text": "a STOP b"}], stop_sequences=["STOP"]),
        "tool_use text",
        "stop_sequence",
    ),
    "a demanded call that does not come": (
        with_tools({"text": "No."}, tool_choice={"type": "any"}),
        "tool_use",
        "tool_use",
    ),
    "a call in spite of tool_choice none": (
        with_tools(CALL, tool_choice={"type": "none"}),
        "text",
        "end_turn",
    ),
    "lines with fields of tomorrow": (
        asked([{"raw": '{"message":{"content":"hi","beam":1},"done":false,"x":[]}'}]),
        "text",
        "end_turn",
    ),
    "a line without a message": (
        asked([{"raw": '{"done":false}'}, {"text": "hi"}]),
        "text",
        "end_turn",
    ),
    "an empty line": (asked([{"raw": ""}, {"text": "hi"}]), "text", "end_turn"),
    "a model of another name": (asked({"text": "hi"}, model="claude-opus-9-9"), "text", "end_turn"),
    "a name with the mark of a long window": (
        asked({"text": "hi"}, model="claude-opus-9-9[1m]"),
        "text",
        "end_turn",
    ),
}


@pytest.mark.parametrize(("request_body", "kinds", "reason"), BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_whatever_the_model_does_is_a_stream_of_the_api(
    proxy_url: str, request_body: Json, kinds: str, reason: str | None
) -> None:
    told = grammar.check(streamed(proxy_url, request_body))
    assert " ".join(block.type for block in told.blocks) == kinds
    assert told.stop_reason == reason
    assert told.message["model"] == request_body["model"]


BREAKS: dict[str, tuple[list[Any], str]] = {
    "in a text": ([{"text": "half"}, {"sleep": 0.1}, {"die": True}], "text"),
    "in thinking": ([{"thinking": "half"}, {"sleep": 0.1}, {"die": True}], "thinking"),
    "after a call": ([CALL, {"sleep": 0.1}, {"die": True}], "tool_use"),
    "between two texts": (
        [{"text": "a"}, CALL, {"text": "b"}, {"cut": True}],
        "text tool_use text",
    ),
    "on a line that is not JSON": ([{"text": "half"}, {"raw": "oops"}], "text"),
    "on a line with a wrong type": ([{"text": "half"}, {"raw": '{"message": 5}'}], "text"),
    "on an error of the server": ([{"text": "half"}, {"raw": '{"error":"no memory"}'}], "text"),
    "in a text that may become a call": ([{"text": "<"}, {"die": True}], "text"),
}


@pytest.mark.parametrize(("turn", "kinds"), BREAKS.values(), ids=BREAKS)
def test_an_answer_that_breaks_off_closes_its_block_and_says_so(
    proxy_url: str, turn: list[Json], kinds: str
) -> None:
    request = with_tools([turn[0], {"sleep": 0.2}, *turn[1:]], model=THINK, thinking=ENABLED)
    told = grammar.check(streamed(proxy_url, request))
    assert told.error is not None
    assert told.error["type"] == "api_error"
    assert told.stop_reason is None
    assert " ".join(block.type for block in told.blocks) == kinds


def test_what_came_in_one_read_with_an_error_is_not_lost(proxy_url: str) -> None:
    read = '{"message":{"content":"b"}}\n{"error":"no memory"}'
    request = asked([{"text": "a"}, {"sleep": 0.2}, {"raw": read}])
    told = grammar.check(streamed(proxy_url, request))
    assert told.error is not None
    assert [block.text for block in told.blocks] == ["ab"]


SILENCES: dict[str, list[Any]] = {
    "before anything": [{"sleep": 0.5}, {"text": "hi"}],
    "in a text": [{"text": "hi"}, {"sleep": 0.4}, {"text": " there"}],
    "in thinking": [{"thinking": "hm"}, {"sleep": 0.4}, {"text": "hi"}],
    "between two calls": [CALL, {"sleep": 0.4}, CALL],
    "everywhere": [
        *[{"sleep": 0.4}, {"thinking": "hm"}, {"sleep": 0.3}, {"text": "hi"}],
        *[{"sleep": 0.3}, CALL, {"sleep": 0.3}],
    ],
}


@pytest.mark.parametrize("turn", SILENCES.values(), ids=SILENCES)
def test_a_silence_is_filled_within_the_grammar(impatient_url: str, turn: list[Json]) -> None:
    request = with_tools(turn, model=THINK, thinking=ENABLED)
    events = streamed(impatient_url, request)
    told = grammar.check(events)
    assert told.stop_reason in ("end_turn", "tool_use")
    empty = [
        e for e in events if e.name == "content_block_delta" and "" in e.data["delta"].values()
    ]
    assert told.keep_alives + len(empty) >= 2


@pytest.mark.parametrize("end", [{"die": True}, {"stall": True}, {"error": {"status": 500}}])
def test_an_error_after_a_long_silence_is_an_event(impatient_url: str, end: Json) -> None:
    told = grammar.check(streamed(impatient_url, asked([{"sleep": 0.5}, end])))
    assert told.error is not None
    assert told.blocks == []
    assert told.keep_alives >= 1
