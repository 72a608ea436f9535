"""Append-only files on Windows, which child processes can inherit."""

import ctypes
import msvcrt
import os
import sys
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101 - tells the type checker which stubs hold

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.CreateFileW.restype = wintypes.HANDLE

_APPEND = 0x4 | 0x80 | 0x100000  # FILE_APPEND_DATA, FILE_READ_ATTRIBUTES, SYNCHRONIZE
_SHARED = 0x1 | 0x2 | 0x4  # with those who read, write, and move or remove it
_OPEN_ALWAYS = 4
_INVALID_HANDLE = ctypes.c_void_p(-1).value


def open_to_append(path: Path) -> int:
    """Return a descriptor that adds to the end of a file, for those who inherit it too.

    With O_APPEND alone it is the C library that looks for the end: what a child writes to the
    same file as its stderr would go over the beginning of it.

    Raises:
        OSError: it cannot be opened.

    """
    handle = _kernel32.CreateFileW(str(path), _APPEND, _SHARED, None, _OPEN_ALWAYS, 0, None)
    if handle in {None, _INVALID_HANDLE}:
        raise ctypes.WinError(ctypes.get_last_error())
    return msvcrt.open_osfhandle(handle, os.O_APPEND | os.O_BINARY | os.O_WRONLY)
