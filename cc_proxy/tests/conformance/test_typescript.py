"""The official TypeScript SDK against the proxy; the cases are JavaScript (clients/sdk)."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .stack import KEY, Practice

pytestmark = pytest.mark.xdist_group("typescript-sdk")

FOLDER = Path(__file__).parents[1] / "clients" / "sdk"
OLDEST_NODE = 20
# A case is `'name': async (…) => {…}` at the first level of the one object in the file.
CASES = re.findall(r"^  '([^']+)': async", (FOLDER / "cases.mjs").read_text("utf-8"), re.MULTILINE)
_SECONDS = 300.0

Outcome = dict[str, str | bool]


@pytest.fixture(scope="module")
def outcomes(proxy_url: str, impatient_url: str, practice: Practice) -> dict[str, Outcome]:
    """Run all cases in one node; return their outcomes by name."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"node {version.strip()} is older than {OLDEST_NODE}")
    if not (FOLDER / "node_modules" / "@anthropic-ai" / "sdk").exists():
        pytest.skip("the TypeScript SDK is not installed: make clients")
    done = subprocess.run(
        [node, "run.mjs"],
        cwd=FOLDER,
        env={
            "PATH": os.environ["PATH"],
            "PROXY_URL": proxy_url,
            "IMPATIENT_URL": impatient_url,
            "PRACTICE_URL": practice.url,
            "PROXY_KEY": KEY,
        },
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the SDK warned"
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {outcome["name"]: outcome for outcome in found}


@pytest.mark.parametrize(
    "name",
    CASES,
)
def test_a_case_of_the_typescript_sdk(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert outcome["ok"], outcome["error"]


def test_each_case_is_in_the_table(outcomes: dict[str, Outcome]) -> None:
    assert list(outcomes) == CASES
    assert len(CASES) > 40
