"""`cc-proxy models test`, as a person runs it."""

import json
import re
import sys

import pytest

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server
from cc_proxy.tests.fitness.played import good, hopeless, prompt_of

MODELS = (PracticeModel("played:latest"), PracticeModel("plain:latest", tools=False))


def test_a_fit_model_is_said_to_be_fit_and_models_shows_it_later(home: Home) -> None:
    with practice_server(models=MODELS, script=good()) as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        data = home.json("models", "test", "played").data
        assert (data["model"], data["verdict"], data["passed"]) == ("played", "fit", 60)
        assert (data["possible_verdicts"], data["confidence_interval"]) == (["fit"], [0.94, 1.0])
        assert data["calls"]["wrong"] == data["calls"]["missing"] == 0
        assert {(task["passed"], task["runs"]) for task in data["tasks"]} == {(3, 3)}
        assert (len(data["tasks"]), data["too_large_tasks"]) == (20, [])
        assert data["speed"]["read_tokens_per_second"] > 0
        assert data["context_window"] == 65_536
        listed = home.json("models").data["models"]
        assert listed[0]["test"]["verdict"] == "fit"
        assert listed[0]["test"]["of_this_version"] is True
        assert listed[1]["test"] is None
        assert "fit, 60 of 60" in home.run("models").out
    # No proxy was needed, and none was started.
    assert not home.state_file.exists()
    if sys.platform != "win32":
        assert (home.run_dir / "model-tests.json").stat().st_mode & 0o077 == 0


def test_an_unfit_model_is_a_1_with_what_would_help(home: Home) -> None:
    with practice_server(models=MODELS, script=hopeless()) as practice:
        ran = home.run("models", "test", OLLAMA_BASE_URL=practice.url)
    assert ran.code == 1
    assert "played:latest is unfit for Claude Code:" in ran.out
    assert "0 of 1  read" in ran.out
    assert "Sure! First you open the file" in ran.out
    assert "-> cc-proxy models recommend" in ran.err
    assert "-> cc-proxy models recommend" not in ran.out
    # Without a terminal, a line a step.
    assert " 6 of 60  write_program: several lines, indented  (0 passed)" in ran.err


def test_a_model_without_tools_is_unfit_and_not_asked(home: Home) -> None:
    with practice_server(models=MODELS) as practice:
        ran = home.json("models", "test", "plain", OLLAMA_BASE_URL=practice.url)
        assert practice.chats() == []
    assert (ran.code, ran.error["code"]) == (1, "model_unfit")
    assert ran.envelope["data"]["reasons"][0]["code"] == "no_tools"
    assert ran.envelope["data"]["tasks"] is None


def test_the_practice_server_s_model_is_not_tested(home: Home) -> None:
    with practice_server() as practice:
        ran = home.json("models", "test", OLLAMA_BASE_URL=practice.url)
        assert practice.chats() == []
    assert (ran.code, ran.error["code"]) == (1, "practice_model")
    assert ran.error["message"].startswith("practice:latest is a model of the practice server")
    assert not (home.run_dir / "model-tests.json").exists()


def test_a_quick_test_runs_each_task_once_and_says_that_it_is_less_sure(home: Home) -> None:
    with practice_server(models=MODELS, script=good()) as practice:
        ran = home.run("models", "test", "played", "--quick", OLLAMA_BASE_URL=practice.url)
        assert "fit, 20 of 20" in home.run("models", OLLAMA_BASE_URL=practice.url).out
    assert ran.code == 0
    assert "played is fit for Claude Code. More runs could find it usable: it passes" in ran.out
    assert (
        "84% and 100% of such runs (95 % confidence). A test without --quick is surer." in ran.out
    )
    # How long it takes is said before the first task begins.
    planned = next(line for line in ran.err.splitlines() if line.startswith("20 runs, about "))
    assert ran.err.index(planned) < ran.err.index(" 1 of 20  read:")


