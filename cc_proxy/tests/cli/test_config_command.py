"""`cc-proxy config init|show|check|path|schema`, as a person runs them."""

import json
import stat
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server
from cc_proxy.tests.cli.verdicts import found_unfit

posix = pytest.mark.posix_only("modes and pseudo-terminals")
DATA = files("cc_proxy") / "data"
DEFAULT_FILE = (DATA / "cc-proxy.user.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((DATA / "config.schema.json").read_text(encoding="utf-8"))

Write = Callable[[str], Path]


def place(home: Home) -> Path:
    return home.path / ".cc-proxy" / "cc-proxy.user.yaml"


@pytest.fixture
def write(home: Home) -> Write:
    def written(text: str) -> Path:
        place(home).parent.mkdir(exist_ok=True)
        place(home).write_text(text)
        return place(home)

    return written


def test_init_writes_the_commented_file_and_asks_nobody_without_a_terminal(home: Home) -> None:
    data = home.json("config", "init").data
    assert data == {"config_path": str(place(home)), "default_model": None, "backup_path": None}
    assert place(home).read_text() == DEFAULT_FILE
    assert home.json("config", "check").data["config_path"] == str(place(home))


@posix
def test_what_init_makes_is_nobody_else_s(home: Home) -> None:
    assert home.run("config", "init").code == 0
    assert stat.S_IMODE(place(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(place(home).parent.stat().st_mode) == 0o700


def test_init_goes_where_the_flag_or_the_variable_says(home: Home) -> None:
    named, other = home.path / "a" / "b.yaml", home.path / "c.yaml"
    ran = home.json("config", "init", "--config", str(named), CC_PROXY_CONFIG_FILE=str(other))
    assert ran.data["config_path"] == str(named)
    ran = home.json("config", "init", CC_PROXY_CONFIG_FILE=str(other))
    assert ran.data["config_path"] == str(other)
    assert named.read_text() == other.read_text() == DEFAULT_FILE
    assert not place(home).exists()


def test_init_never_overwrites_what_is_there(home: Home, write: Write) -> None:
    file = write("server: {port: 5000}\n")
    ran = home.json("config", "init")
    assert (ran.code, ran.error["code"]) == (1, "config_exists")
    assert "--force" in ran.error["hint"]
    assert file.read_text() == "server: {port: 5000}\n"


@posix
def test_init_leaves_a_link_to_nowhere_alone(home: Home) -> None:
    place(home).parent.mkdir()
    place(home).symlink_to(home.path / "nowhere")
    assert home.json("config", "init").error["code"] == "config_exists"
    assert not (home.path / "nowhere").exists()


def test_force_keeps_the_earlier_file(home: Home, write: Write) -> None:
    file = write("this is: [broken\n")
    data = home.json("config", "init", "--force").data
    backup = Path(data["backup_path"])
    assert backup.read_text() == "this is: [broken\n"
    assert backup.parent == file.parent
    assert file.read_text() == DEFAULT_FILE


@pytest.mark.parametrize("name", ["qwen3-coder:30b", "3:4", "a${HOME}", 'a"b'])
def test_a_model_that_is_named_answers_for_claude_s_names(home: Home, name: str) -> None:
    ran = home.json("config", "init", "--model", name)
    assert ran.data["default_model"] == name
    values = home.json("config", "show").data["values"]
    assert values["aliases"] == {"default": name}
    kept = [line for line in DEFAULT_FILE.splitlines() if "#default:" not in line]
    assert set(kept) <= set(place(home).read_text().splitlines())


def test_init_says_which_command_makes_a_running_proxy_use_the_file(home: Home) -> None:
    del home.environ["OLLAMA_BASE_URL"]
    assert home.run("start").code == 0
    (item,) = home.json("config", "init", "--model", "m").envelope["warnings"]
    assert (item["code"], item["hint"]) == ("other_settings", "To apply it: cc-proxy reload")
    assert home.json("reload").data["changed"] == ["aliases.default"]
    assert "other_settings" not in home.json("status").warnings


def test_what_is_no_model_s_name_is_refused_and_nothing_is_written(home: Home) -> None:
    ran = home.json("config", "init", "--model", "qwen*")
    assert (ran.code, ran.error["code"]) == (2, "bad_model_name")
    assert not place(home).exists()


def test_a_file_that_counted_until_now_is_named(home: Home) -> None:
    earlier = home.path / ".config" / "cc-proxy" / "cc-proxy.user.yaml"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("{}")
    (item,) = home.json("config", "init").envelope["warnings"]
    assert item["code"] == "other_file"
    assert str(earlier) in item["message"]


@posix
def test_on_a_terminal_one_of_the_pulled_models_is_chosen(home: Home) -> None:
    with practice_server() as practice:
        out = interactive(home, practice.url, "2")
    assert "practice-think:latest answers for Claude's names." in out
    assert "practice-plain" not in out  # it has no tools
    assert yaml.safe_load(place(home).read_text())["aliases"] == {
        "default": "practice-think:latest"
    }


@posix
def test_an_unfit_model_is_marked_and_not_proposed(home: Home) -> None:
    unfit, other = PracticeModel("one"), PracticeModel("two")
    found_unfit(home, unfit)
    with practice_server(models=[unfit, other]) as practice:
        out = interactive(home, practice.url, "")
    assert "one:latest  65,536 tokens   unfit in your test" in out
    assert "two:latest answers for Claude's names." in out


@posix
def test_without_an_ollama_the_file_is_made_all_the_same(home: Home) -> None:
    out = interactive(home, "http://127.0.0.1:9", None)
    assert "Ollama does not answer" in out
    assert place(home).read_text() == DEFAULT_FILE


def interactive(home: Home, ollama: str, answer: str | None) -> str:
    import pexpect  # noqa: PLC0415 - there is none on Windows

    command, *rest = home.command
    terminal = pexpect.spawn(
        command,
        [*rest, "config", "init"],
        env=home.environ | {"OLLAMA_BASE_URL": ollama},
        dimensions=(40, 120),
        timeout=300,
        encoding="utf-8",
    )
    seen = ""
    if answer is not None:
        terminal.expect(r"Number .*: ")
        seen = f"{terminal.before}"
        terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0
    return seen + f"{terminal.before}"


@posix
def test_ctrl_c_at_the_question_writes_nothing(home: Home) -> None:
    import pexpect  # noqa: PLC0415 - there is none on Windows

    command, *rest = home.command
    with practice_server() as practice:
        environ = home.environ | {"OLLAMA_BASE_URL": practice.url}
        terminal = pexpect.spawn(command, [*rest, "config", "init"], env=environ, timeout=300)
        terminal.expect(b"Number .*: ")
        # One that comes between the question and the waiting for its answer is only noticed then.
        for _ in range(20):
            terminal.sendintr()
            if terminal.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=2) == 0:
                break
        terminal.wait()
    assert terminal.exitstatus == 130
    assert not place(home).exists()


def test_show_tells_where_each_value_comes_from(home: Home, write: Write) -> None:
    file = write("ollama:\n  keep_alive: 2h\nmodels:\n  qwen3:4b: {context_window: 32k}\n")
    data = home.json("config", "show", CC_PROXY_PORT="4444").data
    origins = data["origins"]
    assert data["config_path"] == str(file)
    assert origins["server.port"] == "environment CC_PROXY_PORT"
    assert origins["ollama.keep_alive"] == f"file {file}:2"
    assert origins["models.qwen3:4b.context_window"] == f"file {file}:4"
    assert origins["server.host"] == "default"
    assert data["values"]["server"]["port"] == 4444
    first, *rows = home.run("config", "show").out.splitlines()
    assert first == f"# {file}"
    words = [line.split() for line in rows]
    assert ["keep_alive:", "2h", "#", "line", "2"] in words
    assert ["context_window:", "auto", "#", "default"] in words


@pytest.mark.parametrize("command", [("config", "show"), ("logs", "--config-only")])
def test_what_is_shown_can_be_written_back_as_it_is(
    home: Home, write: Write, command: tuple[str, ...]
) -> None:
    """Each key, each kind of value, and names that YAML takes for something else."""
    write(
        "server: {hold: 500ms, allowed_hosts: [a.example, '*.b.example']}\n"
        "ollama: {timeout: 1h30m, keep_alive: -1}\n"
        "aliases: {'on': m, '12': 'qwen3:4b', '*': '1e5', 'a#b': 'x$${Y}', 'd': '[x]'}\n"
        "models: {'qwen3:4b': {context_window: 32k}, '1:30': {}}\n"
        "images: {max_bytes: 1MiB}\n"
        "claude: {bin: 'C:\\a b\\claude # 1'}\n"
    )
    digest = home.json("config", "show").data["config_digest"]
    lines = home.run(*command).out.splitlines()
    if command[0] == "logs":
        start = lines.index("Active configuration") + 1
        lines = [line.removeprefix("  ") for line in lines[start : lines.index("", start)]]
    copy = home.path / "copy.yaml"
    copy.write_text("\n".join(lines) + "\n")
    copied = ("--config", str(copy))
    assert home.json("config", "check", *copied).data["valid"] is True
    assert home.json("config", "show", *copied).data["config_digest"] == digest


def test_a_secret_is_a_comment_in_what_is_shown(home: Home, write: Write) -> None:
    write("server: {auth_key: very-secret-1}\n")
    shown = home.run("config", "show").out
    copy = home.path / "copy.yaml"
    copy.write_text(shown)
    values = home.json("config", "show", "--config", str(copy)).data["values"]
    assert values["server"]["auth_key"] is None
    assert "#auth_key: ********" in shown


def test_show_hides_secrets(home: Home, write: Write) -> None:
    write("server: {auth_key: very-secret-1}\nollama: {base_url: 'http://u:very-secret-2@h:1'}\n")
    environ = {"OLLAMA_API_KEY": "very-secret-3"}
    del home.environ["OLLAMA_BASE_URL"]
    for ran in (
        home.run("config", "show", **environ),
        home.json("config", "show", **environ),
        home.json("config", "check", **environ),
    ):
        assert ran.code == 0
        assert "very-secret" not in ran.out + ran.err


def test_show_says_that_another_configuration_runs(home: Home, write: Write) -> None:
    assert home.run("start").code == 0
    write("ollama: {keep_alive: 2h}\n")
    codes = [item["code"] for item in home.json("config", "show").envelope["warnings"]]
    assert codes == ["other_settings"]


def test_show_works_without_a_home(home: Home, write: Write) -> None:
    file = write("{}")
    del home.environ["HOME"]
    ran = home.json("config", "show", CC_PROXY_CONFIG_FILE=str(file))
    assert ran.data["config_path"] == str(file)
    assert [item["code"] for item in ran.envelope["warnings"]] == ["home_not_set"]


def test_check_is_content_with_no_file_at_all(home: Home) -> None:
    data = home.json("config", "check").data
    assert data == {"valid": True, "config_path": None, "problems": []}


def test_check_lists_every_problem_and_exits_with_2(home: Home, write: Write) -> None:
    file = write("server:\n  prot: 1\nollama:\n  timeout: soon\n")
    ran = home.json("config", "check")
    assert ran.code == 2
    data = ran.envelope["data"]
    assert (data["valid"], data["config_path"]) == (False, str(file))
    assert [problem["where"] for problem in data["problems"]] == [f"{file}:2:3", f"{file}:4:12"]
    assert "port" in data["problems"][0]["fix"]
    assert f"{file}:2:3" in ran.error["message"]


def test_check_takes_the_file_of_the_flag(home: Home, write: Write) -> None:
    write("nonsense: 1\n")
    good = home.path / "good.yaml"
    good.write_text("server: {port: 1234}\n")
    ran = home.json("config", "check", "--config", str(good))
    assert ran.data["config_path"] == str(good)


def test_check_finds_a_bind_that_needs_a_key(home: Home, write: Write) -> None:
    write("server: {host: 0.0.0.0}\n")
    ran = home.json("config", "check")
    assert (ran.code, ran.error["code"]) == (2, "insecure_bind")
    assert ran.envelope["data"]["valid"] is False


@posix
def test_check_warns_of_a_key_that_others_can_read(home: Home, write: Write) -> None:
    file = write("server: {auth_key: a-very-long-key}\n")
    file.chmod(0o644)
    (item,) = home.json("config", "check").envelope["warnings"]
    assert (item["code"], item["hint"]) == ("config_readable", f"chmod 600 {file}")
    file.chmod(0o600)
    assert home.json("config", "check").envelope["warnings"] == []


def test_check_warns_of_a_short_key_where_others_can_reach_the_port(home: Home) -> None:
    ran = home.json("config", "check", CC_PROXY_HOST="192.0.2.1", CC_PROXY_AUTH_KEY="dev-key")
    assert ran.data["valid"] is True
    assert ran.warnings == ["short_key"]


def test_check_starts_nothing(home: Home) -> None:
    assert home.run("config", "check").code == 0
    assert not any(home.path.iterdir())


def test_path_is_one_line_that_a_shell_can_use(home: Home, write: Write) -> None:
    assert home.run("config", "path").out == f"{place(home)}\n"
    assert home.json("config", "path").data["exists"] is False
    file = write("broken: [")
    ran = home.json("config", "path")
    assert (ran.data["config_path"], ran.data["exists"]) == (str(file), True)
    active = [source["name"] for source in ran.data["sources"] if source["status"] == "active"]
    assert active == ["~/.cc-proxy/cc-proxy.user.yaml"]


def test_schema_is_one_that_the_default_file_keeps(home: Home) -> None:
    schema = json.loads(home.run("config", "schema").out)
    assert schema == SCHEMA == home.json("config", "schema").data["schema"]
    jsonschema.validate(yaml.safe_load(DEFAULT_FILE), schema)


def test_config_alone_names_its_commands(home: Home) -> None:
    ran = home.json("config")
    assert (ran.code, ran.error["code"]) == (2, "usage_error")
    for name in ("init", "show", "check", "path", "schema"):
        assert name in ran.error["message"]


def test_an_alias_that_nobody_asks_for_is_warned_about_wherever_it_is_read(
    home: Home, write: Write
) -> None:
    file = write("aliases:\n  defualt: m\n  claude-*: m\n")
    for arguments in (["config", "check"], ["start"]):
        ran = home.json(*arguments)
        assert ran.code == 0
        (found,) = [one for one in ran.envelope["warnings"] if one["code"] == "alias_slip"]
        assert f"aliases.defualt (file {file}:2)" in found["message"]
        assert found["hint"] == "If you meant it for Claude Code, write: default"
    doctor = home.json("doctor", "--no-model").envelope["data"]["checks"]
    (check,) = [one for one in doctor if one["name"] == "configuration"]
    assert (check["status"], check["fix"]) == ("warn", found["hint"])
