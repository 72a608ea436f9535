"""Answers as chunks: every recorded stream, and the rules that the recordings teach."""

from typing import Any

import pytest

from cc_proxy.app.chat.errors import (
    ContextOverflowError,
    UpstreamBrokeError,
    UpstreamRefusedError,
    WrongServerError,
)
from cc_proxy.app.upstreams.openai.reading import AnswerReader
from cc_proxy.tests.upstreams.openai.answers import DONE, SERVER, answer_of, data, event
from cc_proxy.tests.upstreams.openai.recorded import Exchange, exchanges, named, streams

USAGE = {"prompt_tokens": 100, "completion_tokens": 7}
STOP = event(finish_reason="stop")


def expected(stream: Exchange) -> dict[str, Any]:
    """Read a recorded stream the simple way, with nothing but the events that came."""
    text = thinking = reason = ""
    usage: dict[str, Any] = {}
    calls: dict[int, dict[str, str]] = {}
    for found in stream.events():
        usage = found.get("usage") or usage
        for choice in found["choices"]:
            delta = choice["delta"]
            text += delta.get("content") or ""
            thinking += delta.get("reasoning_content") or delta.get("reasoning") or ""
            reason = choice["finish_reason"] or reason
            for part in delta.get("tool_calls") or ():
                call = calls.setdefault(part["index"], {"name": "", "arguments": ""})
                call["name"] += part["function"].get("name") or ""
                call["arguments"] += part["function"].get("arguments") or ""
    return {
        "text": text,
        "thinking": thinking,
        "reason": reason,
        "usage": usage,
        "calls": [(call["name"], call["arguments"]) for call in calls.values()],
    }


@pytest.mark.parametrize(
    ("sent", "read"), [(2**62, 2**31), (10**30, 2**31), (-5, 0), (2**31, 2**31)]
)
def test_no_count_of_a_server_is_negative_or_beyond_all_models(sent: int, read: int) -> None:
    usage = {
        "prompt_tokens": sent,
        "completion_tokens": sent,
        "prompt_tokens_details": {"cached_tokens": sent},
    }
    timings = {"prompt_ms": sent * 1e300 if sent < 10**8 else 1e308, "predicted_ms": -1.0}
    end = data({"choices": [], "usage": usage, "timings": timings})
    answer = answer_of(event(content="x") + STOP + end + DONE)
    assert answer.counts == (read, read, read)
    assert answer.last is not None
    assert 0 <= answer.last.prompt_eval_duration <= 2**53
    assert answer.last.eval_duration == 0


def test_every_recorded_stream_reads_the_same_whole_and_byte_by_byte() -> None:
    different = []
    for stream in streams():
        whole = answer_of(stream.body, ends=not stream.hung_up)
        single = answer_of(
            *[bytes([byte]) for byte in stream.body],
            ends=not stream.hung_up,
        )
        whole.trouble, single.trouble = str(whole.trouble), str(single.trouble)  # type: ignore[assignment]
        if whole != single:
            different.append(stream.name)
    assert different == []


def test_every_recorded_stream_says_what_its_events_say() -> None:
    wrong = []
    for stream in streams():
        answer, want = answer_of(stream.body, ends=not stream.hung_up), expected(stream)
        if (answer.text, answer.thinking) != (want["text"], want["thinking"]):
            wrong.append(f"{stream.name}: words")
        if want["reason"] and answer.trouble is None:
            usage = want["usage"]
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
            if usage and answer.counts != (
                usage["prompt_tokens"],
                cached,
                usage["completion_tokens"],
            ):
                wrong.append(f"{stream.name}: {answer.counts}")
            if (answer.reason == "length") != (want["reason"] == "length"):
                wrong.append(f"{stream.name}: {answer.reason}")
        if [name for name, _ in answer.calls] != [n for n, _ in want["calls"]][: len(answer.calls)]:
            wrong.append(f"{stream.name}: {answer.calls}")
    assert wrong == []


def test_the_recorded_streams_that_do_not_end_well_are_known() -> None:
    troubles = {
        stream.name: str(answer.trouble)
        for stream in streams()
        if not stream.hung_up and (answer := answer_of(stream.body)).trouble is not None
    }
    assert troubles == {
        "rayserve/replica_killed_midstream": "gpu1 ended its answer in the middle.",
        "vllm/script_cutargs": "The model called a tool with arguments that end in the middle.",
    }


