import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.app.config import LaunchOptions, LoadedConfig, load
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process.state import ProcessState


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path / "run", tmp_path / "logs")
    made.make_folders()
    return made


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedConfig:
    return load(options=LaunchOptions(port=0), environ={"HOME": str(tmp_path)})


@pytest.fixture
def a_state() -> ProcessState:
    """Describes a process that nobody has ever started."""
    return ProcessState(
        pid=2**22 + 1,  # above the largest pid that Linux gives
        process_start_time="another boot:1",
        instance_id="instance-1",
        version="0.1.0",
        host="127.0.0.1",
        port=3456,
        config_path=None,
        config_digest="digest",
        options_digest="digest",
        log_file="/nowhere/cc-proxy.log",
        started_at="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Let new files be readable by everybody unless the code says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)
