import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cc_proxy.app.daemon.process import identity


def test_a_command_name_with_spaces_and_parentheses_is_no_obstacle() -> None:
    rest = b" S 1 2 2 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 0 0\n"
    assert identity.parse_stat(b"12 (a (b) c) d)" + rest) == ("S", 987654)


def test_a_process_keeps_its_start_time() -> None:
    mine = identity.start_time(os.getpid())
    assert mine is not None
    assert identity.start_time(os.getpid()) == mine
    assert identity.is_alive(os.getpid(), mine)
    assert not identity.is_alive(os.getpid(), mine + "0")


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_a_pid_that_nobody_has_has_no_start_time(pid: int) -> None:
    assert identity.start_time(pid) is None


@pytest.mark.posix_only("zombies")
def test_a_process_that_ended_and_was_not_noticed_yet_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read() == b""
        # Nobody waits for it, so that the zombie stays.
        deadline = time.monotonic() + 60
        while identity.start_time(child.pid) is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(child.pid, 0)


if sys.platform == "linux":

    def test_linux_start_times_carry_the_boot() -> None:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        found = identity.start_time(os.getpid())
        assert found is not None
        assert found.startswith(boot + ":")


@pytest.mark.parametrize(
    ("answer", "started"),
    [
        (b"S    Sun Nov 22 18:00:00 2026    \n", "Sun Nov 22 18:00:00 2026"),
        (b"Ss   Mon Nov  2 08:00:00 2026\n", "Mon Nov 2 08:00:00 2026"),
        (b"Z    Sun Nov 22 18:00:00 2026\n", None),
        (b"", None),
        (b"\n", None),
    ],
)
def test_what_ps_says_on_macos(answer: bytes, started: str | None) -> None:
    assert identity.parse_ps(answer) == started
