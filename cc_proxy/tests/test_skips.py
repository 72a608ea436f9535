"""A skipped test is an error where everything was promised, but not what another system has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

def test_tool():
    pytest.skip("not installed")

@pytest.mark.skipif(True, reason="of another system")
def test_system():
    raise AssertionError

@pytest.mark.claude
def test_client():
    raise AssertionError
"""


@pytest.mark.parametrize(
    ("promised", "ends"),
    [("", "3 skipped"), ("1", "1 failed, 1 skipped, 1 error")],
    ids=["pytest alone", "make test"],
)
def test_what_is_not_installed_is_an_error_where_everything_was_promised(
    promised: str, ends: str, tmp_path: Path
) -> None:
    # A copy of conftest.py, beside which no Claude Code is installed.
    conftest = (ROOT / "cc_proxy/tests/conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
    env = os.environ | {"CC_PROXY_TEST_NO_SKIPS": promised, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert f"{ends} in" in done.stdout, done.stdout + done.stderr
