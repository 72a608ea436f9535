"""`cc-proxy models` and `models pull`, as a person runs them, over the practice server."""

import json
import signal
from collections.abc import Iterator

import pytest

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import Practice, practice_server

needs_signals = pytest.mark.posix_only("POSIX signals")


@pytest.fixture
def practice(home: Home) -> Iterator[Practice]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield running


def configure(home: Home, text: str) -> None:
    folder = home.path / ".cc-proxy"
    folder.mkdir(exist_ok=True)
    (folder / "cc-proxy.user.yaml").write_text(text)


def test_each_model_tells_what_it_can_and_the_window_it_gets(
    home: Home, practice: Practice
) -> None:
    data = home.json("models").data
    assert data["upstream"] == {"url": practice.url, "version": "0.32.15"}
    assert data["default_model"] == "practice:latest"
    models = {model["name"]: model for model in data["models"]}
    first = models["practice:latest"]
    assert first["is_default"] is True
    assert (first["context_window"], first["max_context_window"]) == (65_536, 131_072)
    assert first["capabilities"] == ["completion", "tools"]
    assert first["size_bytes"] > 1_000_000
    assert first["loaded"] is None
    assert models["practice-small:latest"]["context_window"] == 8_192
    assert "tools" not in models["practice-plain:latest"]["capabilities"]
    assert [model["name"] for model in data["models"] if model["is_default"]] == [first["name"]]


def test_a_model_of_several_hosts_is_one_row_that_names_them(
    home: Home, practice: Practice
) -> None:
    with practice_server(models=[PracticeModel("practice"), PracticeModel("alone")]) as other:
        urls = f"['{practice.url}', '{other.url}']"
        configure(home, f"upstreams: {{gpus: {{kind: ollama, urls: {urls}}}}}")
        del home.environ["OLLAMA_BASE_URL"]
        ran, data = home.run("models"), home.json("models").data
    one, two = (url.removeprefix("http://") for url in (practice.url, other.url))
    rows = [line for line in ran.out.splitlines() if " on " in line]
    (both,) = [row for row in rows if "practice:latest" in row]
    assert both.endswith(f"on {one}, {two}")
    hosts = {model["name"]: model["hosts"] for model in data["models"]}
    assert hosts["practice:latest"] == [one, two]
    assert (hosts["alone:latest"], hosts["practice-small:latest"]) == ([two], [one])


def test_the_list_for_people_has_a_line_a_model(home: Home, practice: Practice) -> None:
    ran = home.run("models")
    assert ran.code == 0
    (line,) = [line for line in ran.out.splitlines() if "practice-vision" in line]
    assert line.split() == [
        *("practice-vision:latest", "4.9", "GB"),
        *("65,536", "of", "131,072", "tools,", "vision", "no"),
    ]
    (default,) = [line for line in ran.out.splitlines() if line.startswith("*  ")]
    assert "practice:latest" in default
    assert practice.url in ran.out


def test_small_windows_and_models_without_tools_are_warned_about(
    home: Home, practice: Practice
) -> None:
    assert practice.url
    warnings = home.json("models").envelope["warnings"]
    texts = {item["code"]: item["message"] for item in warnings}
    assert set(texts) == {"small_window", "no_tools"}
    assert "practice-small:latest has a window of 8,192" in texts["small_window"]
    hints = {item["code"]: item["hint"] for item in warnings}
    assert hints["small_window"] == "It can have no larger one: use another model"
    assert "practice-plain:latest" in texts["no_tools"]


@pytest.mark.parametrize("spelled", ["practice:latest", "practice"])
def test_a_window_from_the_configuration_counts(
    home: Home, practice: Practice, spelled: str
) -> None:
    assert practice.url
    configure(home, f'models:\n  "{spelled}": {{context_window: 100k}}\n')
    ran = home.json("models")
    (first, *_) = ran.data["models"]
    assert first["context_window"] == 100 * 1024


def test_a_window_over_the_model_s_maximum_is_told_of(home: Home, practice: Practice) -> None:
    assert practice.url
    configure(home, "models:\n  practice: {context_window: 300k}\n")
    ran = home.json("models")
    (first, *_) = ran.data["models"]
    assert first["context_window"] == 131_072
    (found,) = [w for w in ran.envelope["warnings"] if w["code"] == "window_over_maximum"]
    assert "307,200 for practice:latest, which can have 131,072" in found["message"]
    assert found["hint"] == "Set context_window for it to 131072 or less."


