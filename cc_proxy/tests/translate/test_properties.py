"""What holds for every answer of Ollama's."""

import copy
import json
from dataclasses import dataclass
from itertools import count, groupby
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.parts import whole
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import FREE, AnswerRules
from cc_proxy.app.upstreams.ollama.lines import LineSplitter
from cc_proxy.app.upstreams.ollama.wire import decode_chunk, decode_chunks
from cc_proxy.tests.conformance import grammar

Json = dict[str, Any]

# Hypothesis' own limits are for a quiet machine; what these tests take is bounded by their size.
QUIET = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)

ONE_CALL = AnswerRules(one_call=True)
NO_CALL = AnswerRules(may_call=False)
DECLARED = AnswerRules(
    tools={"Read": {"type": "object", "properties": {"path": {"type": "string"}}}}
)

TEXTS = st.text(max_size=12)
NAMES = st.text("abcXYZ_-0189", min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.floats(-1e9, 1e9, allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)
CALLS = st.lists(st.tuples(NAMES, ARGUMENTS), max_size=3)


@dataclass(frozen=True)
class Chunk:
    """What one line adds; `beats` is how often the client is kept alive after it."""

    thinking: str
    text: str
    calls: list[tuple[str, Json]]
    beats: int

    def line(self, **more: Any) -> bytes:
        """Return the line as Ollama writes it."""
        message: Json = {"role": "assistant", "content": self.text}
        if self.thinking:
            message["thinking"] = self.thinking
        if self.calls:
            message["tool_calls"] = [
                {"id": "call_1", "function": {"index": 0, "name": name, "arguments": arguments}}
                for name, arguments in self.calls
            ]
        return json.dumps({"model": "m", "message": message, "done": False} | more).encode() + b"\n"


CHUNKS = st.lists(
    st.builds(
        Chunk,
        thinking=st.just("") | TEXTS,
        text=st.just("") | TEXTS,
        calls=st.just([]) | CALLS,
        beats=st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)
REASONS = st.sampled_from(["stop", "length", "load", "unload"])
COUNTS = st.integers(0, 10**6)


def body(chunks: list[Chunk], reason: str, tokens: int) -> bytes:
    """Return an answer of Ollama's; the last chunk is the one that is `done`."""
    *before, last = chunks
    end = last.line(done=True, done_reason=reason, prompt_eval_count=tokens, eval_count=tokens)
    return b"".join(chunk.line() for chunk in before) + end


def pieces(data: st.DataObject, whole: bytes) -> list[bytes]:
    """Cut bytes as TCP may."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12), label="cuts"))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def stream(rules: AnswerRules = FREE) -> AnswerStream:
    numbers = count(1)
    return AnswerStream(
        message_id="msg_1",
        model="m",
        input_tokens=7,
        new_tool_id=lambda: f"toolu_{next(numbers)}",
        rules=rules,
    )


def events_of(answer: AnswerStream, reads: list[bytes], beats: list[int]) -> list[ev.Event]:
    """Give `answer` what was read; `beats[n]` keep-alives come after its line n."""
    splitter = LineSplitter()
    events: list[ev.Event] = []
    waiting = iter(beats)
    for read in reads:
        for line in splitter.feed(read).splitlines():
            events += answer.feed(decode_chunk(line))
            for _ in range(next(waiting)):
                events += answer.keep_alive()
    assert splitter.rest() == b""
    return events


def told(events: list[ev.Event]) -> grammar.Told:
    return grammar.check(grammar.parse(ev.encode(events)))


def expected(chunks: list[Chunk]) -> list[tuple[str, Any]]:
    """Return the blocks of an answer: neighbours of one kind are one, each call is its own.

    Blanks between the thinking and the first word are left out.
    """
    parts: list[tuple[str, Any]] = []
    thought = spoke = False
    for chunk in chunks:
        thought = thought or bool(chunk.thinking)
        text = chunk.text.lstrip() if thought and not spoke else chunk.text
        spoke = spoke or bool(text.strip())
        parts += [("thinking", chunk.thinking)] if chunk.thinking else []
        parts += [("text", text)] if text else []
        parts += [("tool_use", call) for call in chunk.calls]
    blocks: list[tuple[str, Any]] = []
    for kind, group in groupby(parts, key=lambda part: part[0]):
        values = [value for _, value in group]
        if kind == "tool_use":
            blocks += [(kind, value) for value in values]
        else:
            blocks.append((kind, "".join(values)))
    return blocks


def found(answer: grammar.Told) -> list[tuple[str, Any]]:
    return [
        (block.type, (block.start["name"], json.loads(block.text or "{}")))
        if block.type == "tool_use"
        else (block.type, block.text)
        for block in answer.blocks
    ]


def shows_nothing(blocks: list[tuple[str, Any]]) -> bool:
    return all(kind == "thinking" or (kind == "text" and value.isspace()) for kind, value in blocks)


@QUIET
@given(chunks=CHUNKS, reason=REASONS, tokens=COUNTS, data=st.data())
def test_any_answer_however_cut_is_a_stream_that_says_the_same(
    chunks: list[Chunk], reason: str, tokens: int, data: st.DataObject
) -> None:
    reads = pieces(data, body(chunks, reason, tokens))
    answer = told(events_of(stream(), reads, [chunk.beats for chunk in chunks]))
    said = expected(chunks)
    if shows_nothing(said):
        # A client drops an empty turn and asks again: there is a note in its place.
        *before, (kind, note) = found(answer)
        assert kind == "text"
        assert "[cc-proxy: " in note
        blank = note[: note.index("[cc-proxy: ")]
        assert [*before, ("text", blank)] == said if blank else before == said
    else:
        assert found(answer) == said
    assert answer.error is None
    assert answer.usage["output_tokens"] == tokens
    assert answer.usage["input_tokens"] == (tokens or 7)


WORDS = st.text("ab {<.\n", max_size=6)
PLAIN = st.lists(
    st.builds(
        Chunk,
        thinking=st.just("") | WORDS,
        text=st.just("") | WORDS,
        calls=st.lists(st.just(("Read", {"path": "a"})), max_size=1),
        beats=st.integers(0, 1),
    ),
    min_size=1,
    max_size=6,
)


@QUIET
@example(chunks=[Chunk("<", "", [("Read", {"path": "a"})], 0)])
@example(chunks=[Chunk("", "<", [], 0), Chunk("hm", "", [], 0)])
@given(chunks=PLAIN)
def test_watching_for_calls_in_the_text_changes_no_plain_text(chunks: list[Chunk]) -> None:
    watched = told(events_of(stream(DECLARED), [body(chunks, "stop", 1)], [0] * len(chunks)))
    free = told(events_of(stream(), [body(chunks, "stop", 1)], [0] * len(chunks)))
    assert found(watched) == found(free)


@QUIET
@example(chunks=[Chunk("", "<", [], 0)])
@example(chunks=[Chunk("", "<", [], 0), Chunk("hm", "", [], 0)])
@given(chunks=PLAIN)
def test_an_answer_that_breaks_gives_out_what_was_held_back(chunks: list[Chunk]) -> None:
    answer = stream(DECLARED)
    events = events_of(answer, [chunk.line() for chunk in chunks], [0] * len(chunks))
    broken = told(events + whole(answer.fail(ApiError(502, "api_error", "broke"))))
    assert found(broken) == expected(chunks)


@QUIET
@given(chunks=CHUNKS, reason=REASONS)
def test_the_stop_reason_is_the_one_that_the_blocks_call_for(
    chunks: list[Chunk], reason: str
) -> None:
    answer = told(events_of(stream(), [body(chunks, reason, 5)], [0] * len(chunks)))
    calls = any(chunk.calls for chunk in chunks)
    wanted = "max_tokens" if reason == "length" else "tool_use" if calls else "end_turn"
    assert answer.stop_reason == wanted


@QUIET
@given(chunks=CHUNKS, data=st.data())
def test_cutting_the_bytes_changes_no_event(chunks: list[Chunk], data: st.DataObject) -> None:
    whole = body(chunks, "stop", 5)
    beats = [0] * len(chunks)
    cut = ev.encode(events_of(stream(), pieces(data, whole), beats))
    assert cut == ev.encode(events_of(stream(), [whole], beats))


@QUIET
@example(chunks=[Chunk("", "One", [], 0), Chunk("", " two", [], 0), Chunk("", "\n{", [], 0)])
@example(chunks=[Chunk("one", "", [], 0), Chunk(" two", "", [], 0), Chunk("<", "", [], 0)])
@given(chunks=PLAIN)
def test_chunks_that_come_together_say_the_same_as_one_by_one(chunks: list[Chunk]) -> None:
    lines = body(chunks, "stop", 1)
    one, other = stream(DECLARED), stream(DECLARED)
    apart = told([e for line in lines.splitlines() for e in one.feed(decode_chunk(line))])
    together = decode_chunks(lines)
    assert found(told(other.feed_all(together[:-1]) + other.feed_all(together[-1:]))) == found(
        apart
    )
    assert other.written() == one.written()
    assert other.usage == one.usage


def test_words_that_come_together_are_one_delta() -> None:
    answer = stream()
    answer.feed_all(decode_chunks(Chunk("", "One", [], 0).line()))
    (event,) = answer.feed_all(decode_chunks(Chunk("", " and", [], 0).line() * 3))
    assert event == ev.ContentBlockDelta(0, ev.TextDelta(" and and and"))


@QUIET
@given(chunks=CHUNKS, reason=REASONS)
def test_the_whole_answer_is_what_the_stream_tells(chunks: list[Chunk], reason: str) -> None:
    events = events_of(stream(), [body(chunks, reason, 5)], [0] * len(chunks))
    streamed = told(copy.deepcopy(events))
    collector = AnswerCollector()
    for event in events:
        collector.add(event)
    message = json.loads(collector.encode())
    assert message["content"] == streamed.content()
    assert message["usage"] == streamed.usage
    ends = (streamed.stop_reason, streamed.stop_sequence)
    assert (message["stop_reason"], message["stop_sequence"]) == ends


@QUIET
@given(chunks=CHUNKS, kept=st.integers(0, 8))
def test_an_answer_that_breaks_anywhere_ends_with_its_error(chunks: list[Chunk], kept: int) -> None:
    answer = stream()
    lines = [chunk.line() for chunk in chunks[:kept]]
    events = events_of(answer, lines, [chunk.beats for chunk in chunks])
    events += whole(answer.fail(ApiError(502, "api_error", "broke")))
    broken = told(events)
    assert broken.error == {"type": "api_error", "message": "broke"}
    assert found(broken) == expected(chunks[:kept])
    assert answer.feed(decode_chunk(chunks[0].line())) == []
    assert answer.keep_alive() == []


@QUIET
@example(parts=["aba"], sequences=["b", "aba"])
@given(
    parts=st.lists(st.text("ab\n", max_size=4), min_size=1, max_size=10),
    sequences=st.lists(st.text("ab\n", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_a_stop_sequence_is_found_wherever_the_text_is_cut(
    parts: list[str], sequences: list[str]
) -> None:
    chunks = [Chunk("", part, [], 1) for part in parts]
    answer = stream(AnswerRules(stop_sequences=tuple(sequences)))
    lines = [*(chunk.line() for chunk in chunks), Chunk("", "", [], 0).line(done=True)]
    ended = told(events_of(answer, lines, [1] * len(lines)))
    text = "".join(parts)
    shown = "".join(block.text for block in ended.blocks)
    ends = [text.find(sequence) + len(sequence) for sequence in sequences if sequence in text]
    if ends:
        # The one that is complete first: up to it everything was said, and after it nothing.
        assert ended.stop_reason == "stop_sequence"
        assert ended.stop_sequence in sequences
        assert text.startswith(shown + (ended.stop_sequence or ""))
        assert len(shown + (ended.stop_sequence or "")) == min(ends)
    else:
        assert ended.stop_reason == "end_turn"
        assert shown.startswith(text)


@QUIET
@given(
    parts=st.lists(st.text("ab\n", max_size=4), min_size=1, max_size=10),
    sequence=st.text("ab\n", min_size=1, max_size=3),
)
def test_one_stop_sequence_is_found_wherever_the_text_is_cut(
    parts: list[str], sequence: str
) -> None:
    lines = [Chunk("", part, [], 1).line() for part in parts]
    lines.append(Chunk("", "", [], 0).line(done=True))
    answer = stream(AnswerRules(stop_sequences=(sequence,)))
    ended = told(events_of(answer, lines, [1] * len(lines)))
    shown = "".join(block.text for block in ended.blocks)
    before, found_it, _ = "".join(parts).partition(sequence)
    if found_it:
        assert (ended.stop_reason, ended.stop_sequence) == ("stop_sequence", sequence)
        assert shown == before
    else:
        assert ended.stop_reason == "end_turn"
        assert shown.startswith(before)


@QUIET
@given(chunks=CHUNKS, rules=st.sampled_from([ONE_CALL, NO_CALL]))
def test_calls_that_are_not_wanted_are_left_out_and_nothing_else(
    chunks: list[Chunk], rules: AnswerRules
) -> None:
    answer = told(events_of(stream(rules), [body(chunks, "stop", 5)], [0] * len(chunks)))
    calls = [value for kind, value in expected(chunks) if kind == "tool_use"]
    assert [v for k, v in found(answer) if k == "tool_use"] == (
        calls[:1] if rules is ONE_CALL else []
    )
    thought = "".join(chunk.thinking for chunk in chunks)
    assert "".join(v for k, v in found(answer) if k == "thinking") == thought
    said = "".join(value for kind, value in expected(chunks) if kind == "text")
    assert "".join(v for k, v in found(answer) if k == "text").startswith(said)


@QUIET
@given(chunks=CHUNKS)
def test_an_answer_is_the_same_every_time(chunks: list[Chunk]) -> None:
    whole = body(chunks, "stop", 5)
    once, again = (events_of(stream(), [whole], [0] * len(chunks)) for _ in range(2))
    assert ev.encode(once) == ev.encode(again)


def test_nothing_follows_the_end() -> None:
    answer = stream()
    events_of(answer, [body([Chunk("", "x", [], 0)], "stop", 1)], [0])
    assert answer.state is State.ENDED
    assert answer.start() + answer.keep_alive() + whole(answer.fail(ApiError(500, "e", "e"))) == []
