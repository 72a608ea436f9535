"""The totals of usage on disk: what is added up, how it is grouped, and how much is kept."""

import asyncio
import datetime as dt
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.gateway.activity.tracked import CallCounts, Counts, Outcome, TrackedRequest
from cc_proxy.app.gateway.storage import usage_store, usage_table
from cc_proxy.app.gateway.storage.usage_store import MANY_PENDING, MAX_PENDING, UsageStore
from cc_proxy.app.gateway.storage.usage_table import (
    KEPT_DAYS,
    USAGE_FILE,
    UsageAmounts,
    UsageFileError,
    UsageKey,
    add_rows,
    read_totals,
)

DAY = dt.date(2026, 11, 29)


def ended(session: str = "s1", model: str = "m", **more: Any) -> TrackedRequest:
    request = TrackedRequest("req_1", 0.0, session=session, model=model, request_class="main")
    request.counts = Counts(prompt=1000, reused=600, written=50)
    request.calls = CallCounts(3, 1, 2)
    request.outcome = Outcome.OK
    for name, value in more.items():
        setattr(request, name, value)
    return request


def store(folder: Path, day: dt.date = DAY) -> UsageStore:
    return UsageStore(folder / USAGE_FILE, lambda _model, tokens: tokens * 0.01, lambda: day)


async def added(folder: Path, *requests: TrackedRequest, day: dt.date = DAY) -> Path:
    usage = store(folder, day)
    for request in requests:
        usage.add(request, "shop")
    await usage.close()
    return folder / USAGE_FILE


async def test_requests_add_up_over_restarts(tmp_path: Path) -> None:
    await added(tmp_path, ended(), ended())
    path = await added(tmp_path, ended(outcome=Outcome.FAILED, counts=None))
    (total,) = read_totals(path, "day")
    assert (total.name, total.last_day) == ("2026-11-29", "2026-11-29")
    assert total.amounts == UsageAmounts(
        requests=3,
        failed=1,
        read=800,
        reused=1200,
        written=100,
        seconds_saved=12.0,
        calls=9,
        rescued=3,
        repaired=6,
    )


async def test_totals_are_grouped_and_begin_at_a_day(tmp_path: Path) -> None:
    await added(tmp_path, ended("s1", "a"), day=DAY - dt.timedelta(days=3))
    path = await added(tmp_path, ended("s1", "b"), ended("s2", "b"))
    counts = {
        by: {one.name: one.amounts.requests for one in read_totals(path, by)}
        for by in ("day", "session", "model", "class")
    }
    assert counts == {
        "day": {"2026-11-29": 2, "2026-11-26": 1},
        "session": {"s1": 2, "s2": 1},
        "model": {"a": 1, "b": 2},
        "class": {"main": 3},
    }
    assert [one.folder for one in read_totals(path, "session")] == ["shop", "shop"]
    assert [one.name for one in read_totals(path, "model", "2026-11-29")] == ["b"]


async def test_a_probe_and_a_refused_request_are_no_usage(tmp_path: Path) -> None:
    path = await added(tmp_path, ended(outcome=Outcome.PROBE), ended(model=""))
    assert not path.exists()
    assert read_totals(path, "day") == []


async def test_old_days_leave(tmp_path: Path) -> None:
    await added(tmp_path, ended(), day=DAY - dt.timedelta(days=KEPT_DAYS + 1))
    path = await added(tmp_path, ended())
    assert [one.name for one in read_totals(path, "day")] == ["2026-11-29"]


def test_the_oldest_of_too_many_rows_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_table, "MAX_ROWS", 10)
    path = tmp_path / USAGE_FILE
    for day in range(1, 10):
        rows = {
            UsageKey(f"2026-11-0{day}", f"s{number}", "m", "main"): UsageAmounts(requests=1)
            for number in range(4)
        }
        add_rows(path, rows, {}, "")
    kept = {one.name: one.amounts.requests for one in read_totals(path, "day")}
    assert kept == {"2026-11-09": 4, "2026-11-08": 4}


