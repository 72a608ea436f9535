"""How far something has come, on a terminal and without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from cc_proxy.app.cli.doctor import command, model
from cc_proxy.app.cli.doctor.check import Check, ok
from cc_proxy.app.cli.output import progress, result
from cc_proxy.app.cli.output.amounts import size


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(result, "transient", lines.append)
    monkeypatch.setattr(result, "note", lines.append)
    return lines


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "on_terminal", lambda: True)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (485_000, "485 kB"),
        (4_920_753_328, "4.9 GB"),
        (3 * 10**15, "3000.0 TB"),
    ],
)
def test_a_size_is_in_the_unit_that_suits_it(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.usefixtures("terminal")
def test_the_rate_is_that_of_the_last_seconds(shown: list[str]) -> None:
    now = 0.0
    download = progress.Download(clock=lambda: now)
    # Nine tenths were there already: they are no rate.
    download.amount(9_000_000_000, 10_000_000_000)
    now = 2.0
    download.amount(9_200_000_000, 10_000_000_000)
    assert shown[0] == " 90% [#####################   ] 9.0 GB of 10.0 GB"
    assert shown[1].endswith("9.2 GB of 10.0 GB  100.0 MB/s  8 s left")
    # It has become slower, and the quick beginning is forgotten.
    for now in range(3, 20):
        download.amount(9_200_000_000 + int(now) * 1_000_000, 10_000_000_000)
    assert "1.0 MB/s" in shown[-1]
    download.close()
    assert shown[-1] == ""


@pytest.mark.usefixtures("terminal")
def test_a_terminal_is_not_flooded(shown: list[str]) -> None:
    now = 0.0
    download = progress.Download(clock=lambda: now)
    for done in range(1_000):
        now = done / 10_000
        download.amount(done, 1_000)
    download.amount(1_000, 1_000)
    assert len(shown) == 2
    assert "100%" in shown[-1]


def test_without_a_terminal_each_tenth_is_said_once(shown: list[str]) -> None:
    download = progress.Download()
    download.status("pulling manifest")
    download.status("pulling manifest")
    for done in range(0, 1_001, 5):
        download.amount(done * 1_000_000, 10**9)
    download.close()
    assert shown[0] == "pulling manifest"
    assert [line.split()[0] for line in shown[1:]] == [str(n) for n in range(10, 101, 10)]


def test_a_download_of_unknown_size_divides_by_nothing(shown: list[str]) -> None:
    progress.Download().amount(0, 0)
    assert shown == []


def test_waiting_says_nothing_without_a_terminal(shown: list[str]) -> None:
    with progress.waiting("Loading"):
        pass
    assert shown == []


@pytest.mark.usefixtures("terminal")
def test_waiting_takes_its_line_away_also_after_an_error(shown: list[str]) -> None:
    with pytest.raises(ValueError, match="x"), progress.waiting("Loading"):
        raise ValueError("x")
    assert shown == [""]


async def test_doctor_takes_its_progress_away_before_each_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []

    @contextmanager
    def waiting(what: str) -> Iterator[None]:
        shown.append(what)
        yield
        shown.remove(what)

    async def one(*_: object) -> Check:
        return ok("a", "")

    async def several(*_: object) -> list[Check]:
        return [ok("a", "")]

    monkeypatch.setattr(command, "waiting", waiting)
    monkeypatch.setattr(model, "answer", several)
    for name in ("memory", "tool_call", "prefix"):
        monkeypatch.setattr(model, name, one)
    ollama = SimpleNamespace(kind="ollama")
    target = SimpleNamespace(model=SimpleNamespace(name="m", can=lambda _: True))
    count = 0
    async for _ in command._asked(None, target, ollama):  # type: ignore[arg-type]  # noqa: SLF001 - stand-ins
        count += 1
        assert shown == []
    assert count == 4
