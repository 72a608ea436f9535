"""`cc-proxy claude`, with a small script in Claude Code's place."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.cli.claude import process
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home, Ran
from cc_proxy.tests.cli.practice import practice_server

pytestmark = pytest.mark.posix_only("a shell script that plays Claude Code")
FILE = "the file that is given with --settings"
SCRIPT = """#!{python}
import json, os, sys
print(json.dumps({{"arguments": sys.argv[1:], "environ": dict(os.environ)}}))
sys.exit(7)
"""


@pytest.fixture
def claude(home: Home) -> Path:
    """Stand in for Claude Code: says what it was given, and ends with 7."""
    path = home.path / "bin" / "claude"
    path.parent.mkdir()
    path.write_text(SCRIPT.format(python=sys.executable))
    path.chmod(0o755)
    home.environ["PATH"] = f"{path.parent}{os.pathsep}{home.environ['PATH']}"
    return path


@pytest.fixture
def model(home: Home) -> Iterator[None]:
    home.environ["CC_PROXY_CONFIG_FILE"] = str(home.path / "config.yaml")
    (home.path / "config.yaml").write_text("aliases: {default: 'practice:latest'}\n")
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield


def settings_file(home: Home) -> Path:
    (found,) = (home.run_dir / "claude").iterdir()
    return found


def launched_with(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(settings_file(home).read_bytes())
    return found


def told(ran: Ran) -> dict[str, Any]:
    assert ran.code == 7, ran.out + ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.usefixtures("claude", "model")
def test_it_becomes_claude_code_with_the_proxy_running(home: Home) -> None:
    ran = home.run("claude", "--", "-p", "hi", ANTHROPIC_API_KEY="sk-another", OTHER="kept")
    given = told(ran)
    environ = given["environ"]
    assert environ["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{home.state['port']}"
    assert environ["ANTHROPIC_AUTH_TOKEN"] == (home.run_dir / "auth.key").read_text().strip()
    assert environ["ANTHROPIC_MODEL"] == "practice:latest"
    assert environ["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "65536"
    assert "ANTHROPIC_API_KEY" not in environ
    assert environ["OTHER"] == "kept"
    assert given["arguments"][-2:] == ["-p", "hi"]


@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize(
    ("flags", "arguments"),
    [
        (
            ["--", "-p", "hi"],
            [
                *["--exclude-dynamic-system-prompt-sections", "--settings", FILE],
                *["--permission-mode", "default", "-p", "hi"],
            ],
        ),
        (
            ["--", "--permission-mode=plan"],
            [
                *["--exclude-dynamic-system-prompt-sections", "--settings", FILE],
                "--permission-mode=plan",
            ],
        ),
        (
            ["--profile", "bare", "--", "--dangerously-skip-permissions"],
            ["--bare", "--settings", FILE, "--dangerously-skip-permissions"],
        ),
        (
            ["--", "agents", "--cwd", "."],
            ["agents", "--settings", FILE, "--permission-mode", "default", "--cwd", "."],
        ),
    ],
)
def test_what_claude_code_is_started_with(
    home: Home, flags: list[str], arguments: list[str]
) -> None:
    given = told(home.run("claude", *flags))["arguments"]
    assert [FILE if argument == str(settings_file(home)) else argument for argument in given] == (
        arguments
    )


@pytest.mark.usefixtures("claude", "model")
def test_what_is_set_is_in_the_settings_too_and_nobody_else_can_read_them(home: Home) -> None:
    ran = told(home.run("claude", HTTPS_PROXY="http://proxy.example:3128", OTHER="kept"))
    settings = launched_with(home)
    ours = {name for name in ran["environ"] if name.startswith(("ANTHROPIC_", "CLAUDE_CODE_"))}
    # It is for the program in this terminal, not for what works in the background.
    ours -= {"CLAUDE_CODE_RESUME_HINT_COMMAND"}
    # The rows of `/model` take its place.
    ours -= {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"}
    assert len(ours) > 10
    assert {name: settings["env"][name] for name in ours} == (
        {name: ran["environ"][name] for name in ours}
    )
    assert settings["env"]["ANTHROPIC_API_KEY"] == ""
    assert settings["env"]["CLAUDE_CODE_USE_BEDROCK"] == ""
    assert settings["env"]["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert settings["env"]["HTTP_PROXY"] == ""
    assert "OTHER" not in settings["env"]
    assert settings["apiKeyHelper"] == ""
    assert settings["skipWebFetchPreflight"] is True
    file = settings_file(home)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (home.run_dir / "auth.key").read_text().strip() not in " ".join(ran["arguments"])


@pytest.mark.usefixtures("claude")
def test_the_menu_of_models_has_the_pulled_ones_with_their_windows(home: Home) -> None:
    models = [
        PracticeModel("large:30b", context=131_072),
        PracticeModel("small:4b", context=40_960, thinking=True),
        PracticeModel("plain", tools=False),
    ]
    with practice_server(models=models) as running:
        more = {"OLLAMA_BASE_URL": running.url}
        told(home.run("claude", "--model", "small:4b", **more))
        picker = launched_with(home)["modelPicker"]
    assert [row["model"] for row in picker["options"]] == ["small:4b", "large:30b"]
    assert [row["label"] for row in picker["options"]] == ["small:4b", "large:30b"]
    assert picker["options"][0]["description"].endswith("tools, thinking · 40,960 tokens")
    assert picker["options"][1]["description"].endswith("tools · 65,536 tokens")
    # With it Claude Code would forget the window that it was told.
    assert all("behavesAs" not in row for row in picker["options"])
    assert picker["replaceBuiltInOptions"] is True


@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-p", "hi"], {}),
        ([], {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}),
        (["--settings", '{"modelPicker": {"options": [{"model": "mine"}]}}'], {}),
    ],
)
def test_the_menu_is_left_alone_where_nobody_chooses_or_somebody_has_chosen(
    home: Home, arguments: list[str], variables: dict[str, str]
) -> None:
    told(home.run("claude", *arguments, **variables))
    settings = launched_with(home)
    rows = settings.get("modelPicker", {"options": []})["options"]
    assert rows == ([{"model": "mine"}] if "--settings" in arguments else [])
    assert settings["env"]["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] == "1"


@pytest.mark.usefixtures("claude", "model")
def test_each_content_has_a_file_that_stays(home: Home) -> None:
    for model in ("practice", "practice-think", "practice"):
        told(home.run("claude", "--model", model))
    assert len(list((home.run_dir / "claude").iterdir())) == 2


@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize("form", [["--settings", "mine.json"], ["--settings=mine.json"]])
def test_settings_that_the_person_names_are_kept_with_ours_over_them(
    home: Home, form: list[str]
) -> None:
    mine = {
        "env": {"ANTHROPIC_BASE_URL": "http://elsewhere.example", "MINE": "1"},
        "permissions": {"allow": ["Read(/src/**)", "Read(//etc/hosts)", "Bash(ls /tmp)"]},
        "skipWebFetchPreflight": False,
        "outputStyle": "mine",
    }
    (home.path / "mine.json").write_text(json.dumps(mine))
    given = told(home.run("claude", "--", *form, "-p", "hi"))
    settings = launched_with(home)
    assert given["arguments"].count("--settings") == 1
    assert given["arguments"][-2:] == ["-p", "hi"]
    assert settings["env"]["MINE"] == "1"
    assert settings["env"]["ANTHROPIC_BASE_URL"] == given["environ"]["ANTHROPIC_BASE_URL"]
    assert settings["outputStyle"] == "mine"
    assert settings["skipWebFetchPreflight"] is False
    assert settings["permissions"]["allow"] == [
        *(f"Read(/{home.path}/src/**)", "Read(//etc/hosts)", "Bash(ls /tmp)")
    ]


@pytest.mark.usefixtures("claude")
@pytest.mark.parametrize(
    ("value", "says"),
    [("none.json", "found no such file"), ("{broken", "found: Expecting"), ("[]", "no such file")],
)
def test_settings_that_cannot_be_used_are_refused_before_anything_starts(
    home: Home, value: str, says: str
) -> None:
    ran = home.run("claude", "--", "--settings", value)
    assert ran.code == 1
    assert says in ran.err
    assert not home.run_dir.exists()


def repository(home: Home, name: str = "settings.json", **content: object) -> Path:
    file = home.path / "project" / ".claude" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1))
    return file


def in_repository(home: Home, *arguments: str) -> Ran:
    with subprocess.Popen(
        [*home.command, *arguments],
        cwd=home.path / "project",
        env=home.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, err = process.communicate()
    return Ran(process.returncode, out, err)


@pytest.mark.usefixtures("claude", "model")
def test_a_repository_s_settings_that_are_overruled_are_named_with_their_lines(home: Home) -> None:
    file = repository(
        home, env={"ANTHROPIC_BASE_URL": "http://e", "EDITOR": "vi"}, apiKeyHelper="k"
    )
    ran = in_repository(home, "claude")
    told(ran)
    assert f"{file} sets ANTHROPIC_BASE_URL (line 3), apiKeyHelper (line 6)" in ran.err
    assert "overruled in this session" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_a_repository_s_settings_that_cannot_be_overruled_are_refused(home: Home) -> None:
    file = repository(home, "settings.local.json", env={"ANTHROPIC_UNIX_SOCKET": "/run/s"})
    ran = in_repository(home, "claude")
    assert (ran.code, ran.out) == (1, "")
    assert f"found ANTHROPIC_UNIX_SOCKET (line 3) in {file}" in ran.err
    assert f"Remove them from {file}" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_with_settings_of_the_person_s_own_a_repository_s_are_refused(home: Home) -> None:
    # A mistake in the person's makes Claude Code leave out the whole file, and ours with it.
    file = repository(home, env={"CLAUDE_CODE_USE_BEDROCK": "1"})
    ran = in_repository(home, "claude", "--", "--settings", '{"outputStyle": "mine"}')
    assert (ran.code, ran.out) == (1, "")
    assert f"found CLAUDE_CODE_USE_BEDROCK (line 3) in {file}" in ran.err


@pytest.mark.usefixtures("model")
def test_a_shell_is_told_that_a_bare_claude_follows_a_repository(home: Home) -> None:
    repository(home, env={"ANTHROPIC_BASE_URL": "http://e"})
    ran = in_repository(home, "claude", "--print-env")
    assert ran.code == 0
    assert "a bare `claude` here goes past cc-proxy" in ran.err


@pytest.mark.usefixtures("claude")
@pytest.mark.parametrize(
    "asked",
    [
        ["--cloud", "do it"],
        ["--remote-control"],
        ["remote-control"],
        ["--teleport"],
        ["ultrareview"],
    ],
)
def test_what_anthropic_s_servers_do_is_refused(home: Home, asked: list[str]) -> None:
    ran = home.run("claude", "--", *asked)
    assert ran.code == 1
    assert f"found {asked[0]}: it works on Anthropic's servers" in ran.err
    assert not home.run_dir.exists()


@pytest.mark.usefixtures("claude", "model")
def test_another_model_may_be_named(home: Home) -> None:
    environ = told(home.run("claude", "--model", "practice-think"))["environ"]
    names = ("ANTHROPIC_MODEL", "ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_DEFAULT_OPUS_MODEL")
    assert {environ[name] for name in names} == {"practice-think"}


@pytest.mark.usefixtures("claude")
def test_a_small_command_of_claude_code_needs_no_proxy(home: Home) -> None:
    given = told(home.run("claude", "--", "--version"))
    assert given["arguments"] == ["--version"]
    assert not home.run_dir.exists()


def test_no_claude_code_says_how_to_get_it(home: Home) -> None:
    ran = home.run("claude", "--claude-bin", "no-such-claude")
    assert ran.code == 1
    assert "Expected Claude Code as 'no-such-claude', found no such program." in ran.err
    assert "npm install -g @anthropic-ai/claude-code" in ran.err
    assert not home.run_dir.exists()


@pytest.mark.usefixtures("claude")
def test_an_ollama_that_does_not_answer_is_a_5(home: Home) -> None:
    ran = home.run("claude")
    assert ran.code == 5
    assert "Ollama does not answer at http://127.0.0.1:9" in ran.err
    assert "ollama serve" in ran.err


@pytest.mark.usefixtures("claude")
def test_an_ollama_without_a_model_says_what_to_do(home: Home) -> None:
    with practice_server(models=[PracticeModel("plain", tools=False)]) as running:
        ran = home.run("claude", OLLAMA_BASE_URL=running.url)
    assert ran.code == 1
    assert "1 pulled, none that can use tools" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_a_model_that_is_not_pulled_is_named_with_what_pulls_it(home: Home) -> None:
    ran = home.run("claude", "--model", "nope")
    assert ran.code == 1
    assert "Ollama has no model nope. Pull it with `ollama pull nope`" in ran.err
    assert "cc-proxy models" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_a_misspelt_model_is_answered_with_the_nearest_one(home: Home) -> None:
    ran = home.run("claude", "--model", "practise")
    assert ran.code == 1
    assert "Ollama has no model practise." in ran.err
    assert "Did you mean practice?" in ran.err
    assert "Did you mean" not in home.run("claude", "--model", "nope").err


@pytest.mark.usefixtures("claude", "model")
def test_a_model_that_was_mended_in_the_file_but_not_in_the_proxy_is_told_so(home: Home) -> None:
    file = home.path / "config.yaml"
    file.write_text("aliases: {default: nope}\n", encoding="utf-8")
    assert home.run("start").code == 0
    file.write_text("aliases: {default: practice}\n", encoding="utf-8")
    ran = home.run("claude")
    assert ran.code == 1
    assert "Ollama has no model nope (the default model). Pull it with" in ran.err
    assert "was started with a different configuration" in ran.err
    assert "cc-proxy restart" in ran.err


@pytest.mark.usefixtures("claude")
def test_without_a_start_a_running_proxy_is_needed(home: Home) -> None:
    ran = home.run("claude", "--no-start-if-needed")
    assert ran.code == 3
    assert "cc-proxy is not running." in ran.err
    assert "cc-proxy start" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_a_proxy_that_was_started_with_another_key_is_a_4(home: Home) -> None:
    assert home.run("start", CC_PROXY_AUTH_KEY="the-first-key").code == 0
    ran = home.run("claude", CC_PROXY_AUTH_KEY="the-second-key")
    assert ran.code == 4
    assert "was started with another key" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_the_environment_can_be_taken_into_a_shell(home: Home) -> None:
    ran = home.run("claude", "--print-env", ANTHROPIC_API_KEY="sk-another")
    assert ran.code == 0
    shown = subprocess.run(
        ["/bin/sh", "-c", ran.out + 'echo "$ANTHROPIC_BASE_URL ${ANTHROPIC_API_KEY-gone}"'],
        env={"PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": "sk-another"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"http://127.0.0.1:{home.state['port']} gone\n"


@pytest.mark.usefixtures("claude", "model")
def test_the_environment_for_programs(home: Home) -> None:
    data = home.json("claude", "--print-env", ANTHROPIC_API_KEY="sk-another").data
    assert data["set"]["ANTHROPIC_MODEL"] == "practice:latest"
    assert data["unset"] == ["ANTHROPIC_API_KEY"]
    assert data["arguments"] == [
        *("--exclude-dynamic-system-prompt-sections", "--settings", str(settings_file(home))),
        *("--permission-mode", "default"),
    ]


@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize(
    ("shell", "sets", "removes"),
    [
        ("fish", "set -gx ANTHROPIC_MODEL 'practice:latest'", "set -e ANTHROPIC_API_KEY"),
        ("powershell", "$env:ANTHROPIC_MODEL = 'practice:latest'", "Remove-Item Env:ANTHROPIC_API"),
        ("zsh", "export ANTHROPIC_MODEL=practice:latest", "unset ANTHROPIC_API_KEY"),
    ],
)
def test_the_environment_in_the_words_of_a_shell(
    home: Home, shell: str, sets: str, removes: str
) -> None:
    ran = home.run("claude", "--print-env", "--shell", shell, ANTHROPIC_API_KEY="sk-another")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert sets in lines
    assert lines[0].startswith(removes)
    assert lines[-1].startswith("# cc-proxy claude runs: claude --exclude-dynamic")


@pytest.mark.usefixtures("claude")
@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize(
    ("url", "allowed", "warnings"),
    [
        ("http://gpu.example:3456/", "gpu.example", []),
        ("http://gpu.example:3456", "", ["host_not_allowed"]),
        ("http://host.docker.internal:3456", "", []),
        ("http://[fd00::1]:3456", "", []),
    ],
)
def test_the_address_for_others_can_be_named(
    home: Home, url: str, allowed: str, warnings: list[str]
) -> None:
    flags = ("claude", "--print-env", "--url", url)
    ran = home.json(*flags, CC_PROXY_ALLOWED_HOSTS=allowed)
    assert ran.data["set"]["ANTHROPIC_BASE_URL"] == url.rstrip("/")
    assert "--settings" not in ran.data["arguments"], "another machine does not have the file"
    assert [code for code in ran.warnings if code == "host_not_allowed"] == warnings


@pytest.mark.parametrize(
    "url", ["gpu.example", "ftp://gpu", "http://a@gpu", "http://", "http://[x"]
)
def test_an_address_that_is_none_is_a_mistake_of_usage(home: Home, url: str) -> None:
    ran = home.run("claude", "--print-env", "--url", url)
    assert ran.code == 2
    assert "such as http://gpu.example:3456" in ran.err
    assert not home.run_dir.exists()


def test_an_address_without_print_env_is_a_mistake_of_usage(home: Home) -> None:
    ran = home.run("claude", "--url", "http://gpu:3456")
    assert ran.code == 2
    assert "Expected --print-env with --url, found --url alone." in ran.err


def test_a_shell_without_print_env_is_a_mistake_of_usage(home: Home) -> None:
    ran = home.run("claude", "--shell", "fish")
    assert ran.code == 2
    assert "Expected --print-env with --shell, found --shell alone." in ran.err


@pytest.mark.usefixtures("claude")
def test_json_without_print_env_is_a_mistake_of_usage(home: Home) -> None:
    ran = home.json("claude")
    assert ran.code == 2
    assert ran.error["code"] == "usage_error"


@pytest.mark.usefixtures("claude")
def test_a_small_window_is_warned_about(home: Home) -> None:
    with practice_server(models=[PracticeModel("small", context=8192)]) as running:
        ran = home.run("claude", OLLAMA_BASE_URL=running.url)
    assert ran.code == 7
    assert "small:latest has a window of 8,192 tokens" in ran.err
    assert "gives up after a few turns in one of less than 24,576" in ran.err
    assert "if not: cc-proxy models" in ran.err


@pytest.mark.usefixtures("claude", "model")
def test_a_model_without_tools_is_refused_before_claude_code_begins(home: Home) -> None:
    ran = home.run("claude", "--model", "practice-plain", "--", "-p", "hi")
    assert (ran.code, ran.out) == (1, "")
    assert "practice-plain cannot use tools" in ran.err
    assert "cc-proxy models" in ran.err
    # What takes no tools may begin; and a shell may be told to set what it wants.
    given = told(home.run("claude", "--model", "practice-plain", "--", "--tools", "", "-p", "hi"))
    assert given["environ"]["ANTHROPIC_MODEL"] == "practice-plain"
    shown = home.json("claude", "--model", "practice-plain", "--print-env")
    assert "no_tools" in shown.warnings
    assert "no_tools" not in home.json("claude", "--print-env").warnings


@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize(
    "arguments",
    [
        ["-c"],
        ["-p", "hi"],
        ["--resume"],
        ["--resume", "0b8f", "-p", "go on"],
        ["--continue", "--fork-session"],
        ["-p", "hi", "--output-format", "json", "--verbose"],
        ["--output-format=json", "-p", "hi"],
        ["--add-dir", "one", "two"],
        ["--allowedTools", "Bash(git *)", "explain this"],
    ],
)
def test_options_of_claude_code_pass_as_they_are(home: Home, arguments: list[str]) -> None:
    given = told(home.run("claude", *arguments))["arguments"]
    assert given[-len(arguments) :] == arguments


@pytest.mark.usefixtures("claude", "model")
def test_options_of_cc_proxy_may_stand_among_them(home: Home) -> None:
    ran = told(home.run("claude", "-p", "hi", "--model", "practice-think", "--profile", "bare"))
    assert ran["arguments"][0] == "--bare"
    assert ran["arguments"][-2:] == ["-p", "hi"]
    assert ran["environ"]["ANTHROPIC_MODEL"] == "practice-think"


@pytest.mark.usefixtures("claude", "model")
def test_behind_two_dashes_nothing_is_cc_proxy_s(home: Home) -> None:
    given = told(home.run("claude", "-p", "--", "--model", "opus", "--", "--json"))["arguments"]
    assert given[-5:] == ["-p", "--model", "opus", "--", "--json"]


@pytest.mark.usefixtures("claude", "model")
def test_the_line_that_claude_code_says_at_its_end_resumes_through_the_proxy(home: Home) -> None:
    ran = told(home.run("--resume", "0b8f"))
    assert ran["arguments"][-2:] == ["--resume", "0b8f"]
    assert ran["environ"]["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert ran["environ"]["CLAUDE_CODE_RESUME_HINT_COMMAND"] == "cc-proxy"


@pytest.mark.parametrize(
    ("flag", "hint"), [("-m", "--model NAME"), ("--num-ctx", "context_window")]
)
def test_a_flag_of_another_program_is_told_what_it_is_here(
    home: Home, flag: str, hint: str
) -> None:
    ran = home.run("claude", flag, "x")
    assert ran.code == 2
    assert f"Here that is {hint}" in ran.err


@pytest.mark.usefixtures("claude", "model")
@pytest.mark.parametrize("words", [["explain this folder"], ["-p", "hi"], ["--", "fix it"], []])
def test_a_prompt_never_goes_around_the_proxy(home: Home, words: list[str]) -> None:
    environ = told(home.run("claude", "--", *words, ANTHROPIC_API_KEY="sk-real"))["environ"]
    assert environ["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert "ANTHROPIC_API_KEY" not in environ


@pytest.mark.usefixtures("model")
def test_a_program_beside_the_person_is_the_one_that_is_named(home: Home, claude: Path) -> None:
    beside = home.path / "claude"
    beside.write_text("#!/bin/sh\nexit 9\n")
    beside.chmod(0o755)
    assert home.run("claude", "--claude-bin", "./claude").code == 9
    assert home.run("claude", "--claude-bin", "bin/claude").code == 7
    assert home.run("claude", "--claude-bin", "~/bin/claude").code == 7
    claude.unlink()
    ran = home.json("doctor", "--no-model")
    checks = {check["name"]: check for check in ran.envelope["data"]["checks"]}
    assert checks["claude_code"]["status"] == "fail"


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("arguments", [[], ["--", "--version"]])
def test_a_program_that_does_not_run_here_is_no_fault_of_ours(
    home: Home, claude: Path, arguments: list[str]
) -> None:
    claude.write_text("#!/no/such/interpreter\n")
    ran = home.run("claude", *arguments)
    assert ran.code == 1
    assert f"Expected {claude} to be a program that runs here" in ran.err
    assert f"{claude} --version" in ran.err


def test_on_windows_ctrl_c_is_for_claude_code_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It takes its time to end after Ctrl-C, as one does that has something to write down.
    program = tmp_path / "claude"
    program.write_text(
        f"#!{sys.executable}\nimport os, signal, time\n"
        "os.kill(os.getppid(), signal.SIGINT)\ntime.sleep(1)\nraise SystemExit(7)\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "win32")
    before = signal.getsignal(signal.SIGINT)
    assert process.become(str(program), [], dict(os.environ)) == 7
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("model", "claude")
def test_claude_code_gets_no_key_of_the_proxy_or_its_upstreams(home: Home) -> None:
    (home.path / "config.yaml").write_text(
        "server: {auth_keys: {alice: {key: '${KEY_OF_ALICE}'}}}\n"
        "ollama: {headers: {X-Gateway: '${GATEWAY}'}}\n"
        "upstreams: {gpu: {url: 'http://127.0.0.1:9', api_key: '${GPU_KEY}'}}\n"
        "aliases: {default: ollama/practice}\n"
    )
    keys = {
        "CC_PROXY_AUTH_KEY": "the-key-of-the-proxy",
        "OLLAMA_API_KEY": "the-key-of-ollama",
        "KEY_OF_ALICE": "the-key-of-alice",
        "GATEWAY": "what-the-gateway-asks-for",
        "GPU_KEY": "the-key-of-the-gpu",
    }
    others = {"OPENAI_API_KEY": "of-the-person", "SHORT": "1"}
    for words in (["fix it"], ["--", "--version"]):
        environ = told(home.run("claude", *words, **keys, **others))["environ"]
        assert keys.keys() & environ.keys() == set()
        assert environ.items() >= others.items()
        assert {name for name, value in environ.items() if value in keys.values()} <= {
            "ANTHROPIC_AUTH_TOKEN"
        }
    # The shell of a person goes on to need them.
    printed = home.run("claude", "--print-env", **keys, **others).out
    assert "OLLAMA_API_KEY" not in printed
