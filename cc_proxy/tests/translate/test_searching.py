"""An answer of several rounds is one message, whatever the rounds are."""

import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Message
from cc_proxy.app.chat.messages import CalledFunction, ChatChunk, ChunkMessage, ToolCall
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.parts import whole
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer

FOUND = [ev.WebSearchResult("T", "https://a.example", "")]


def stream(ids: "itertools.count[int]") -> AnswerStream:
    return AnswerStream(
        message_id="msg_1", model="m", input_tokens=5, new_tool_id=lambda: f"toolu_{next(ids)}"
    )


def call(name: str) -> ToolCall:
    return ToolCall(function=CalledFunction(name=name, arguments=msgspec.Raw(b'{"query":"q"}')))


CHUNK = st.one_of(
    st.builds(ChunkMessage, content=st.sampled_from(["a", " ", "b c"])),
    st.builds(ChunkMessage, thinking=st.sampled_from(["h", "m"])),
    st.just(ChunkMessage(tool_calls=[call("web_search")])),
    st.just(ChunkMessage(tool_calls=[call("web_search"), call("web_search")])),
)
ROUND = st.lists(CHUNK, max_size=5)
DONE = ChatChunk(done=True, done_reason="stop", prompt_eval_count=9, eval_count=2)


def played(rounds: list[list[ChunkMessage]], *, known: bool) -> list[ev.Event]:
    """Return the events of an answer; `known`: its first search needs no round."""
    ids = itertools.count()
    answer = MultiRoundAnswer(stream(ids))
    events: list[ev.Event] = []
    if known:
        events += answer.search("srvtoolu_x", "q")
        events += answer.searched(answer.calls[0], FOUND)
    for number, chunks in enumerate(rounds):
        if number or known:
            answer.begin(stream(ids))
        for message in chunks:
            events += whole(answer.parts([ChatChunk(message=message)]))
            assert len(answer.keep_alive()) == 1
        events += whole(answer.parts([DONE]))
        for wanted in answer.calls:
            events += answer.searched(wanted, FOUND)
        assert len(answer.keep_alive()) == 1
    so_far = answer.message().content
    events += answer.end()
    assert msgspec.json.encode(so_far) == msgspec.json.encode(as_message(events).content)
    return events


def as_message(events: list[ev.Event]) -> Message:
    return msgspec.json.decode(collected(events), type=Message)


def collected(events: list[ev.Event]) -> bytes:
    collector = AnswerCollector()
    for event in events:
        collector.add(event)
    return collector.encode()


@given(rounds=st.lists(ROUND, min_size=1, max_size=4), known=st.booleans())
def test_all_rounds_make_one_message_in_the_grammar_of_the_api(
    *, rounds: list[list[ChunkMessage]], known: bool
) -> None:
    events = played(rounds, known=known)
    assert isinstance(events[0], ev.MessageStart)
    assert [type(event) for event in events[-2:]] == [ev.MessageDelta, ev.MessageStop]
    opened: int | None = None
    count = 0
    for event in events[1:-2]:
        match event:
            case ev.ContentBlockStart(index, _):
                assert (opened, index) == (None, count)
                opened, count = index, count + 1
            case ev.ContentBlockDelta(index, _):
                assert index == opened
            case ev.ContentBlockStop(index):
                assert index == opened
                opened = None
            case _:
                raise AssertionError(event)
    assert opened is None


@given(rounds=st.lists(ROUND, min_size=1, max_size=4), known=st.booleans())
def test_every_search_has_its_own_result_and_is_counted(
    *, rounds: list[list[ChunkMessage]], known: bool
) -> None:
    message = msgspec.json.decode(collected(played(rounds, known=known)))
    uses = [b["id"] for b in message["content"] if b["type"] == "server_tool_use"]
    found = [b["tool_use_id"] for b in message["content"] if "tool_use_id" in b]
    assert found == uses
    assert len(set(uses)) == len(uses)
    assert message["usage"]["server_tool_use"]["web_search_requests"] == len(uses)
    assert message["usage"]["output_tokens"] == 2 * len(rounds)


def test_a_keep_alive_names_the_block_that_is_open() -> None:
    ids = itertools.count()
    answer = MultiRoundAnswer(stream(ids))
    assert answer.keep_alive() == []
    whole(
        answer.parts(
            [ChatChunk(message=ChunkMessage(content="a", tool_calls=[call("web_search")]))]
        )
    )
    whole(answer.parts([DONE]))
    answer.searched(answer.calls[0], FOUND)
    answer.begin(stream(ids))
    whole(answer.parts([ChatChunk(message=ChunkMessage(content="b"))]))
    assert answer.keep_alive() == [ev.ContentBlockDelta(3, ev.TextDelta(""))]
    answer.end()
    assert answer.keep_alive() == []


def test_a_failure_closes_the_open_block_of_the_round() -> None:
    ids = itertools.count()
    answer = MultiRoundAnswer(stream(ids))
    answer.search("srvtoolu_x", "q")
    answer.searched(answer.calls[0], FOUND)
    answer.begin(stream(ids))
    whole(answer.parts([ChatChunk(message=ChunkMessage(content="b"))]))
    error = invalid_request("no")
    assert whole(answer.fail(error)) == [
        ev.ContentBlockStop(2),
        ev.ErrorEvent(ev.ErrorDetail("invalid_request_error", "no")),
    ]
    assert whole(answer.fail(error)) == []


def test_a_failure_before_anything_was_said_begins_the_message_first() -> None:
    answer = MultiRoundAnswer(stream(itertools.count()))
    kinds = [type(event) for event in whole(answer.fail(invalid_request("no")))]
    assert kinds == [ev.MessageStart, ev.ErrorEvent]
