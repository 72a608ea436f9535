"""What is done on Windows only, on every system: with its own modules played by the test."""

import asyncio
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import cc_proxy.app.daemon.process
from cc_proxy.app import private_files
from cc_proxy.app.daemon.process import signals, spawn

PROCESS = Path(cc_proxy.app.daemon.process.__file__).parent
APP = Path(private_files.__file__).parent
STILL_ACTIVE = 259


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


def load(name: str, folder: Path = PROCESS) -> ModuleType:
    """Return a module of its own, which has seen the platform that the test has set."""
    spec = importlib.util.spec_from_file_location(f"{name}_on_windows", folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def referred(by_reference: Any) -> Any:
    return by_reference._obj  # noqa: SLF001 - there is no other way back from ctypes.byref


class Function:
    """A function of a DLL: it can be called, and told what it returns."""

    def __init__(self, does: Any) -> None:
        self.does = does
        self.restype: object = None

    def __call__(self, *arguments: Any) -> Any:
        return self.does(*arguments)


class Kernel32:
    """Knows one process, 42; what it is given by reference it writes to."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.exit_code = STILL_ACTIVE
        self.OpenProcess = Function(self._open)
        self.GetExitCodeProcess = Function(self._exit_code)
        self.GetProcessTimes = Function(self._times)
        self.CloseHandle = Function(lambda handle: self.open.remove(handle.value))
        self.CreateFileW = Function(self._create)

    def _create(self, path: str, access: int, *_others: Any) -> int | None:
        assert access & 0x4, "not to append"
        assert not access & 0x40000002, "one who may write may write anywhere"
        return 9 if path.endswith("a.log") else ctypes.c_void_p(-1).value

    def _open(self, _access: int, _inherit: int, pid: int) -> int | None:
        if pid != 42:
            return None
        self.open.append(7)
        return 7

    def _exit_code(self, handle: Any, code: Any) -> int:
        assert handle.value == 7
        referred(code).value = self.exit_code
        return 1

    def _times(self, _handle: Any, created: Any, *_others: Any) -> int:
        time = referred(created)
        time.dwHighDateTime, time.dwLowDateTime = 2, 3
        return 1


@pytest.mark.usefixtures("windows")
def test_a_process_has_the_time_of_its_creation_and_none_once_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = Kernel32()
    monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: kernel, raising=False)
    module = load("windows")
    assert module.start_time(42) == str((2 << 32) + 3)
    assert module.start_time(41) is None
    kernel.exit_code = 0
    assert module.start_time(42) is None
    assert kernel.open == [], "a handle was left open"


@pytest.mark.usefixtures("windows")
def test_a_log_is_opened_so_that_a_child_adds_to_its_end_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def described(handle: int, _flags: int) -> int:
        assert handle == 9
        return 5

    monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: Kernel32(), raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: 3, raising=False)
    monkeypatch.setattr(ctypes, "WinError", FileNotFoundError, raising=False)
    monkeypatch.setattr(os, "O_BINARY", 0, raising=False)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(open_osfhandle=described))
    module = load("windows_files", APP)
    assert module.open_to_append(Path("a.log")) == 5
    with pytest.raises(FileNotFoundError):
        module.open_to_append(Path("missing/b.log"))


@pytest.mark.usefixtures("windows")
def test_the_lock_is_a_byte_behind_the_pid_that_others_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[tuple[int, int]] = []

    def locking(handle: int, _mode: int, count: int) -> None:
        if held:
            raise PermissionError(13, "locked")
        held.append((os.lseek(handle, 0, os.SEEK_CUR), count))

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    module = load("lock")
    paths = SimpleNamespace(lock_file=tmp_path / "lock")
    with module.exclusive(paths):
        assert held == [(1024, 1)]
        with (
            pytest.raises(Exception, match=rf"\(pid {os.getpid()}\) was not done within 0"),
            module.exclusive(paths, wait_seconds=0),
        ):
            raise AssertionError("two hold it")


@pytest.mark.usefixtures("windows")
def test_a_process_is_made_independent_of_its_console(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = {"DETACHED_PROCESS": 8, "CREATE_NEW_PROCESS_GROUP": 0x200, "CREATE_NO_WINDOW": 1 << 27}
    for name, value in flags.items():
        monkeypatch.setattr(subprocess, name, value, raising=False)
    assert spawn.detached() == spawn.DetachOptions(creationflags=8 | 0x200 | 1 << 27)


@pytest.fixture
def handlers() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="it plays SIGBREAK here")
@pytest.mark.usefixtures("windows", "handlers")
async def test_ctrl_c_and_ctrl_break_reach_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    asked: asyncio.Queue[signal.Signals] = asyncio.Queue()
    with signals.handled(asked.put_nowait, lambda: None):
        for number in (signal.SIGINT, signal.SIGUSR1):
            os.kill(os.getpid(), number)
            assert await asyncio.wait_for(asked.get(), 60) is number
