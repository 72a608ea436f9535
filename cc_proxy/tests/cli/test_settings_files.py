"""Claude Code's settings files: which are read, and what in them leads past the proxy."""

import json
import os
import sys
from pathlib import Path

import pytest

from cc_proxy.app.cli.claude.settings import diversion_notices, diversions, settings_files
from cc_proxy.app.cli.claude.settings.diversions import CONFLICTING

URL, KEY = "http://127.0.0.1:3456", "the-key"
OURS = {"ANTHROPIC_BASE_URL": URL, "ANTHROPIC_AUTH_TOKEN": KEY}


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(settings_files.MANAGED, sys.platform, tmp_path / "company")
    return tmp_path / "company" / "managed-settings.json"


def found(home: dict[str, str], project: Path) -> dict[str, bool]:
    """Return what leads past the proxy, and whether it is overruled."""
    files = settings_files.present(home, project)
    return {one.name: one.overruled for one in diversions.find(files, OURS, host="127.0.0.1")}


@pytest.mark.parametrize(
    "name", [*OURS, *CONFLICTING, "HTTPS_PROXY", "http_proxy", "ANTHROPIC_CUSTOM_HEADERS"]
)
def test_a_project_s_variables_are_found(home: dict[str, str], project: Path, name: str) -> None:
    write(project / ".claude/settings.json", {"env": {name: "1"}})
    assert found(home, project) == {name: name != "ANTHROPIC_UNIX_SOCKET"}


@pytest.mark.parametrize(
    "content",
    [
        {"env": OURS},
        {"env": {"CLAUDE_CODE_USE_BEDROCK": "0", "HTTPS_PROXY": "", "ANTHROPIC_MODEL": "m"}},
        {"env": {"CLAUDE_CODE_USE_BEDROCK": None}, "apiKeyHelper": ""},
        {"env": []},
    ],
)
def test_what_leads_nowhere_else_is_not(
    home: dict[str, str], project: Path, content: object
) -> None:
    write(project / ".claude/settings.json", content)
    assert found(home, project) == {}


def test_an_empty_address_is_anthropic_s(home: dict[str, str], project: Path) -> None:
    write(project / ".claude/settings.json", {"env": {"ANTHROPIC_BASE_URL": ""}})
    assert found(home, project) == {"ANTHROPIC_BASE_URL": True}


def test_the_local_settings_of_the_repository_are_read_from_anywhere_in_it(
    home: dict[str, str], project: Path
) -> None:
    (project / ".git").mkdir()
    (project / "a/b").mkdir(parents=True)
    write(project / ".claude/settings.local.json", {"env": {"HTTPS_PROXY": "http://e"}})
    # Claude Code reads the shared ones in its own folder only.
    write(project / ".claude/settings.json", {"env": {"ALL_PROXY": "http://e"}})
    assert found(home, project / "a/b") == {"HTTPS_PROXY": True}
    assert found(home, project) == {"HTTPS_PROXY": True, "ALL_PROXY": True}


def test_the_person_s_own_settings_are_the_person_s_affair(
    home: dict[str, str], project: Path
) -> None:
    own = {
        "ANTHROPIC_BASE_URL": "http://e",
        "HTTPS_PROXY": "http://p",
        "ANTHROPIC_UNIX_SOCKET": "/s",
    }
    write(Path(home["HOME"], ".claude/settings.json"), {"env": own})
    # 2.1.197 would ask the socket all the same.
    assert found(home, project) == {"ANTHROPIC_UNIX_SOCKET": False}
    assert found(home, Path(home["HOME"])) == {"ANTHROPIC_UNIX_SOCKET": False}


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({"ANTHROPIC_BASE_URL": "http://e"}, ["ANTHROPIC_BASE_URL"]),
        ({"ANTHROPIC_BASE_URL": ""}, ["ANTHROPIC_BASE_URL"]),
        ({"ANTHROPIC_AUTH_TOKEN": "another"}, ["ANTHROPIC_AUTH_TOKEN"]),
        ({"CLAUDE_CODE_USE_VERTEX": "true"}, ["CLAUDE_CODE_USE_VERTEX"]),
        (OURS, []),
        ({"HTTPS_PROXY": "http://p"}, []),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "intra"}, ["HTTPS_PROXY"]),
        ({"HTTPS_PROXY": "http://p", "no_proxy": "intra, 127.0.0.1"}, []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "ANTHROPIC_API_KEY": "k"}, []),
    ],
)
def test_a_company_s_settings_count_more_than_ours(
    home: dict[str, str], project: Path, company: Path, env: dict[str, str], names: list[str]
) -> None:
    write(company, {"env": env})
    assert found(home, project) == dict.fromkeys(names, False)


