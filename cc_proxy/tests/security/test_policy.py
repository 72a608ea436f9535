"""SECURITY.md and docs/reference/limits.md say what is so, and what is delivered is pinned."""

import ast
import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from cc_proxy.app.gateway import telemetry
from cc_proxy.app.gateway.activity import prompt_memory
from cc_proxy.app.gateway.answer import second_tries
from cc_proxy.app.gateway.attachments import documents
from cc_proxy.app.gateway.capture import store as capture
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.routing import models
from cc_proxy.app.gateway.scheduling import read_ahead
from cc_proxy.app.gateway.scheduling.waiter import QueueLimits
from cc_proxy.app.gateway.storage import description_store, turn_store
from cc_proxy.app.translate.prompt import prefix, turns
from cc_proxy.app.translate.request import call_ids, system
from cc_proxy.app.translate.request.tools import definitions as tools
from cc_proxy.app.translate.web_search import offer
from cc_proxy.app.upstreams.http import incoming
from cc_proxy.app.upstreams.ollama import lines

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "cc_proxy/tests"
DOCUMENTS = ["SECURITY.md", "docs/reference/limits.md"]
NAMED = re.compile(r"`([a-z_0-9/]+\.py)::([A-Za-z_0-9:]+)`")


def named(document: str) -> list[tuple[str, str]]:
    return NAMED.findall((ROOT / document).read_text("utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_is_named_exists(document: str) -> None:
    found = named(document)
    assert len(found) >= 8
    for path, name in found:
        tree = ast.parse((TESTS / path).read_text("utf-8"))
        functions = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name.rpartition("::")[2] in functions, (path, name)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_line_of_a_table_names_its_test(document: str) -> None:
    rows = re.findall(r"^\| (?!---).+\|$", (ROOT / document).read_text("utf-8"), re.MULTILINE)
    without = [row for row in rows if "| test |" not in row and not NAMED.search(row)]
    assert len(rows) >= 8
    assert without == []


def test_the_limits_are_those_of_the_documents() -> None:
    told = (ROOT / "docs/reference/limits.md").read_text("utf-8")
    written = {
        "connections": "2,048",
        "keyless_connections": "256",
        "keyless_idle_seconds": "10 s",
        "keyless_bytes": "2 MiB",
        "header_seconds": "30 s",
        "idle_seconds": "10 min",
        "line_bytes": "8,190 bytes",
        "headers": "128",
        "body_bytes": "64 MiB",
        "all_bodies_bytes": "256 MiB",
        "body_seconds": "2 min",
        "stall_seconds": "5 min",
    }
    assert asdict(Limits()) == {
        "connections": 2048,
        "keyless_connections": 256,
        "keyless_idle_seconds": 10.0,
        "keyless_bytes": 2 * 1024 * 1024,
        "header_seconds": 30.0,
        "idle_seconds": 600.0,
        "line_bytes": 8190,
        "headers": 128,
        "body_bytes": 64 * 1024 * 1024,
        "all_bodies_bytes": 256 * 1024 * 1024,
        "body_seconds": 120.0,
        "stall_seconds": 300.0,
    }
    for name, text in written.items():
        assert text in told, name


def test_what_is_held_in_memory_is_what_the_page_says() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", _page("limits"), re.MULTILINE)
    told = dict(rows)
    mib = 1024 * 1024
    for what, size in {
        "requests that Ollama has not begun to answer, together": QueueLimits().most_bytes,
        "the text of an answer, with Ollama's lines around it": incoming.MAX_CHAT_BYTES,
        "a line from Ollama": lines.MAX_LINE_BYTES,
        "a request that may be sent again although something of its answer was shown": (
            second_tries.MAX_HELD_BYTES
        ),
        "translated tools": tools.CACHE_BYTES,
        "translated system prompts": system.CACHE_BYTES,
        "token estimates of tools, and the keys of their parts": prefix.CACHE_BYTES,
        "declarations of web search": offer.CACHE_BYTES,
        "short ids of calls": call_ids.CACHE_BYTES,
        "names and capabilities of models": models.CACHE_BYTES,
        "turns that models wrote": turns.MAX_BYTES,
        "turns that wait to be stored": turn_store.MOST_BYTES,
        "beginnings of sessions": read_ahead.MAX_FRONTS_BYTES,
        "images and documents from URLs": documents.MAX_FETCHED_BYTES,
        "texts of PDFs": documents.MAX_TEXT_BYTES,
        "the latest prompts of 64 conversations, for `cc-proxy why`": prompt_memory.MAX_BYTES,
        "descriptions of images": description_store.KEPT_BYTES,
        "Claude Code's telemetry that waits for its collector": telemetry.MAX_WAITING_BYTES,
        "a capture that waits to be written": capture.MAX_PENDING_BYTES,
    }.items():
        assert told[what].startswith(f"{size // mib} MiB"), what


def test_every_cache_is_on_the_page() -> None:
    app = ROOT / "cc_proxy/app"
    found = {
        path.relative_to(app).as_posix()
        for path in app.rglob("*.py")
        if re.search(r"(?<!class )\bByteCache\(", path.read_text("utf-8"))
    }
    # Those of the rows above, and that of images without a description.
    assert found == {
        "gateway/activity/prompt_memory.py",
        "gateway/attachments/describing.py",
        "gateway/attachments/documents.py",
        "gateway/routing/models.py",
        "gateway/scheduling/read_ahead.py",
        "gateway/storage/description_store.py",
        "translate/prompt/prefix.py",
        "translate/prompt/turns.py",
        "translate/request/call_ids.py",
        "translate/request/system.py",
        "translate/request/tools/definitions.py",
        "translate/web_search/offer.py",
    }
    assert "256 KiB of images that were not described" in " ".join(_page("limits").split())


def _page(name: str) -> str:
    return (ROOT / f"docs/reference/{name}.md").read_text("utf-8")


def test_every_requirement_has_its_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        entries = re.split(r"^(?=[a-z0-9])", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
        assert entries
        for entry in entries:
            assert "--hash=sha256:" in entry, (path.name, entry)


def test_every_action_of_a_workflow_is_pinned_by_its_digest() -> None:
    used = [
        line
        for path in (ROOT / ".github/workflows").glob("*.yml")
        for line in re.findall(r"uses: (.+)", path.read_text("utf-8"))
    ]
    assert used
    for action in used:
        if action.startswith("./"):
            continue  # of this commit itself
        assert re.match(r"[\w./-]+@[0-9a-f]{40} # v", action), action


@pytest.mark.needs("cyclonedx_py", "release")
def test_the_bill_of_materials_is_the_same_each_time_and_whole(tmp_path: Path) -> None:
    made = []
    for number in (1, 2):
        out = tmp_path / f"{number}.json"
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements",
             "--pyproject", "pyproject.toml", "--mc-type", "application", "--output-reproducible",
             "--output-format", "JSON", "--output-file", str(out), "requirements/full.txt"],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        made.append(out.read_bytes())
    assert made[0] == made[1]
    bill = json.loads(made[0])
    names = {component["name"] for component in bill["components"]}
    assert {"aiohttp", "click", "msgspec", "pypdf", "ruamel-yaml"} <= {
        name.lower() for name in names
    }
    assert bill["metadata"]["component"]["name"] == "cc-proxy"
