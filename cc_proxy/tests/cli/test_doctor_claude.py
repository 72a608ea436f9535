"""What on this machine would come between Claude Code and the proxy."""

import json
import sys
from pathlib import Path

import pytest

from cc_proxy.app.cli.claude.settings import settings_files
from cc_proxy.app.cli.doctor import claude


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "project"


def test_nothing_there_is_fine(home: dict[str, str], project: Path) -> None:
    assert claude.settings(home, project).status == "ok"
    assert claude.login(home).status == "ok"
    assert claude.onboarding(home, project).status == "ok"
    assert claude.environment(home).status == "ok"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("ANTHROPIC_UNIX_SOCKET", "fail"),
        ("ANTHROPIC_BASE_URL", "warn"),
        ("ANTHROPIC_AUTH_TOKEN", "warn"),
        ("ANTHROPIC_API_KEY", "warn"),
        ("CLAUDE_CODE_USE_BEDROCK", "warn"),
        ("CLAUDE_CODE_USE_VERTEX", "warn"),
        ("ANTHROPIC_MODEL", "ok"),
        ("CLAUDE_CODE_MAX_CONTEXT_TOKENS", "ok"),
        ("EDITOR", "ok"),
    ],
)
def test_variables_in_the_person_s_settings_are_followed_by_a_bare_claude(
    home: dict[str, str], project: Path, name: str, status: str
) -> None:
    file = write(Path(home["HOME"]) / ".claude/settings.json", {"env": {name: "x"}})
    found = claude.settings(home, project)
    assert found.status == status
    if status != "ok":
        assert found.fix == f"Remove {name} from {file}"


@pytest.mark.parametrize("place", ["settings.json", "settings.local.json"])
def test_the_project_s_settings_are_read_too(
    home: dict[str, str], project: Path, place: str
) -> None:
    file = write(project / ".claude" / place, {"apiKeyHelper": "/bin/key"})
    found = claude.settings(home, project)
    assert found.status == "warn"
    assert f"{file} sets apiKeyHelper (line 1)" in found.detail


