import os
import subprocess
import sys

import pytest

from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import lock

HOLD = """
import sys
from pathlib import Path
from cc_proxy.app.daemon.process import lock
from cc_proxy.app.daemon.paths import Paths
with lock.exclusive(Paths(Path(sys.argv[1]), Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_one_is_told_who_holds_it(paths: Paths) -> None:
    with (
        lock.exclusive(paths),
        pytest.raises(DaemonError, match=f"pid {os.getpid()}") as caught,
        lock.exclusive(paths, wait_seconds=0.05),
    ):
        pass
    assert caught.value.code == "busy"


def test_it_is_free_again_afterwards_and_when_released_early(paths: Paths) -> None:
    with lock.exclusive(paths) as held:
        held.release()
        with lock.exclusive(paths, wait_seconds=0):
            pass
    with lock.exclusive(paths, wait_seconds=0):
        pass


def test_the_end_of_its_holder_sets_it_free(paths: Paths) -> None:
    arguments = [sys.executable, "-c", HOLD, str(paths.state_dir)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(DaemonError), lock.exclusive(paths, wait_seconds=0):
            pass
        holder.kill()
        with lock.exclusive(paths, wait_seconds=10):
            pass
