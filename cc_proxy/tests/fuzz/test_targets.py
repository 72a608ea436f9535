"""Everything that reads what others write, with any bytes whatever."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .targets import TARGETS

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", TARGETS)
@BOUNDED
@example(data=b"")
@example(data=bytes(range(256)))
@given(data=st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    TARGETS[name](data)


if importlib.util.find_spec("atheris"):  # pyproject.toml says where there is one

    def test_the_fuzzer_runs_and_finds_nothing_at_once(tmp_path: Path) -> None:
        command = [sys.executable, "-m", "cc_proxy.tests.fuzz", "rescue", "-runs=300", "-seed=1"]
        done = subprocess.run(
            [*command, "-max_len=200", f"-artifact_prefix={tmp_path}/"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert "Done 300 runs" in done.stderr