def test_a_long_test_is_announced_with_the_shorter_one(home: Home) -> None:
    speed = PracticeSpeed(prefill_tokens_per_second=2e6, generate_tokens_per_second=30)
    names = {prompt_of("no_tool"): [{"text": "21"}]}
    with practice_server(models=MODELS, script=names, speed=speed) as practice:
        child = home.popen("models", "test", "played", OLLAMA_BASE_URL=practice.url)
        assert child.stderr
        lines = iter(child.stderr.readline, "")
        planned = next(line for line in lines if line.startswith("60 runs, about "))
        child.kill()
        child.communicate()
    assert re.search(
        r"about \d+ min \d+ s; longer if the model thinks. With --quick about", planned
    )


def test_a_part_of_the_test_is_not_kept(home: Home) -> None:
    with practice_server(models=MODELS, script=good()) as practice:
        data = home.json("models", "test", "--tasks", "2", OLLAMA_BASE_URL=practice.url).data
    assert [task["name"] for task in data["tasks"]] == ["read", "read_lines"]
    assert not (home.run_dir / "model-tests.json").exists()


@pytest.mark.parametrize(
    ("name", "code", "error"), [("absent:1b", 1, "model_refused"), (None, 1, "no_model")]
)
def test_a_model_that_is_not_there_cannot_be_tested(
    home: Home, name: str | None, code: int, error: str
) -> None:
    with practice_server(models=MODELS[1:]) as practice:
        words = [name] if name else []
        ran = home.json("models", "test", *words, OLLAMA_BASE_URL=practice.url)
    assert (ran.code, ran.error["code"]) == (code, error)
    assert ran.error["hint"] == (f"cc-proxy models pull {name}" if name else "cc-proxy models")
    assert name is None or ran.error["message"] == f"Ollama has no model {name}."


def test_without_an_ollama_it_is_a_5(home: Home) -> None:
    ran = home.json("models", "test", "played")
    assert (ran.code, ran.error["code"]) == (5, "upstream_unreachable")


@pytest.mark.parametrize("body", [b"{", b'{"version": 3, "models": {}}', b"[]"])
def test_results_that_cannot_be_read_are_named(home: Home, body: bytes) -> None:
    home.run_dir.mkdir(parents=True, mode=0o700)
    (home.run_dir / "model-tests.json").write_bytes(body)
    with practice_server(models=MODELS) as practice:
        ran = home.json("models", OLLAMA_BASE_URL=practice.url)
    assert "tests_unreadable" in ran.warnings


def test_results_of_the_tasks_of_before_are_dropped(home: Home) -> None:
    home.run_dir.mkdir(parents=True, mode=0o700)
    (home.run_dir / "model-tests.json").write_text('{"version": 1, "models": {"a": {}}}')
    with practice_server(models=MODELS) as practice:
        ran = home.json("models", OLLAMA_BASE_URL=practice.url)
    assert "tests_unreadable" not in ran.warnings
    assert ran.data["models"][0]["test"] is None


def test_results_that_cannot_be_read_are_replaced_by_the_next_test(home: Home) -> None:
    home.run_dir.mkdir(parents=True, mode=0o700)
    (home.run_dir / "model-tests.json").write_bytes(b"{")
    with practice_server(models=MODELS, script=good()) as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        assert home.json("models", "test").code == 0
        ran = home.json("models")
    assert "tests_unreadable" not in ran.warnings
    assert ran.data["models"][0]["test"]["verdict"] == "fit"


def test_another_version_of_a_model_is_marked_as_such(home: Home) -> None:
    with practice_server(models=MODELS, script=good()) as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        assert home.json("models", "test").code == 0
        kept = home.run_dir / "model-tests.json"
        told = json.loads(kept.read_bytes())
        told["models"]["played:latest"]["digest"] = "another"
        kept.write_text(json.dumps(told))
        assert "fit, 60 of 60 (an older version)" in home.run("models").out
