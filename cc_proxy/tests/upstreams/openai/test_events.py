"""Server-sent events come out the same, however the stream was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.upstreams.openai.events import EventSplitter, EventTooLongError, single_event
from cc_proxy.tests.upstreams.openai.recorded import streams


def read(pieces: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    return [event for piece in pieces for event in splitter.feed(piece)] + splitter.finish()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)], strict=True)]


LINE = st.sampled_from(
    [
        *("data: {}", "data:{}", "data", "data:", "data:  two", "data: a:b", "data: ü"),
        *(":", ": ping", "event: error", "id: 7", "retry: 3", "", "", "\ufeff", "dat"),
    ]
)
END = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r"])
STREAM = st.lists(st.tuples(LINE, END), max_size=12).map(
    lambda lines: "".join(text + end for text, end in lines).encode()
)


@given(STREAM, st.lists(st.integers(0, 200), max_size=8))
def test_any_cutting_gives_the_same_events(stream: bytes, places: list[int]) -> None:
    whole = read([stream])
    assert read(cut(stream, places)) == whole
    assert read([bytes([byte]) for byte in stream]) == whole


def test_every_recorded_stream_gives_the_same_events_byte_by_byte() -> None:
    differ = [
        stream.name
        for stream in streams()
        if read([stream.body]) != read([bytes([byte]) for byte in stream.body])
    ]
    assert len(streams()) > 100
    assert differ == []


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
        (b"data:one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
        (b"data: one\r\rdata: two\r\r", [b"one", b"two"]),
        (b": ping\n\n:\n\ndata: one\n\n", [b"one"]),
        (b"data: 1\ndata: 2\n\n", [b"1\n2"]),
        (b"event: error\nid: 4\ndata: one\n\n", [b"one"]),
        (b"\xef\xbb\xbfdata: one\n\n", [b"one"]),
        (b"data:  one\n\n", [b" one"]),
        (b"data: one\n", [b"one"]),
        (b"data: one", [b"one"]),
        (b"data\n\n", [b""]),
        (b"{}\n\n", []),
        (b"", []),
    ],
)
def test_events_are_cut_as_the_standard_says(stream: bytes, events: list[bytes]) -> None:
    assert read([stream]) == events


@pytest.mark.parametrize(
    ("piece", "data"),
    [
        (b'data: {"a":1}\n\n', b'{"a":1}'),
        (b'data: {"a":1}\n', None),
        (b'data: {"a":1}\r\n\r\n', None),
        (b"data: 1\n\ndata: 2\n\n", None),
        (b":\n\n", None),
        (b"", None),
    ],
)
def test_one_event_in_one_piece_is_known(piece: bytes, data: bytes | None) -> None:
    assert single_event(piece) == data


def test_only_between_events_is_nothing_held_back() -> None:
    splitter = EventSplitter()
    seen = []
    for piece in (b"data: 1\n\n", b"da", b"ta: 2\n", b"\n", b"data: 3\n\n", b"data: 4\r\n\r"):
        splitter.feed(piece)
        seen.append(splitter.is_between)
    assert seen == [True, False, False, True, True, False]


@pytest.mark.parametrize("piece", [b"x" * 40, b"data: xxxxxxxxxxxxxx\n"])
def test_an_event_without_an_end_is_refused(piece: bytes) -> None:
    splitter = EventSplitter(max_event_bytes=100)
    splitter.feed(b"data: 1\n\n")
    with pytest.raises(EventTooLongError):
        list(map(splitter.feed, [piece] * 10))


def test_many_events_are_not_one_that_is_too_long() -> None:
    splitter = EventSplitter(max_event_bytes=100)
    for _ in range(100):
        assert splitter.feed(b"data: 1234567890") == []
        assert splitter.feed(b"\r\n\r\n") == [b"1234567890"]
