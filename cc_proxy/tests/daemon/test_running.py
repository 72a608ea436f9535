import os
from dataclasses import replace

import msgspec
import pytest

from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import identity, running, state
from cc_proxy.app.daemon.process.state import ProcessState


def test_an_empty_folder_has_nobody(paths: Paths) -> None:
    assert running.inspect(paths) == running.Inspection()
    assert (
        running.inspect(replace(paths, state_dir=paths.state_dir / "none")) == running.Inspection()
    )


def test_a_process_that_is_the_one_of_the_state_is_found(
    paths: Paths, a_state: ProcessState
) -> None:
    started = identity.start_time(os.getpid())
    assert started is not None
    mine = msgspec.structs.replace(a_state, pid=os.getpid(), process_start_time=started)
    state.write(paths, mine)
    assert running.inspect(paths) == running.Inspection(state=mine)


def test_a_process_that_is_gone_is_stale(paths: Paths, a_state: ProcessState) -> None:
    state.write(paths, a_state)
    found = running.inspect(paths)
    assert found.state is None
    assert found.stale is not None
    assert "that process is gone" in found.stale


def test_a_pid_that_was_given_to_another_program_is_stale(
    paths: Paths, a_state: ProcessState
) -> None:
    state.write(paths, msgspec.structs.replace(a_state, pid=os.getppid()))
    found = running.inspect(paths)
    assert found.state is None
    assert found.stale is not None
    assert f"(pid {os.getppid()}) left its state behind" in found.stale
    assert "that pid is another program's now" in found.stale


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"{os.getppid()}\n", "nothing shows to be a cc-proxy"),
        ("4194305\n", "that process is gone"),
        ("no number", "that process is gone"),
    ],
    ids=["a pid that runs", "a pid that is free", "no pid"],
)
def test_a_pid_file_alone_proves_nothing(paths: Paths, content: str, sentence: str) -> None:
    paths.pid_file.write_text(content)
    found = running.inspect(paths)
    assert found.state is None
    assert found.stale is not None
    assert sentence in found.stale


def test_a_broken_state_is_stale(paths: Paths) -> None:
    paths.state_file.write_text("{")
    found = running.inspect(paths)
    assert found.state is None
    assert found.stale is not None
    assert "is broken" in found.stale


def test_a_pid_that_is_our_own_now_is_that_of_a_container_before_its_restart(
    paths: Paths, a_state: ProcessState
) -> None:
    state.write(paths, msgspec.structs.replace(a_state, pid=os.getpid()))
    words = "that pid is this process's own now, as after a restart of a container"
    assert words in str(running.inspect(paths).stale)
    paths.state_file.unlink()
    assert words in str(running.inspect(paths).stale)