def test_aliases_tell_what_they_point_to_and_whether_it_is_there(
    home: Home, practice: Practice
) -> None:
    assert practice.url
    configure(home, "aliases:\n  default: practice-think\n  claude-haiku-*: absent:1b\n")
    ran = home.json("models")
    assert ran.data["default_model"] == "practice-think"
    assert ran.data["aliases"] == [
        {"name": "default", "model": "practice-think", "pulled": True},
        {"name": "claude-haiku-*", "model": "absent:1b", "pulled": False},
    ]
    (item,) = [i for i in ran.envelope["warnings"] if i["code"] == "alias_not_pulled"]
    assert item["message"] == "Ollama has no model absent:1b. An alias points to it."
    assert item["hint"] == "cc-proxy models pull absent:1b"
    shown = home.run("models").out
    assert "claude-haiku-*  ->  absent:1b  (not pulled)" in shown


def test_a_default_that_is_not_pulled_is_named(home: Home, practice: Practice) -> None:
    assert practice.url
    configure(home, "aliases: {default: absent}\n")
    ran = home.json("models")
    assert ran.data["default_model"] is None
    hints = [item["hint"] for item in ran.envelope["warnings"]]
    assert hints[0] == "cc-proxy models pull absent"
    assert not any("qwen3-coder" in hint for hint in hints)


def test_a_loaded_model_tells_its_window_and_where_it_is(home: Home, practice: Practice) -> None:
    assert home.run("start", "--preload").code == 0
    data = home.json("models").data
    (loaded,) = [model["loaded"] for model in data["models"] if model["loaded"]]
    assert loaded["context_window"] == 65_536
    assert loaded["vram_bytes"] == 0
    assert loaded["cpu_bytes"] == loaded["size_bytes"] > 0
    assert "CPU" in home.run("models").out
    assert len(practice.chats()) == 1


def test_a_model_that_is_loaded_with_another_window_is_named(
    home: Home, practice: Practice
) -> None:
    assert home.run("start", "--preload").code == 0
    configure(home, "context_window: 80000\n")
    warnings = home.json("models").envelope["warnings"]
    assert "other_settings" in {item["code"] for item in warnings}
    (item,) = [item for item in warnings if item["code"] == "loaded_otherwise"]
    assert "65,536" in item["message"]
    assert "80,000" in item["message"]
    assert item["hint"] == "To load it before that: cc-proxy start --preload"
    assert len(practice.chats()) == 1


def test_only_the_default_model_is_said_to_be_preloaded(home: Home, practice: Practice) -> None:
    assert home.run("start", "--preload").code == 0
    configure(home, "aliases: {default: practice-think}\ncontext_window: 80000\n")
    warnings = home.json("models").envelope["warnings"]
    (item,) = [item for item in warnings if item["code"] == "loaded_otherwise"]
    assert item["hint"] == "To load it before you type: cc-proxy claude --model practice:latest"
    assert practice.url


def test_an_ollama_that_is_not_there_is_exit_code_5(home: Home) -> None:
    ran = home.json("models")
    assert ran.code == 5
    assert ran.error["code"] == "upstream_unreachable"
    assert ran.envelope["command"] == "models"


def test_an_ollama_without_models_says_so(home: Home) -> None:
    with practice_server(models=()) as practice:
        ran = home.run("models", OLLAMA_BASE_URL=practice.url)
    assert ran.code == 0
    assert "No model is pulled." in ran.out
    assert "cc-proxy models recommend" in ran.err


def test_a_pull_ends_with_the_model_being_there(home: Home, practice: Practice) -> None:
    ran = home.json("models", "pull", "practice-more")
    assert ran.envelope["command"] == "models pull"
    assert ran.data["name"] == "practice-more"
    assert ran.data["size_bytes"] > 1_000_000
    assert "practice-more:latest" in [m["name"] for m in home.json("models").data["models"]]
    assert practice.url


def test_without_a_terminal_a_pull_writes_plain_lines(home: Home, practice: Practice) -> None:
    assert practice.url
    ran = home.run("models", "pull", "practice-more")
    assert ran.out == "practice-more is pulled (4.9 GB).\n"
    assert "pulling manifest\n" in ran.err
    assert "50 %  2.5 GB of 4.9 GB\n" in ran.err
    assert "\r" not in ran.err
    assert "\x1b" not in ran.err


def test_an_alias_is_pulled_as_what_it_stands_for(home: Home, practice: Practice) -> None:
    configure(home, "aliases: {claude-haiku-*: practice-more}\n")
    ran = home.run("models", "pull", "claude-haiku-4-5")
    assert ran.code == 0, ran.err
    assert "practice-more, which claude-haiku-4-5 stands for, is pulled" in ran.out
    assert practice.url


def test_a_model_that_nobody_has_is_an_error_with_a_place_to_look(
    home: Home, practice: Practice
) -> None:
    assert practice.url
    ran = home.json("models", "pull", "no-such-model")
    assert (ran.code, ran.error["code"]) == (1, "model_unknown")
    assert "ollama.com/library" in ran.error["hint"]


def test_a_name_that_no_model_can_have_is_a_usage_error(home: Home, practice: Practice) -> None:
    assert practice.url
    ran = home.json("models", "pull", "what ever")
    assert (ran.code, ran.error["code"]) == (2, "invalid_name")
    assert "kept" not in ran.error["hint"]


