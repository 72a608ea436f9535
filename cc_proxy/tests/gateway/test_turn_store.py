"""What the models wrote, across restarts of the proxy."""

import asyncio
import logging
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from cc_proxy.app.chat.messages import CalledFunction, ToolCall
from cc_proxy.app.gateway.storage import turn_store
from cc_proxy.app.gateway.storage.turn_store import TurnStore
from cc_proxy.app.translate.prompt.turns import WrittenTurn

NOW = 1_800_000_000.0
DAY = 24 * 3600.0


def turn(call_id: str, *, content: str = "Let me see.\n") -> WrittenTurn:
    arguments = msgspec.Raw(b'{"b":"5000",\n "a":1}')
    call = ToolCall(id=call_id, function=CalledFunction("Edit", arguments))
    return WrittenTurn(content=content, thinking="Hm.", calls=(call,))


async def wrote(path: Path, *turns: WrittenTurn, at: float = NOW) -> None:
    """Let a store remember turns and end as at a stop."""
    store = TurnStore(path, lambda: at)
    for one in turns:
        store.remember(one)
    await store.close()


def found(path: Path, *ids: str, at: float = NOW) -> list[bool]:
    store = TurnStore(path, lambda: at)
    return [store.recall(call_id) is not None for call_id in ids]


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_turn_is_known_after_a_restart_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    await wrote(path, turn("t1"), turn("t2"))
    await wrote(path, turn("t3"))
    again = TurnStore(path).recall("t2")
    assert again is not None
    assert (again.content, again.thinking, again.call_ids) == ("Let me see.\n", "Hm.", ["t2"])
    assert msgspec.json.decode(again.calls[0].function.arguments) == {"b": "5000", "a": 1}
    assert found(path, "t1", "t3", "t4") == [True, True, False]


async def test_a_turn_is_on_disk_soon_after_its_answer_without_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    store = TurnStore(path)
    store.remember(turn("t1"))
    for _ in range(6000):
        if path.exists() and path.read_bytes().endswith(b"\n"):
            break
        await asyncio.sleep(0.01)
    assert found(path, "t1", at=0) == [True]
    await store.close()


async def test_half_a_line_that_a_killed_process_left_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "turns.jsonl"
    await wrote(path, turn("t1"), turn("t2"))
    path.write_bytes(path.read_bytes()[:-20])
    await wrote(path, turn("t3"))
    assert found(path, "t1", "t2", "t3") == [True, False, True]
    assert not caplog.messages


async def test_turns_of_more_than_30_days_leave_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    await wrote(path, turn("old", content="a secret"))
    await wrote(path, turn("new"), at=NOW + 20 * DAY)
    assert found(path, "old", "new", at=NOW + 31 * DAY) == [False, True]
    assert b"a secret" not in path.read_bytes()


async def test_the_file_stays_small_and_keeps_the_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_store, "KEPT_BYTES", 4000)
    monkeypatch.setattr(turn_store, "MOST_BYTES", 8000)
    path = tmp_path / "turns.jsonl"
    for number in range(100):
        await wrote(path, turn(f"t{number}"))
        assert path.stat().st_size <= 8000
    assert found(path, "t0", "t99") == [False, True]


@pytest.mark.parametrize("size", [3000, 5000, 20_000])
async def test_a_large_turn_costs_no_other_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(turn_store, "KEPT_BYTES", 4000)
    monkeypatch.setattr(turn_store, "MOST_BYTES", 8000)
    path = tmp_path / "turns.jsonl"
    await wrote(path, turn("before"))
    store = TurnStore(path, lambda: NOW)
    store.remember(turn("large", content="x" * size))
    assert store.recall("large") is not None
    await store.close()
    await wrote(path, turn("after"))
    assert path.stat().st_size <= 8000
    assert found(path, "before", "large", "after") == [True, size < 4000, True]


async def test_a_disk_that_hangs_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turn_store, "KEPT_BYTES", 4000)
    monkeypatch.setattr(turn_store, "MOST_BYTES", 8000)
    store = TurnStore(tmp_path / "turns.jsonl", lambda: NOW)
    hangs = threading.Event()
    monkeypatch.setattr(store._file, "append", lambda _lines: hangs.wait(20))  # noqa: SLF001 - a disk cannot be made to hang
    for number in range(20):
        store.remember(turn(f"t{number}", content="x" * 3000))
    held = sum(map(len, store._pending))  # noqa: SLF001 - what it holds is the question
    assert held <= 8000
    assert "takes no more for now" in caplog.text
    hangs.set()
    await store.close()


@pytest.mark.posix_only("modes of files")
async def test_the_file_is_nobody_elses_business(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    await wrote(path, turn("t1"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files(tmp_path) == ["turns.jsonl"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe\n",
        b"[]\n",
        b'{"version":1}\n',
        b'{"version":2,"at":1,"content":"","thinking":"","calls":[{"function":{"name":"x"}}]}\n',
        b'{"version":1,"at":1,"content":"","thinking":"","calls":[]}\n',
        b'{"version":' + b"[" * 100_000,
    ],
    ids=["open", "no_utf_8", "a_list", "no_fields", "other_version", "no_calls", "deep"],
)
async def test_a_broken_file_is_put_aside_with_one_line(
    body: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "turns.jsonl"
    path.write_bytes(body)
    with caplog.at_level(logging.WARNING):
        await wrote(path, turn("t1"))
    assert path.with_name("turns.jsonl.broken").read_bytes() == body
    assert len(caplog.messages) == 1
    assert "turns.jsonl is broken" in caplog.text
    assert found(path, "t1") == [True]


DEEP = b'{"version":1,"at":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"


@pytest.mark.parametrize(
    "damage", [b"\0\0\0\0\n", b'{"version":1,"at":\n', b"\xff\xfe\n", DEEP],
    ids=["zeros", "cut", "no_utf_8", "deep"],
)  # fmt: skip
async def test_a_damaged_line_costs_its_own_turn_and_no_other(
    damage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "turns.jsonl"
    await wrote(path, turn("t1"), turn("t2"))
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + damage + second)
    with caplog.at_level(logging.WARNING):
        assert found(path, "t1", "t2") == [True, True]
    assert len(caplog.messages) == 1
    assert f"{path} has damaged lines, which are left out: 1 (line 2: " in caplog.text
    assert path.read_bytes() == first + second
    assert files(tmp_path) == ["turns.jsonl"]


async def test_a_carriage_return_among_the_arguments_ends_no_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "turns.jsonl"
    function = CalledFunction("Edit", msgspec.Raw(b'{"a":1,\r\n"b":2}'))
    odd = WrittenTurn(content="", thinking="", calls=(ToolCall(id="t1", function=function),))
    await wrote(path, odd, turn("t2"))
    assert found(path, "t1", "t2") == [True, True]
    assert not caplog.messages


async def test_a_disk_that_takes_nothing_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = TurnStore(tmp_path / "missing" / "turns.jsonl")
    for number in range(3):
        store.remember(turn(f"t{number}"))
        await store.close()
    assert store.recall("t2") is not None
    assert len(caplog.messages) == 1
    assert "cannot be written" in caplog.text
