"""Start times of processes on Windows."""

import ctypes
import sys
from ctypes import wintypes

assert sys.platform == "win32"  # noqa: S101 - tells the type checker which stubs hold

_QUERY_LIMITED_INFORMATION = 0x1000
_STILL_ACTIVE = 259

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.OpenProcess.restype = wintypes.HANDLE


def start_time(pid: int) -> str | None:
    """Return the creation time in 100 ns since 1601 as text, None if the process is not there."""
    handle = _kernel32.OpenProcess(_QUERY_LIMITED_INFORMATION, 0, pid)
    if not handle:
        return None
    try:
        return _creation_time(wintypes.HANDLE(handle))
    finally:
        _kernel32.CloseHandle(wintypes.HANDLE(handle))


def _creation_time(handle: wintypes.HANDLE) -> str | None:
    code = wintypes.DWORD()
    if not _kernel32.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != _STILL_ACTIVE:
        return None
    created, ended, kernel, user = (wintypes.FILETIME() for _ in range(4))
    times = (ctypes.byref(one) for one in (created, ended, kernel, user))
    if not _kernel32.GetProcessTimes(handle, *times):
        return None
    return str(created.dwHighDateTime << 32 | created.dwLowDateTime)
