"""The state and the configuration of an earlier version, and what it can read of this one's.

`state_of_5b92095` was written by the version of that commit, whose default port was 11444.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cc_proxy.app.config import ModelSettings, Settings, UpstreamSettings, load
from cc_proxy.app.control.wire import PreloadRequest
from cc_proxy.app.daemon import preload
from cc_proxy.app.daemon.differences import differences
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import state
from cc_proxy.app.daemon.process.state import ProcessState, options_digest
from cc_proxy.app.gateway.storage.fitness_verdicts import read_tests
from cc_proxy.app.gateway.storage.front_file import FrontFile
from cc_proxy.app.gateway.storage.turn_store import TurnStore
from cc_proxy.app.gateway.tokens.calibration import scale_file

from .conftest import Home, free_port

KEPT = Path(__file__).with_name("state_of_5b92095")
CONFIGURATION = "cc-proxy.user.yaml"
THAT_DAY = 1_795_964_000.0
MODEL = "practice:latest"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return a copy of the kept files, as private as the program that wrote them made them."""
    folder = tmp_path / "kept"
    shutil.copytree(KEPT, folder)
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.chmod(0o600)
    return folder


@pytest.fixture
def older(kept: Path) -> ProcessState:
    found = state.read(Paths(kept, kept))
    assert found is not None
    return found


def test_a_configuration_with_every_key_of_that_day_is_read_and_keeps_its_port(kept: Path) -> None:
    loaded = load(config_file=kept / CONFIGURATION, environ={}, home=kept)
    settings = loaded.settings
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 11444)
    assert loaded.origins["server.port"].startswith("file ")
    assert settings.server.allowed_hosts == ("proxy.example.com", "*.home.arpa")
    assert (settings.ollama.keep_alive, settings.ollama.timeout_seconds) == ("30m", 900)
    assert settings.aliases == {"default": MODEL, "claude-haiku-*": MODEL}
    assert (settings.context_window, settings.models[MODEL].context_window) == (65536, 32768)
    assert (settings.web_search.provider, settings.claude.profile) == ("searxng", "lean")


async def test_what_models_wrote_and_what_was_measured_is_read(kept: Path) -> None:
    turns = TurnStore(kept / "turns.jsonl", lambda: THAT_DAY)
    written = turns.recall("toolu_470b93d74df65a44837aba0c")
    assert written is not None
    assert written.content == "I'll write the file first."
    (front,) = FrontFile(kept / "fronts.json").load()[MODEL]
    assert front.names("/home/me/project")
    # The address of a server and its options are not the front's to decide.
    asks = json.loads(msgspec.json.encode(front.asks()))
    assert not {"options", "keep_alive", "truncate", "shift"} & set(asks)
    assert scale_file(kept / "token-counts.json").load()[MODEL].whole.tokens == 4718
    # Its tasks were others: no result, and no complaint.
    assert read_tests(kept / "model-tests.json") == ({}, None)


def test_a_process_of_that_day_is_older_and_not_differently_configured(
    kept: Path, older: ProcessState
) -> None:
    assert older.is_older
    loaded = load(config_file=kept / CONFIGURATION, environ={}, home=kept)
    running = msgspec.structs.replace(older, config_path=str(kept / CONFIGURATION))
    (notice,) = differences(running, loaded)
    assert (notice.code, notice.hint) == ("other_version", "To apply it: cc-proxy restart")


def test_a_key_that_a_later_version_adds_is_no_other_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class LaterSettings(Settings, frozen=True, kw_only=True):
        later: str = "as it was"

    decided: dict[str, Any] = {
        "models": {MODEL: ModelSettings(context_window=32768)},
        "upstreams": {"gpu": UpstreamSettings(url="http://gpu:8000")},
    }
    before = options_digest(Settings(**decided))
    monkeypatch.setattr(state, "Settings", LaterSettings)
    assert options_digest(LaterSettings(**decided)) == before
    assert options_digest(LaterSettings(**decided, later="changed")) != before
    assert options_digest(LaterSettings()) != before


