"""Models of every kind, tested against a practice server."""

from collections.abc import Mapping
from typing import Any

import pytest

from cc_proxy.app.config import Settings
from cc_proxy.app.fitness.attempt import helped
from cc_proxy.app.fitness.report import Report
from cc_proxy.app.fitness.run import run
from cc_proxy.app.fitness.tasks import TASKS, Task
from cc_proxy.app.fitness.verdict import Verdict, judge
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.upstreams.ollama.client import OllamaClient

from .played import call, good, good_turns, hopeless, mediocre, prompt_of


async def trial(
    script: Mapping[str, list[Any]], **how: Any
) -> tuple[Report, Verdict, PracticeServer]:
    tasks: list[Task] = [task for task in TASKS if task.name in how.get("only", (task.name,))]
    model = PracticeModel("played", style=how.get("style", "go"))
    async with (
        PracticeServer(models=[model], script=dict(script)) as practice,
        OllamaClient(practice.url, api_key=None, silence_seconds=20) as ollama,
    ):
        target = await Models(Settings(), ollama).named("played:latest")
        begun: list[str] = []
        report = await run(
            target,
            ollama,
            tasks=tasks,
            begins=lambda _number, task, _so_far: begun.append(task.name),
        )
        assert begun == [task.name for task in report.tasks]
        return report, judge(report, target.model.max_context), practice


async def outcomes(name: str, *turns: dict[str, Any], style: str = "go") -> tuple[bool, list[str]]:
    report, _, _ = await trial({prompt_of(name): list(turns)}, only=(name,), style=style)
    (task,) = report.tasks
    return task.reached, list(task.calls)


@pytest.mark.parametrize("style", ["go", "jinja"])
async def test_a_good_model_does_every_task_and_is_fit(style: str) -> None:
    report, verdict, _ = await trial(good(), style=style)
    assert [task.name for task in report.tasks if not task.reached] == []
    assert len(report.tasks) == len(TASKS) == 20
    calls = sum(len(turn.get("calls", ())) for turns in good_turns().values() for turn in turns)
    assert [report.count(kind) for kind in ("right", "mended", "wrong", "missing")] == [
        *(calls, 0, 0, 0)
    ]
    assert (verdict.level, [reason.code for reason in verdict.reasons]) == ("fit", ["tasks"])
    assert report.window == 65_536
    assert report.speed.read
    assert report.speed.written


async def test_a_mediocre_model_is_usable_and_what_it_failed_at_is_named() -> None:
    report, verdict, _ = await trial(mediocre())
    failed = {task.name for task in report.tasks if not task.reached}
    assert failed == {"edit", "task_list", "grep_options", "read_two", "no_tool"}
    assert report.count("mended") == 4
    assert report.count("missing") == 1
    # An edit of what is not there, a tool that there is not, and a search for nothing.
    assert report.count("wrong") == 3
    assert verdict.level == "usable"
    assert "15 of 20 tasks done; not read_two, edit, grep_options, task_list and 1 more" in (
        verdict.reasons[0].message
    )
    assert all(task.trouble for task in report.tasks if not task.reached)


async def test_a_hopeless_model_is_let_off_early_and_is_unfit() -> None:
    report, verdict, practice = await trial(hopeless())
    assert len(report.tasks) == 6
    assert report.count("missing") == 6
    assert verdict.level == "unfit"
    assert [reason.code for reason in verdict.reasons] == ["no_calls"]
    assert verdict.reasons[0].help
    assert len(practice.chats()) == 7


async def test_the_model_is_loaded_once_and_reads_what_it_is_offered_once() -> None:
    _, _, practice = await trial(good())
    chats = practice.chats()
    assert [record.loaded for record in chats].count(True) == 1
    _, first, *later = chats
    assert first.read_tokens > 1_000
    assert max(record.read_tokens for record in later) < first.read_tokens / 4


@pytest.mark.parametrize(
    ("turn", "outcome"),
    [
        (call("Read", file_path="/home/dev/shop/shop/cart.py", offset=8, limit=4), "right"),
        (call("Read", file_path="/home/dev/shop/shop/cart.py", offset="8", limit=4.0), "mended"),
        (call("Read", place="/home/dev/shop/shop/cart.py"), "wrong"),
        (call("Read", file_path="/home/dev/shop/shop/cart.py", offset="eight"), "wrong"),
        ({"text": "I would read it."}, "missing"),
    ],
)
async def test_a_call_is_right_mended_wrong_or_missing(turn: dict[str, Any], outcome: str) -> None:
    reached, found = await outcomes("read_lines", turn, {"text": "That was it."})
    assert found == [outcome]
    assert reached == (outcome in {"right", "mended"})


async def test_a_call_that_ollama_drops_is_a_wrong_one() -> None:
    reached, found = await outcomes("glob", call("Look", pattern="*.py"))
    assert (reached, found) == (False, ["wrong"])


@pytest.mark.parametrize(
    ("names", "notes", "found"),
    [
        (["Read", "Glob"], [], [False, False]),
        (["Read", "Glob"], ["call of Glob mended: path: renamed"], [False, True]),
        (
            ["Read", "Glob"],
            ["call of Read read from the text, written as x", "call of Read mended: offset"],
            [True, False],
        ),
        (
            ["Read", "Read"],
            [f"call of Read read from the text, written as {n}" for n in "xy"],
            [True, True],
        ),
        (["Read"], ["9 tokens vanished in Ollama: asked once more"], [True]),
    ],
)
def test_each_mended_call_counts_once(
    names: list[str], notes: list[str], found: list[bool]
) -> None:
    assert helped(names, notes) == found


async def test_a_model_that_learns_from_an_error_reaches_its_goal() -> None:
    path = "/home/dev/shop/shop/prices.py"
    reached, found = await outcomes(
        "edit",
        call("Edit", file_path=path, old_string="VAT=0.19", new_string="VAT = 0.2"),
        call("Edit", file_path=path, old_string="0.19", new_string="0.2"),
    )
    assert (reached, found) == (True, ["wrong", "right"])


async def test_a_model_that_never_comes_to_an_end_is_stopped() -> None:
    again = [call("Glob", pattern="*.txt") for _ in range(30)]
    reached, found = await outcomes("write", *again)
    assert not reached
    assert found == ["right"] * 8


async def test_a_call_that_ollama_cannot_read_is_a_wrong_one() -> None:
    broken = {"error": {"status": 500, "text": "invalid tool call arguments"}}
    reached, found = await outcomes("write", broken)
    assert (reached, found) == (False, ["wrong"])
