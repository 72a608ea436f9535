"""However much comes at once, it is worked through in portions, and others have their turn."""

import asyncio
from typing import Any

import pytest

from cc_proxy.app.chat.messages import CalledFunction, ChatChunk, ChunkMessage, ToolCall
from cc_proxy.app.gateway.answer import portions as module
from cc_proxy.app.gateway.answer.portions import PORTION_CHARS, portions
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.tests.faults.plays import streams
from cc_proxy.tests.faults.stage import on_stage
from cc_proxy.tests.faults.upstream import RawUpstream, done, line

TOOLS = [{"name": "Read", "input_schema": {"type": "object"}}]


def chars(part: list[ChatChunk]) -> int:
    return sum(len(c.message.content) + len(c.message.thinking) for c in part if c.message)


def test_words_stay_together_as_they_came() -> None:
    batch = [ChatChunk(ChunkMessage("a word ")) for _ in range(5)]
    assert list(portions(batch)) == [batch]


def test_a_long_text_is_cut_and_all_else_of_its_chunk_comes_last() -> None:
    call = ToolCall(CalledFunction("Read"))
    long = ChatChunk(
        ChunkMessage("x" * 1000, "y" * 300, [call]), done=True, done_reason="stop", eval_count=7
    )
    parts = list(portions([ChatChunk(ChunkMessage("before")), long]))
    assert all(chars(part) <= PORTION_CHARS for part in parts)
    pieces = [piece for part in parts for piece in part if piece.message]
    assert "".join(p.message.content for p in pieces if p.message) == "before" + "x" * 1000
    assert "".join(p.message.thinking for p in pieces if p.message) == "y" * 300
    assert [p.message.tool_calls for p in pieces if p.message][-1] == [call]
    assert [(p.done, p.eval_count) for p in pieces][-1] == (True, 7)
    assert not any(p.done for p in pieces[:-1])


@pytest.mark.parametrize("text", ["[" * 100_000, "<\n" * 50_000, "x" + "\n" * 100_000])
async def test_while_a_long_line_is_read_the_others_have_their_turn(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    taken: list[int] = []
    parts = AnswerStream.parts

    def noting(self: AnswerStream, chunks: list[ChatChunk]) -> Any:
        taken.append(chars(chunks))
        return parts(self, chunks)

    monkeypatch.setattr(AnswerStream, "parts", noting)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += bool(taken)

    async with RawUpstream() as upstream, on_stage(upstream) as stage:
        upstream.play = streams(line(text), done())
        task = asyncio.create_task(other())
        seen = await stage.streamed(tools=TOOLS)
        task.cancel()
    assert seen.text == text
    assert max(taken) <= PORTION_CHARS
    assert turns >= len(taken) >= len(text) // PORTION_CHARS


async def test_while_what_was_held_back_is_decided_the_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    turns = before_the_end = 0
    parts = AnswerStream.parts

    def noting(self: AnswerStream, chunks: list[ChatChunk]) -> Any:
        nonlocal before_the_end
        before_the_end = turns
        return parts(self, chunks)

    monkeypatch.setattr(AnswerStream, "parts", noting)

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    calls = 2_000  # and one that does not end
    async with RawUpstream() as upstream, on_stage(upstream) as stage:
        upstream.play = streams(line("<function=Read>" * (calls + 1)), done())
        task = asyncio.create_task(other())
        seen = await stage.streamed(tools=TOOLS)
        task.cancel()
    assert len(seen.calls) == calls
    assert turns - before_the_end > calls // 10