def test_a_setting_is_found_in_its_line(project: Path) -> None:
    text = '{\n "env": {\n  "A": "1",\n  "HTTPS_PROXY": "x"}}'
    file = settings_files.read(write(project / "settings.json", text), "project")
    assert file is not None
    assert (file.line("HTTPS_PROXY"), file.line("A"), file.line("B")) == (4, 3, None)


@pytest.mark.parametrize(
    "raw",
    [
        b'\xef\xbb\xbf{"env": {"A": "1"}}',
        '{"env": {"A": "1"}}'.encode("utf-16"),
        b'{"env": {"A": "1"}, "other": "\xff"}',
        b'{"env": {"A": "1"}, "other": ' + b"9" * 5000 + b"}",
        b'{"env": {"A": "1"}, "other": "\\ud800"}',
    ],
)
def test_what_claude_code_can_read_is_read(project: Path, raw: bytes) -> None:
    path = project / "settings.json"
    path.write_bytes(raw)
    file = settings_files.read(path, "project")
    assert file is not None
    assert file.env == {"A": "1"}


@pytest.mark.parametrize("raw", [b"{", b"[]", b"// no\n{}", b"[" * 100_000])
def test_what_it_cannot_read_is_an_error_of_one_kind(project: Path, raw: bytes) -> None:
    path = project / "settings.json"
    path.write_bytes(raw)
    with pytest.raises(settings_files.UnreadableSettingsError):
        settings_files.read(path, "project")


def test_the_person_s_variables_come_from_three_places(home: dict[str, str]) -> None:
    write(Path(home["HOME"], ".claude.json"), {"env": {"A": "state", "B": "state", "N": 3}})
    write(Path(home["HOME"], ".claude/settings.json"), {"env": {"B": "settings"}})
    env = settings_files.person({"A": "process", "C": "process", **home})["env"]
    assert {name: env[name] for name in "ABCN"} == {
        "A": "state",
        "B": "settings",
        "C": "process",
        "N": "3",
    }


DEEP = '{"x":' + "[" * 3000 + "]" * 3000 + ',"env":{"ANTHROPIC_UNIX_SOCKET":"/tmp/evil.sock"}}'


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_settings_that_cannot_be_checked_are_refused(
    home: dict[str, str], project: Path, name: str
) -> None:
    write(project / ".claude" / name, DEEP)
    with pytest.raises(diversion_notices.DiversionError, match="nested too deeply"):
        diversion_notices.refuse_unchecked(home, project)


@pytest.mark.posix_only("links to devices, and named pipes")
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_what_is_no_file_is_refused_at_once(home: dict[str, str], project: Path, kind: str) -> None:
    file = project / ".claude/settings.json"
    file.parent.mkdir()
    if kind == "device":
        file.symlink_to("/dev/zero")
    else:
        os.mkfifo(file)
    with pytest.raises(diversion_notices.DiversionError, match="not a regular file"):
        diversion_notices.refuse_unchecked(home, project)
    assert found(home, project) == {}


def test_a_file_that_is_too_large_is_refused(home: dict[str, str], project: Path) -> None:
    write(project / ".claude/settings.json", "{" + " " * (4 * 1024 * 1024) + "}")
    with pytest.raises(diversion_notices.DiversionError, match="more than 4,194,304 bytes"):
        diversion_notices.refuse_unchecked(home, project)


@pytest.mark.parametrize("content", ["{}", "{ broken", "[]", '{"env": {"A": "1"}}'])
def test_what_claude_code_ignores_or_may_have_is_not_refused(
    home: dict[str, str], project: Path, content: str
) -> None:
    write(project / ".claude/settings.json", content)
    diversion_notices.refuse_unchecked(home, project)
