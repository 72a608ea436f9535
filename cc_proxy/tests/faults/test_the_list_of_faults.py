"""docs/reference/faults.md names every test of a fault, and no other."""

import re
from pathlib import Path

from cc_proxy.app.gateway.scheduling.waiter import QueueLimits
from cc_proxy.app.upstreams.http.client import MAX_ANSWER_BYTES
from cc_proxy.app.upstreams.http.transfer import ERROR_SECONDS
from cc_proxy.app.upstreams.ollama.lines import MAX_LINE_BYTES

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parents[1] / "docs/reference/faults.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))
# Of the queue's tests these are no faults.
NO_FAULT = {
    "test_health_tells_how_many_wait",
    "test_while_ollama_has_room_nothing_stands_in_the_way",
}


def names_in(*paths: Path) -> set[str]:
    found = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    return {name for path in paths for name in found.findall(path.read_text(encoding="utf-8"))}


def test_every_test_that_is_named_exists() -> None:
    assert NAMED - names_in(*TESTS.rglob("test_*.py")) == set()


def test_every_test_of_a_fault_is_named() -> None:
    here = Path(__file__)
    faults = [path for path in here.parent.glob("test_*.py") if path != here]
    assert len(faults) == 3
    commands = [TESTS / "cli/test_faults.py", TESTS / "cli/test_faults_while_running.py"]
    tests = names_in(*faults, *commands, TESTS / "gateway/test_queue.py")
    assert tests - NO_FAULT - NAMED == set()


def test_its_figures_are_those_of_the_code() -> None:
    limits = QueueLimits()
    words = " ".join(PAGE.split())
    for said in (
        f"at most {limits.most}, and at most {limits.patience_seconds:g} seconds",
        f"that has waited {limits.aging_seconds:g} seconds",
        f"every {limits.pause_seconds:g} to {limits.longest_pause_seconds:g} seconds",
        f"{MAX_LINE_BYTES // 2**20} MiB",
        f"{MAX_ANSWER_BYTES // 2**20} MiB of it",
        f"an error by its status, after {ERROR_SECONDS:g} seconds",
    ):
        assert said in words
