"""What every test shares: the program under test, and that nothing is skipped in silence."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# jsonschema compiles 38 grammars of it as it is imported, seconds of each worker, for a format that
# no schema of ours has. It does without where the package is not installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # not there

_MINUTES = 300
_CLAUDE = Path(__file__).parent / "clients/current/node_modules/.bin/claude"


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs under test, also where the run itself is in the background.

    A shell that starts a job in the background has it ignore SIGINT, and so all it starts.
    """
    # An example may take as long as a busy machine makes of it.
    settings.register_profile("no deadline", settings(deadline=None))
    settings.load_profile("no deadline")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is given minutes: at the end, all other processors would wait for it."""
    items.sort(key=lambda item: not _takes_minutes(item))


def _takes_minutes(item: pytest.Item) -> bool:
    given = item.get_closest_marker("timeout")
    return given is not None and given.args[0] > _MINUTES


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is of another system, and what needs something that is not installed."""
    if sys.platform == "win32" and (posix := item.get_closest_marker("posix_only")):
        pytest.skip(f"Windows has no such thing: {posix.args[0]}")
    for needed in item.iter_markers("needs"):
        module, group = needed.args
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install --group {group}")
    if item.get_closest_marker("claude") and not _CLAUDE.exists():
        pytest.skip("Claude Code is not installed: make clients")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into an error where the run promised everything (`make test`).

    What is not of this system was not promised: on macOS, what only Linux has.
    """
    report = yield
    promised = os.environ.get("CC_PROXY_TEST_NO_SKIPS") and not item.get_closest_marker("ollama")
    elsewhere = any(mark.args[:1] == (True,) for mark in item.iter_markers("skipif")) or (
        sys.platform == "win32" and item.get_closest_marker("posix_only")
    )
    if promised and report.skipped and not elsewhere and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def cc_proxy() -> list[str]:
    """The command under test: the installed wheel's if named, else this checkout's."""
    named = os.environ.get("CC_PROXY_TEST_BIN")
    return [named] if named else [sys.executable, "-m", "cc_proxy"]


MakePdf = Callable[..., bytes]


@pytest.fixture(scope="session")
def make_pdf() -> Iterator[MakePdf]:
    """Return what makes a small PDF with one line of text a page.

    Reading it gives way to all else on the machine, and has the time for that.
    """
    from cc_proxy.app.gateway.attachments import documents  # noqa: PLC0415 - it brings aiohttp

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "PDF_SECONDS", 300.0)
        patch.setattr(documents, "ALL_PDFS_SECONDS", 500.0)
        yield _pdf


def _pdf(*texts: str) -> bytes:
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(texts)))
    fonts = "/Resources<</Font<</F1 3 0 R>>>>"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(texts)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in enumerate(texts):
        page = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET" if text else ""
        content = f"/Contents {5 + 2 * number} 0 R"
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]{content}{fonts}>>",
            f"<</Length {len(page)}>>stream\n{page}\nendstream",
        ]
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    out += "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF"
    return out.encode()
