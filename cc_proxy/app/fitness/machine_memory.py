"""The memory that a machine has for a model: its GPU's, the one that both share, or the RAM."""

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_SECONDS = 3
_MIB = 1024**2
# No GPU has more than 4 TiB: a larger number is not one of nvidia-smi's.
_MOST_MIB = 4 * 1024**2
_NVIDIA = ("nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits")
_APPLE = ("/usr/sbin/sysctl", "-n", "hw.memsize")
_DRM = Path("/sys/class/drm")
# A display and the driver take some of a GPU's memory, the rest of a machine much of its RAM.
_SHARES = {"gpu": 0.92, "unified": 0.7, "ram": 0.7, "given": 1.0}

MemoryKind = Literal["gpu", "unified", "ram", "given"]
Run = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class MachineMemory:
    """Memory in bytes, and where it is; `given`: the person has said how much there is."""

    total: int
    kind: MemoryKind

    @property
    def for_models(self) -> int:
        """The bytes that a model may take."""
        return int(self.total * _SHARES[self.kind])


def find(run: Run | None = None, drm: Path = _DRM) -> MachineMemory | None:
    """Return the memory that models of this machine run in; None if it cannot be found out.

    GPUs of NVIDIA are asked with nvidia-smi, those of AMD by Linux's sysfs (amdgpu), and add up, as
    Ollama spreads a model over them. On Apple silicon the GPU uses the machine's memory.
    """
    run = run or _output
    if gpu := _nvidia(run) or _amd(drm):
        return MachineMemory(gpu, "gpu")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        text = run(_APPLE).strip()
        return MachineMemory(int(text), "unified") if text.isdecimal() else None
    ram = _ram(run)
    return MachineMemory(ram, "ram") if ram else None


def _output(command: Sequence[str]) -> str:
    try:
        running = subprocess.Popen(  # noqa: S603 - the two commands above
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
    except OSError:  # there is no such program
        return ""
    with running:
        try:
            text, _ = running.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            # Not subprocess.run(): it would wait for the output of what the program has started.
            running.kill()
            return ""
    return text if running.returncode == 0 else ""


def _nvidia(run: Run) -> int:
    lines = run(_NVIDIA).split()
    # The length first: int() refuses a number of thousands of digits.
    sizes = (int(line) for line in lines if line.isdecimal() and len(line) <= len(str(_MOST_MIB)))
    return sum(size * _MIB for size in sizes if size <= _MOST_MIB)


def _amd(drm: Path) -> int:
    total = 0
    for file in drm.glob("card*/device/mem_info_vram_total"):
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:  # not this user's to read
            continue
        total += int(text) if text.isdecimal() else 0
    # A processor with graphics reserves a little; models then run in the RAM.
    return total if total > 2048 * _MIB else 0


def _ram(run: Run) -> int:
    if sys.platform == "win32":
        return _windows_ram()
    if sys.platform == "darwin":
        text = run(_APPLE).strip()
        return int(text) if text.isdecimal() else 0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _windows_ram() -> int:
    kibi = ctypes.c_ulonglong()
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - not on other systems
    found = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kibi))
    return kibi.value * 1024 if found else 0