def test_an_answer_that_was_left_has_neither_an_end_nor_trouble() -> None:
    left = [stream for stream in streams() if stream.hung_up]
    assert len(left) >= 4
    for stream in left:
        answer = answer_of(stream.body, ends=False)
        assert answer.text
        assert (answer.last, answer.trouble) == (None, None)


def calls_of(name: str) -> list[tuple[str, Any]]:
    answer = answer_of(named(name).body)
    assert answer.trouble is None
    return answer.calls


@pytest.mark.parametrize("server", ["llama", "vllm", "rayllm"])
def test_calls_come_whole_from_every_server(server: str) -> None:
    assert calls_of(f"{server}/script_bash") == [("Bash", {"command": "echo one && ls -la"})]
    assert calls_of(f"{server}/script_three") == [
        ("Bash", {"command": "a"}),
        ("Bash", {"command": "b"}),
        ("get_time", {"zone": "CET"}),
    ]


def test_a_named_tool_choice_that_ends_with_stop_is_a_call_all_the_same() -> None:
    answer = answer_of(named("vllm/chat_tool_choice_named").body)
    assert named("vllm/chat_tool_choice_named").body.count(b'"finish_reason":"stop"') == 1
    assert [name for name, _ in answer.calls] == ["Bash"]
    assert answer.reason == "stop"


def test_thinking_is_read_from_either_field() -> None:
    llama = answer_of(named("llama/script_think").body)
    vllm = answer_of(named("vllm/script_think").body)
    assert llama.thinking.strip() == vllm.thinking.strip() == "The user wants a greeting. I greet."
    assert vllm.text == "\n\nGood morning."


def test_comments_while_the_prompt_is_read_are_no_words() -> None:
    stream = named("llama/prefill_pings")
    assert stream.body.startswith(b":\n\n")
    first = stream.body.index(b"data:")
    reader = AnswerReader(SERVER)
    assert reader.feed(stream.body[:first]) == ([], None)


def test_cut_arguments_are_an_error_and_never_a_call() -> None:
    answer = answer_of(named("vllm/script_cutargs").body)
    assert answer.calls == []
    assert answer.last is None


# Rule 1: where an answer ends.
@pytest.mark.parametrize(
    ("behind", "counts"),
    [
        ([DONE], (0, None, 1)),
        ([], (0, None, 1)),
        ([data({"choices": [], "usage": USAGE})], (100, None, 7)),
        ([data({"choices": [], "usage": USAGE}), DONE, event({"content": "more"})], (100, None, 7)),
    ],
)
def test_an_answer_ends_with_its_reason_and_then_counts_or_the_end(
    behind: list[bytes], counts: tuple[int, int | None, int]
) -> None:
    answer = answer_of(event({"content": "Hi"}), STOP, *behind)
    assert (answer.text, answer.reason, answer.trouble) == ("Hi", "stop", None)
    assert answer.counts == counts


def test_the_counts_end_an_answer_before_the_stream_does() -> None:
    answer = answer_of(STOP, data({"choices": [], "usage": USAGE}), ends=False)
    assert answer.reason == "stop"


def test_counts_beside_words_end_nothing_and_the_last_ones_count() -> None:
    early, late = {"prompt_tokens": 100, "completion_tokens": 1}, USAGE
    answer = answer_of(
        event({"content": "Hi"}, usage=early),
        event(finish_reason="stop", usage=late),
        data({"choices": [], "usage": {**late, "prompt_tokens_details": {"cached_tokens": 64}}}),
    )
    assert answer.counts == (100, 64, 7)


def test_an_error_in_place_of_the_end_is_the_error() -> None:
    answer = answer_of(event({"content": "Hi"}), data({"error": {"message": "worker died"}}), DONE)
    assert isinstance(answer.trouble, UpstreamRefusedError)
    assert (answer.trouble.status, answer.trouble.text) == (200, "worker died")
    assert answer.last is None


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"object": "error", "message": "The input (20 tokens) is longer than the model's"
                   " context length (10 tokens).", "code": 400}},
        {"object": "error", "message": "The input (20 tokens) is longer than the model's context"
         " length (10 tokens)."},
    ],
)  # fmt: skip
def test_an_overflow_in_mid_stream_is_an_overflow(error: dict[str, Any]) -> None:
    answer = answer_of(data(error))
    assert isinstance(answer.trouble, ContextOverflowError)
    assert (answer.trouble.prompt_tokens, answer.trouble.window) == (20, 10)


