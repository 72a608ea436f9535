"""A file named by --config counts, also while a proxy runs that uses another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.tests.cli.practice import Practice, practice_server

from .conftest import Home


class Files:
    """Two configurations of one person, each with a key of its own."""

    def __init__(self, folder: Path) -> None:
        self.a, self.b = folder / "a.yaml", folder / "b b.yaml"
        for file, name in ((self.a, "one"), (self.b, "two")):
            file.write_text(
                f"server: {{auth_key: the-key-of-{name}}}\naliases: {{default: {name}}}\n"
            )


@pytest.fixture
def files(home: Home) -> Files:
    made = Files(home.path)
    assert home.run("start", "--config", str(made.a)).code == 0
    return made


@pytest.mark.parametrize("command", [["start"], ["start", "--foreground"], ["reload"]])
def test_a_command_that_needs_the_other_file_says_which_command_brings_it(
    command: list[str], home: Home, files: Files
) -> None:
    pid = home.state["pid"]
    ran = home.json(*command, "--config", str(files.b))
    assert (ran.code, ran.error["code"]) == (2, "other_configuration")
    assert f"to use {files.b}, found that it uses {files.a}" in ran.error["message"]
    assert f"cc-proxy restart --config '{files.b}'" in ran.error["hint"]
    assert home.state["pid"] == pid


def test_claude_does_not_begin_a_session_on_another_file(home: Home, files: Files) -> None:
    for more in ([], ["--no-start-if-needed"]):
        ran = home.json("claude", "--print-env", *more, "--config", str(files.b))
        assert (ran.code, ran.error["code"]) == (2, "other_configuration")
        assert "cc-proxy restart --config" in ran.error["hint"]


def test_the_command_that_is_named_does_it(home: Home, files: Files) -> None:
    assert home.json("restart", "--config", str(files.b)).data["config_path"] == str(files.b)
    again = home.json("start", "--config", str(files.b))
    assert again.data["already_running"] is True
    assert again.warnings == []


def test_the_variable_names_a_file_as_the_flag_does(home: Home, files: Files) -> None:
    ran = home.json("start", CC_PROXY_CONFIG_FILE=str(files.b))
    assert (ran.code, ran.error["code"]) == (2, "other_configuration")
    restarted = home.json("restart", CC_PROXY_CONFIG_FILE=str(files.b))
    assert restarted.data["config_path"] == str(files.b)


def test_status_shows_what_runs_and_that_it_uses_another_file(home: Home, files: Files) -> None:
    ran = home.json("status", "--config", str(files.b))
    assert ran.data["config_path"] == str(files.a)
    assert ran.warnings == ["other_configuration"]


def test_logs_shows_the_named_file_and_what_runs(home: Home, files: Files) -> None:
    ran = home.json("logs", "--config", str(files.b))
    assert ran.data["config_path"] == str(files.b)
    assert ran.data["configuration"]["aliases"] == {"default": "two"}
    assert ran.warnings == ["other_configuration"]


def test_stop_leaves_a_proxy_alone_that_was_not_meant(home: Home, files: Files) -> None:
    ran = home.json("stop", "--config", str(files.b))
    assert (ran.code, ran.error["code"]) == (2, "other_configuration")
    assert "leave out --config: cc-proxy stop" in ran.error["hint"]
    assert home.json("stop", "--config", str(files.a)).data["was_running"] is True


def test_doctor_warns_of_it_and_names_the_command(home: Home, files: Files) -> None:
    ran = home.run("doctor", "--no-model", "--json", "--config", str(files.b))
    (proxy,) = [one for one in ran.envelope["data"]["checks"] if one["name"] == "proxy"]
    assert proxy["status"] == "warn"
    assert f"uses {files.a}, not {files.b}" in proxy["detail"]
    assert proxy["fix"] == f"cc-proxy restart --config '{files.b}'"


def test_where_no_file_is_named_that_of_the_running_proxy_counts(home: Home, files: Files) -> None:
    usual = home.path / ".cc-proxy/cc-proxy.user.yaml"
    usual.write_text("aliases: {default: usual}\n")
    for command in ("start", "status", "logs"):
        ran = home.json(command)
        assert ran.data["config_path"] == str(files.a), command
        assert ran.warnings == [], command
    assert home.json("logs").data["configuration"]["aliases"] == {"default": "one"}
    (source,) = [s for s in home.json("logs").data["sources"] if s["status"] == "active"]
    assert source == {
        "name": "the running cc-proxy's",
        "path": str(files.a),
        "status": "active",
    }
    files.a.write_text(files.a.read_text().replace("default: one", "default: three"))
    assert home.json("status").warnings == ["other_settings"]
    assert home.json("reload").data["changed"] == ["aliases.default"]
    assert home.json("restart").data["config_path"] == str(files.a)
    assert home.json("stop").data["was_running"] is True
    assert home.json("logs").data["config_path"] == str(usual)


def test_config_is_about_files_and_not_about_what_runs(home: Home, files: Files) -> None:
    shown = home.json("config", "show")
    assert shown.data["config_path"] is None
    assert shown.warnings == ["other_configuration"]
    assert home.json("config", "path").data["config_path"] != str(files.a)
    assert home.json("config", "show", "--config", str(files.b)).data["config_path"] == str(files.b)


def test_a_file_that_is_gone_is_named_and_the_defaults_come_with_a_restart(
    home: Home, files: Files
) -> None:
    files.a.unlink()
    key = "the-key-of-one"
    ran = home.json("status", CC_PROXY_AUTH_KEY=key)
    assert ran.warnings == ["other_configuration"]
    (warning,) = [w for w in ran.envelope["warnings"] if w["code"] == "other_configuration"]
    assert f"uses {files.a}, not the defaults" in warning["message"]
    assert warning["hint"].endswith("cc-proxy restart")
    assert home.json("restart").data["config_path"] is None


def test_a_link_to_the_file_is_the_same_file(home: Home, files: Files) -> None:
    link = home.path / "link.yaml"
    try:
        link.symlink_to(files.a)
    except OSError:
        pytest.skip("this user may make no links")
    assert home.json("start", "--config", str(link)).data["already_running"] is True


@pytest.fixture
def practice(home: Home) -> Iterator[Practice]:
    with practice_server() as server:
        home.environ["OLLAMA_BASE_URL"] = server.url
        yield server


def test_models_shows_what_the_named_file_makes_of_them(
    home: Home, files: Files, practice: Practice
) -> None:
    assert practice.url
    for file, name in ((files.b, "two"), (files.a, "one")):
        (alias,) = home.json("models", "--config", str(file)).data["aliases"]
        assert alias["model"] == name
    (alias,) = home.json("models").data["aliases"]
    assert alias["model"] == "one"