async def test_many_names_at_once_are_bounded(tmp_path: Path) -> None:
    path = await added(tmp_path, *(ended(f"s{n}") for n in range(2 * MAX_PENDING)))
    assert len(read_totals(path, "session")) == MAX_PENDING


async def test_the_first_request_is_written_at_once_and_the_next_ones_in_fewer_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []

    def noted(_path: Path, rows: dict[UsageKey, UsageAmounts], *_: object) -> None:
        writes.append(sum(amounts.requests for amounts in rows.values()))

    monkeypatch.setattr(usage_store, "add_rows", noted)
    monkeypatch.setattr(usage_store, "SECONDS_BETWEEN_WRITES", 1e6)
    usage = store(tmp_path)
    for _ in range(5):
        usage.add(ended(), "shop")
        # Time for a write that begins to be done.
        await asyncio.to_thread(time.sleep, 0)
    await usage.close()
    assert (writes[0], sum(writes)) == (1, 5)
    assert len(writes) < 5


@pytest.mark.parametrize(
    ("seconds", "sessions"), [(0.01, 1), pytest.param(1e6, MANY_PENDING, id="many do not wait")]
)
async def test_what_was_used_is_written_without_another_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, sessions: int
) -> None:
    monkeypatch.setattr(usage_store, "SECONDS_BETWEEN_WRITES", seconds)
    loop, written = asyncio.get_running_loop(), asyncio.Event()

    def noted(*given: Any) -> None:
        add_rows(*given)
        loop.call_soon_threadsafe(written.set)

    monkeypatch.setattr(usage_store, "add_rows", noted)
    usage = store(tmp_path)
    for turn in (1, 2):
        for number in range(sessions):
            usage.add(ended(f"s{number}"), "shop")
        async with asyncio.timeout(60):
            await written.wait()
        written.clear()
        found = read_totals(tmp_path / USAGE_FILE, "session")
        assert [one.amounts.requests for one in found] == [turn] * sessions
    await usage.close()


@pytest.mark.posix_only("modes of files")
async def test_the_file_is_nobody_elses_business(tmp_path: Path) -> None:
    path = await added(tmp_path, ended())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o666)
    with pytest.raises(UsageFileError):
        read_totals(path, "day")


async def test_a_damaged_file_is_put_aside(tmp_path: Path, caplog: Any) -> None:
    path = tmp_path / USAGE_FILE
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    path.chmod(0o600)
    with pytest.raises(UsageFileError) as found:
        read_totals(path, "day")
    assert found.value.is_damaged
    await added(tmp_path, ended())
    assert "the totals begin anew" in caplog.text
    path = await added(tmp_path, ended())
    assert read_totals(path, "day")[0].amounts.requests == 1


async def test_trouble_with_the_disk_is_one_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def full(*_: object) -> None:
        raise UsageFileError(os.strerror(28))

    monkeypatch.setattr(usage_store, "add_rows", full)
    usage = store(tmp_path)
    for _ in range(3):
        usage.add(ended(), "shop")
        await usage.close()
    assert caplog.text.count("cannot be written") == 1


async def test_a_python_without_sqlite_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(usage_table, "HAS_SQLITE", False)
    path = await added(tmp_path, ended())
    assert "this Python has no module sqlite3" in caplog.text
    assert not path.exists()


async def test_two_that_write_at_once_both_count(tmp_path: Path) -> None:
    path = await added(tmp_path, ended())
    with sqlite3.connect(path) as other:
        other.execute("SELECT * FROM usage").fetchall()
        usage = store(tmp_path)
        usage.add(ended(), "shop")
        await usage.close()
    other.close()
    assert read_totals(path, "day")[0].amounts.requests == 2


def test_a_table_with_counts_that_no_model_has_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / USAGE_FILE
    for number in range(4):
        row = UsageKey("2026-11-29", f"s{number}", "m", "main")
        add_rows(path, {row: UsageAmounts(requests=1, written=2**62)}, {}, "")
    (total,) = read_totals(path, "day")
    assert (total.amounts.requests, total.amounts.written) == (4, 2**64)
