"""What every test shares: the program under test, and that nothing is skipped in silence."""

import os
import sys
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into an error where the run promised everything (`make test`)."""
    report = yield
    promised = os.environ.get("CC_PROXY_TEST_NO_SKIPS") and not item.get_closest_marker("ollama")
    if promised and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def cc_proxy() -> list[str]:
    """The command under test: the installed wheel's if named, else this checkout's."""
    named = os.environ.get("CC_PROXY_TEST_BIN")
    return [named] if named else [sys.executable, "-m", "cc_proxy"]
