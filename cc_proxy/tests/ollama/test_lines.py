"""Cutting bytes into lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.upstreams.ollama.lines import LineSplitter, LineTooLongError


@given(st.lists(st.binary(max_size=20)), st.data())
def test_lines_come_out_alike_however_the_bytes_are_cut(
    lines: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))
    ends = [*cuts, len(whole)]
    pieces = [whole[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
    splitter = LineSplitter()
    got = [splitter.feed(piece) for piece in pieces]
    assert all(not block or block.endswith(b"\n") for block in got)
    assert b"".join(got) == whole
    assert splitter.rest() == b""


def test_what_follows_the_last_newline_is_kept() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"a\nb") == b"a\n"
    assert splitter.rest() == b"b"


def test_a_line_that_never_ends_is_refused() -> None:
    splitter = LineSplitter(max_line_bytes=10)
    splitter.feed(b"12345")
    with pytest.raises(LineTooLongError):
        splitter.feed(b"678901")