@pytest.mark.parametrize("pieces", [[event({"content": "Hi"})], [event({"content": "Hi"}), DONE]])
def test_an_end_without_a_reason_is_a_break(pieces: list[bytes]) -> None:
    answer = answer_of(*pieces)
    assert isinstance(answer.trouble, UpstreamBrokeError)
    assert (answer.text, answer.last) == ("Hi", None)


# Rule 2.
@pytest.mark.parametrize("reason", ["abort", "error"])
def test_an_aborted_answer_is_broken(reason: str) -> None:
    answer = answer_of(event({"content": "Hi"}), event(finish_reason=reason), DONE)
    assert reason in str(answer.trouble)
    assert answer.last is None


@pytest.mark.parametrize(
    ("reason", "read"),
    [("stop", "stop"), ("tool_calls", "stop"), ("content_filter", "stop"), ("length", "length")],
)
def test_only_a_cut_answer_has_another_reason(reason: str, read: str) -> None:
    assert answer_of(event({"content": "Hi"}), event(finish_reason=reason), DONE).reason == read


# Rule 7.
@pytest.mark.parametrize(
    ("details", "trusts_zero", "cached"),
    [
        ({"cached_tokens": 64}, False, 64),
        ({"cached_tokens": 0}, True, 0),
        ({"cached_tokens": 0}, False, None),
        ({"cached_tokens": None}, True, None),
        ({}, True, None),
        (None, True, None),
    ],
)
def test_no_cached_tokens_are_believed_only_of_a_server_that_counts_them(
    details: dict[str, Any] | None, cached: int | None, *, trusts_zero: bool
) -> None:
    usage = {**USAGE, "prompt_tokens_details": details}
    answer = answer_of(STOP, data({"choices": [], "usage": usage}), trusts_zero=trusts_zero)
    assert answer.counts == (100, cached, 7)


def test_the_times_of_llama_server_are_nanoseconds() -> None:
    last = answer_of(named("llama/chat_text_stream").body).last
    assert last is not None
    assert last.prompt_eval_duration == 145_049_000


@pytest.mark.parametrize(
    "body",
    [
        b"data: nonsense\n\n",
        b'data: {"choices": 5}\n\n',
        b'data: {"choices": [\n\n',
        b"data: <!doctype html>\n\n",
        b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"\\uZZZZ"}}]}}]}\n\n',
    ],
)
def test_what_is_no_chat_is_an_error_with_words(body: bytes) -> None:
    answer = answer_of(event({"content": "Hi"}), body)
    assert isinstance(answer.trouble, UpstreamBrokeError)
    assert answer.text == "Hi"
    assert "nonsense" not in answer.trouble.log_text


def test_empty_data_and_other_choices_are_passed_over() -> None:
    other = data({"choices": [{"index": 1, "delta": {"content": "no"}}]})
    assert answer_of(b"data:\n\n", other, event({"content": "Hi"}), STOP).text == "Hi"


# One event in one piece may pass the parser by.
def test_plain_words_are_the_words_that_feed_would_give() -> None:
    for stream in streams():
        reader = AnswerReader(SERVER)
        for piece in stream.body.split(b"\n\n"):
            before = reader.plain_words(piece + b"\n\n")
            chunks, trouble = reader.feed(piece + b"\n\n")
            if before is not None:
                assert (chunks, trouble) == (before, None)


def test_most_words_of_a_stream_are_plain() -> None:
    reader, plain = AnswerReader(SERVER), 0
    pieces = named("vllm/script_long").body.split(b"\n\n")
    for piece in pieces:
        plain += reader.plain_words(piece + b"\n\n") is not None
        reader.feed(piece + b"\n\n")
    assert plain > len(pieces) - 8


# An answer in one piece.
def test_every_recorded_answer_in_one_piece_is_read() -> None:
    whole = [
        exchange
        for exchange in exchanges().values()
        if exchange.is_chat and exchange.status == 200 and exchange.body.startswith(b"{")
    ]
    assert len(whole) >= 8
    for exchange in whole:
        answer = answer_of(exchange.body)
        assert answer.trouble is None
        assert answer.text or answer.thinking or answer.calls
        assert answer.reason in ("stop", "length")
        assert answer_of(*[bytes([byte]) for byte in exchange.body]) == answer