def test_a_claude_name_without_an_alias_is_no_model_to_pull(home: Home) -> None:
    ran = home.json("models", "pull", "claude-opus-4-8")
    assert (ran.code, ran.error["code"]) == (2, "no_alias")


def test_a_pull_needs_a_name(home: Home) -> None:
    ran = home.json("models", "pull")
    assert (ran.code, ran.error["code"]) == (2, "usage_error")
    assert ran.envelope["command"] == "models pull"
    assert "cc-proxy models pull --help" in ran.error["hint"]


def test_a_slip_of_the_fingers_is_answered_with_the_nearest(home: Home) -> None:
    ran = home.run("models", "pul")
    assert ran.code == 2
    assert ran.err.count("Did you mean") == 1


@needs_signals
def test_ctrl_c_ends_the_download_with_130(home: Home) -> None:
    with practice_server(speed=PracticeSpeed(load_seconds=30)) as practice:
        process = home.popen("models", "pull", "practice-more", OLLAMA_BASE_URL=practice.url)
        practice.wait_for(lambda record: record.path == "/api/pull")
        assert process.stderr is not None
        assert "pulling manifest" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert "to go on from there: cc-proxy models pull practice-more" in err
        assert out == ""
        ended = practice.wait_for(lambda r: r.path == "/api/pull" and r.ended_by is not None)
        assert ended.ended_by == "client closed"


@pytest.mark.posix_only("pseudo-terminals")
def test_on_a_terminal_a_pull_shows_a_bar_and_takes_it_away(home: Home) -> None:
    import pexpect  # noqa: PLC0415 - there is none on Windows
    import pyte  # noqa: PLC0415 - as above

    with practice_server(speed=PracticeSpeed(load_seconds=0.1)) as practice:
        environ = home.environ | {"OLLAMA_BASE_URL": practice.url, "TERM": "xterm"}
        command, *rest = home.command
        terminal = pexpect.spawn(
            command,
            [*rest, "models", "pull", "practice-more"],
            env=environ,
            dimensions=(24, 100),
            timeout=300,
            encoding="utf-8",
        )
        terminal.expect(r"\d+% \[#+ *\] [\d.]+ GB of 4\.9 GB  [\d.]+ GB/s  \d+ s left")
        seen = f"{terminal.before}{terminal.after}"
        terminal.expect(pexpect.EOF)
        terminal.wait()
    screen = pyte.Screen(100, 24)
    pyte.Stream(screen).feed(f"{seen}{terminal.before}")
    left = [line.rstrip() for line in screen.display if line.strip()]
    assert terminal.exitstatus == 0
    assert left == ["practice-more is pulled (4.9 GB)."]


def test_a_model_that_cannot_be_asked_does_not_hide_the_others(home: Home) -> None:
    models = (PracticeModel("practice:latest"), PracticeModel("broken:cloud"))
    with practice_server(models=models) as practice:
        ran = home.json("models", OLLAMA_BASE_URL=practice.url)
    assert [model["trouble"] is None for model in ran.data["models"]] == [True, False]
    assert "model_unusable" in json.dumps(ran.envelope["warnings"])


@pytest.mark.parametrize(
    ("model", "reader", "formats", "said"),
    [
        (PracticeModel("m"), "go_template", ["hermes"], "by the marks in the model's Go template"),
        (PracticeModel("m", style="jinja"), "jinja_template", ["hermes"], "read by llama.cpp, by"),
        (
            PracticeModel("m", renderer="qwen3-coder"),
            *("parser", ["hermes", "qwen3-coder"], "read by Ollama's parser qwen3-coder"),
        ),
        (PracticeModel("m", renderer="new"), "parser", [], "cc-proxy treats all marks alike"),
        (PracticeModel("m", tools=False), "none", ["hermes"], "the model cannot use tools"),
    ],
)
def test_show_says_who_reads_the_calls_of_a_model(
    home: Home, model: PracticeModel, reader: str, formats: list[str], said: str
) -> None:
    with practice_server(models=[model]) as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        data = home.json("models", "show", "m").data
        assert (data["name"], data["call_reader"]) == ("m", reader)
        assert data["call_formats"] == formats
        assert (data["parser"] == model.renderer) == (reader == "parser")
        assert data["context_window"] == 65_536
        assert said in home.run("models", "show", "m").out


def test_show_without_a_name_shows_the_default_and_an_unknown_one_is_an_error(home: Home) -> None:
    with practice_server(models=[PracticeModel("m")]) as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        assert "Model    m:latest" in home.run("models", "show").out
        ran = home.json("models", "show", "absent:1b")
    assert (ran.code, ran.error["code"]) == (1, "model_refused")
    assert ran.error["hint"] == "cc-proxy models pull absent:1b"