def test_a_proxy_of_that_day_loads_its_model_though_it_knows_no_sessions(
    older: ProcessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[dict[str, Any]] = []

    def exchange(*_: object, body: bytes, **__: object) -> tuple[int, bytes]:
        bodies.append(json.loads(body))
        unknown = set(bodies[-1]) - {"model", "wait", "folder"}
        if unknown:
            return 400, b'{"error": {"message": "Object contains unknown field"}}'
        return 202, b'{"model": "m", "context_window": 65536, "seconds": null}'

    monkeypatch.setattr(preload, "exchange", exchange)
    session = preload.Session(folder="/home/me/project", prints=True)
    done = preload.preload(older, "k", model=None, wait=False, timeout_seconds=1, session=session)
    assert done.model == "m"
    # What that version would read ahead is the beginning of another session.
    assert bodies[1:] == [msgspec.to_builtins(PreloadRequest(wait=False))]


def test_an_upgrade_while_that_version_runs_and_the_way_back(home: Home, kept: Path) -> None:
    port = free_port()
    text = (kept / CONFIGURATION).read_text(encoding="utf-8").replace("11444", str(port))
    own = home.path / ".cc-proxy"
    own.mkdir(mode=0o700)
    (own / CONFIGURATION).write_text(text, encoding="utf-8")
    home.run_dir.mkdir(mode=0o700)
    for name in ("turns.jsonl", "fronts.json", "token-counts.json", "model-tests.json"):
        shutil.copy(kept / name, home.run_dir)
    (home.run_dir / "auth.key").write_text("the-key-of-that-day\n", encoding="utf-8")
    for file in [own / CONFIGURATION, *home.run_dir.iterdir()]:
        file.chmod(0o600)
    for name in ("CC_PROXY_PORT", "OLLAMA_BASE_URL"):
        del home.environ[name]
    assert home.json("start").data["port"] == port
    # As that version writes it: fewer fields, and a digest of all settings.
    of_that_day = json.loads((kept / "cc-proxy.state.json").read_bytes())
    fields = {name: home.state[name] for name in of_that_day}
    digest = {"options_digest": of_that_day["options_digest"]}
    home.state_file.write_text(json.dumps(fields | digest), encoding="utf-8")
    assert home.json("status").warnings == ["other_version"]
    restarted = home.json("restart")
    assert restarted.data["port"] == port
    assert "moved" not in restarted.warnings
    assert home.json("status").warnings == []
    assert home.json("stop").data["was_running"] is True
    assert (home.run_dir / "auth.key").read_text(encoding="utf-8") == "the-key-of-that-day\n"
    assert (own / CONFIGURATION).read_text(encoding="utf-8") == text
    # What that version reads of a line, it still finds.
    (first, _) = (home.run_dir / "turns.jsonl").read_text(encoding="utf-8").splitlines()
    assert set(json.loads(first)) == {"version", "at", "content", "thinking", "calls"}


def test_a_restart_at_another_port_says_that_open_sessions_have_the_old_one(home: Home) -> None:
    before, port = free_port(), free_port()
    own = home.path / ".cc-proxy" / CONFIGURATION
    own.parent.mkdir(mode=0o700)
    del home.environ["CC_PROXY_PORT"]
    own.write_text(f"server: {{port: {before}}}\n", encoding="utf-8")
    own.chmod(0o600)
    assert home.json("start").data["port"] == before
    own.write_text(f"server: {{port: {port}}}\n", encoding="utf-8")
    moved = home.json("restart")
    assert (moved.data["port"], moved.warnings) == (port, ["moved"])
    assert f"restart --port {before}" in moved.envelope["warnings"][0]["hint"]
    asked = home.json("restart", "--port", str(before))
    assert (asked.data["port"], asked.warnings) == (before, [])