@pytest.mark.parametrize("body", [b'{\n "error": {\n  "message": "no"}}', b"{", b"no", b""])
def test_a_body_that_is_no_answer_is_an_error(body: bytes) -> None:
    assert answer_of(body).trouble is not None


@pytest.mark.parametrize("pieces", [1, 7, 10_000])
def test_a_web_page_in_place_of_an_answer_is_named(pieces: int) -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>Log in to the cluster</title></head></html>"
    parts = [page[at : at + pieces] for at in range(0, len(page), pieces)]
    answer = answer_of(*parts)
    assert isinstance(answer.trouble, WrongServerError)
    assert str(answer.trouble) == (
        'gpu1 sent a web page, which is not gpu1\'s own: "Log in to the cluster".'
    )
    assert answer.trouble.hint == (
        "Check upstreams.gpu1.url: a server with OpenAI's chat API must answer there."
    )


def test_other_text_in_place_of_an_answer_is_shown() -> None:
    assert "is not a chat completion: 'upstream gone'" in str(answer_of(b"upstream gone").trouble)


@pytest.mark.parametrize("reason", ["eos_token", "SAFETY", "weird", "content_filter"])
def test_words_behind_a_reason_that_nobody_knows_are_read(reason: str) -> None:
    answer = answer_of(
        event({"content": "one "}, finish_reason=reason),
        event({"content": "two "}, finish_reason=reason),
        event({"content": "three"}),
        DONE,
    )
    assert (answer.text, answer.reason, answer.trouble) == ("one two three", "stop", None)


def test_a_reason_beside_each_part_of_a_call_cuts_nothing() -> None:
    parts = [{"name": "Bash", "arguments": '{"command":'}, {"arguments": ' "ls"}'}]
    events = [
        event({"tool_calls": [{"index": 0, "function": part}]}, finish_reason="tool_calls")
        for part in parts
    ]
    assert answer_of(*events, DONE).calls == [("Bash", {"command": "ls"})]
    assert answer_of(*events).calls == [("Bash", {"command": "ls"})]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"error": {"message": "worker died"}}, "worker died"),
        ({"message": "worker died"}, "worker died"),
        ({"detail": "worker died"}, "worker died"),
    ],
)
def test_an_event_of_the_type_error_is_an_error_in_whatever_form(sent: object, said: str) -> None:
    answer = answer_of(event({"content": "Hi"}), b"event: error\n" + data(sent), DONE)
    assert isinstance(answer.trouble, UpstreamRefusedError)
    assert (answer.text, answer.trouble.text) == ("Hi", said)
    plain = answer_of(b"event: error\ndata: the worker died\n\n")
    assert str(plain.trouble) == "gpu1 answered 200: the worker died"


def test_an_event_of_another_type_is_read_as_any() -> None:
    answer = answer_of(b"event: message\n" + event({"content": "Hi"}), STOP, DONE)
    assert (answer.text, answer.trouble) == ("Hi", None)


# A model that writes an emoji in two tokens can be cut between them.
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"a\ud800b", "a\ufffdb"),
        (rb"\ude00\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\ude00\ud83d", "😀\ufffd"),
        (rb"\\ud800 \ud800", "\\ud800 \ufffd"),
    ],
)
def test_half_of_a_pair_of_surrogates_is_replaced(written: bytes, read: str) -> None:
    text = answer_of(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % written, STOP, DONE)
    assert (text.text, text.trouble) == (read, None)
    inside = written.replace(b"\\", b"\\\\")
    for arguments in (b'"{\\"a\\": \\"%b\\"}"' % written, b'"{\\"a\\": \\"%b\\"}"' % inside):
        call = b'{"index":0,"function":{"name":"f","arguments":%b}}' % arguments
        found = answer_of(
            b'data: {"choices":[{"delta":{"tool_calls":[%b]}}]}\n\n' % call, STOP, DONE
        )
        assert found.trouble is None
        ((_, read_arguments),) = found.calls
        assert "\ufffd" in read_arguments["a"]