@pytest.mark.parametrize("place", ["managed-settings.json", "managed-settings.d/10-proxy.json"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_the_company_s_settings_are_read_too(
    home: dict[str, str],
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    system: str,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setitem(settings_files.MANAGED, system, tmp_path / "company")
    file = write(tmp_path / "company" / place, {"env": {"ANTHROPIC_BASE_URL": "u"}})
    found = claude.settings(home, project)
    assert found.status == "fail"
    assert str(file) in found.detail


def test_the_worst_finding_is_the_one_that_is_told(home: dict[str, str], project: Path) -> None:
    write(Path(home["HOME"]) / ".claude/settings.json", {"env": {"ANTHROPIC_BASE_URL": "u"}})
    write(project / ".claude/settings.json", {"env": {"ANTHROPIC_UNIX_SOCKET": "/s"}})
    found = claude.settings(home, project)
    assert found.status == "fail"
    assert "ANTHROPIC_UNIX_SOCKET" in found.detail


@pytest.mark.parametrize("text", ["{broken", "[]", '"text"', "\xff"])
def test_a_settings_file_that_cannot_be_read_is_a_warning(
    home: dict[str, str], project: Path, text: str
) -> None:
    file = Path(home["HOME"]) / ".claude/settings.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode("latin-1"))
    found = claude.settings(home, project)
    assert found.status == "warn"
    assert str(file) in found.detail


@pytest.mark.parametrize("content", [{"env": []}, {"env": None}, {"apiKeyHelper": ""}, {}])
def test_settings_of_an_odd_shape_are_no_trouble(
    home: dict[str, str], project: Path, content: object
) -> None:
    write(Path(home["HOME"]) / ".claude/settings.json", content)
    assert claude.settings(home, project).status == "ok"


def test_another_configuration_folder_is_followed(tmp_path: Path, project: Path) -> None:
    folder = tmp_path / "elsewhere"
    write(folder / "settings.json", {"env": {"ANTHROPIC_BASE_URL": "u"}})
    write(folder / ".claude.json", {"oauthAccount": {"emailAddress": "x"}})
    environ = {"CLAUDE_CONFIG_DIR": str(folder)}
    assert claude.settings(environ, project).status == "warn"
    assert claude.login(environ).status == "warn"


@pytest.mark.parametrize(
    ("place", "content"),
    [
        (".claude/.credentials.json", {"claudeAiOauth": {"accessToken": "secret-token"}}),
        (".claude.json", {"oauthAccount": {"emailAddress": "secret-address"}}),
        (".claude.json", {"primaryApiKey": "secret-key"}),
    ],
)
def test_a_saved_login_is_a_warning_that_tells_no_secret(
    home: dict[str, str], place: str, content: object
) -> None:
    file = write(Path(home["HOME"]) / place, content)
    found = claude.login(home)
    assert found.status == "warn"
    assert str(file) in found.detail
    assert "secret" not in f"{found.detail} {found.fix}"


@pytest.mark.parametrize(
    ("variables", "settings", "status", "says"),
    [
        ({}, {}, "ok", "none is set"),
        ({"HTTPS_PROXY": "http://p:1"}, {}, "ok", "HTTPS_PROXY: set, and not used"),
        ({}, {"HTTPS_PROXY": "http://p:1"}, "ok", "HTTPS_PROXY: set, and not used"),
        ({}, {"https_proxy": "http://p:1", "NO_PROXY": "intra"}, "warn", "NO_PROXY in"),
        ({"HTTPS_PROXY": "http://p:1"}, {"no_proxy": "intra"}, "warn", "NO_PROXY in"),
        ({"HTTPS_PROXY": "http://p:1"}, {"NO_PROXY": "intra, 127.0.0.1"}, "ok", "not used"),
        ({"HTTPS_PROXY": "http://p:1"}, {"NO_PROXY": "*"}, "ok", "not used"),
    ],
)
def test_an_http_proxy_is_looked_for_in_the_settings_too(
    home: dict[str, str],
    project: Path,
    variables: dict[str, str],
    settings: dict[str, str],
    status: str,
    says: str,
) -> None:
    write(Path(home["HOME"]) / ".claude/settings.json", {"env": settings})
    found = claude.http_proxy(home | variables, project)
    assert found.status == status
    assert says in found.detail


def test_variables_in_the_way_are_named_and_no_trouble(home: dict[str, str]) -> None:
    found = claude.environment(home | {"ANTHROPIC_API_KEY": "secret"})
    assert found.status == "ok"
    assert "ANTHROPIC_API_KEY" in found.detail
    assert "secret" not in found.detail


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({}, "not done"),
        ({"hasCompletedOnboarding": True}, "asked about"),
        ({"hasCompletedOnboarding": True, "projects": []}, "asked about"),
    ],
)
def test_the_first_run_s_questions_are_announced(
    home: dict[str, str], project: Path, state: object, says: str
) -> None:
    write(Path(home["HOME"]) / ".claude.json", state)
    assert says in claude.onboarding(home, project).detail


def test_a_folder_that_is_trusted_is_not_asked_about(home: dict[str, str], project: Path) -> None:
    projects = {str(project): {"hasTrustDialogAccepted": True}}
    write(
        Path(home["HOME"]) / ".claude.json",
        {"hasCompletedOnboarding": True, "projects": projects},
    )
    assert "is trusted" in claude.onboarding(home, project).detail


@pytest.mark.parametrize(
    ("version", "status"), [("2.1.330", "ok"), ("2.1.197", "ok"), ("1.0.128", "warn")]
)
def test_a_version_older_than_those_tested_is_a_warning(
    tmp_path: Path, version: str, status: str
) -> None:
    package = {"name": "@anthropic-ai/claude-code", "version": version}
    write(tmp_path / "package.json", package)
    program = tmp_path / ("claude.bat" if sys.platform == "win32" else "claude")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = claude.program(str(program))
    assert found.status == status
    assert version in found.detail
