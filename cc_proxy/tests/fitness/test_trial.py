"""Models of every kind, tested against a practice server."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.claude_needs import FIRST_REQUEST_TOKENS
from cc_proxy.app.config import Settings
from cc_proxy.app.fitness.attempt import helped
from cc_proxy.app.fitness.report import Report
from cc_proxy.app.fitness.run import Watcher, run
from cc_proxy.app.fitness.session import opening, system_prompt
from cc_proxy.app.fitness.tasks import TASKS
from cc_proxy.app.fitness.tools import declared
from cc_proxy.app.fitness.verdict import Verdict, judge
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.model.speed import INSTANT, PracticeSpeed
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

from .played import call, flaky, good, good_turns, hopeless, mediocre, prompt_of

if TYPE_CHECKING:
    from cc_proxy.app.fitness.task import Task


@dataclass
class Seen:
    """What the watcher of a test was told."""

    planned: list[tuple[int, float | None, float | None]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def watcher(self) -> Watcher:
        return Watcher(
            lambda *plan: self.planned.append(plan),
            lambda _number, task, _passed: self.begun.append(task.name),
        )


async def trial(
    script: Mapping[str, list[Any]], **how: Any
) -> tuple[Report, Verdict, PracticeServer, Seen]:
    tasks: list[Task] = [task for task in TASKS if task.name in how.get("only", (task.name,))]
    model = PracticeModel("played", style=how.get("style", "go"), context=how.get("window", 65_536))
    speed = how.get("speed", INSTANT)
    async with (
        PracticeServer(models=[model], script=dict(script), speed=speed) as practice,
        OllamaUpstream(OllamaClient(practice.url, api_key=None, silence_seconds=20)) as ollama,
    ):
        target = await Models(Settings(), Upstreams(ollama)).named("played:latest")
        seen = Seen()
        passes = how.get("passes", 1)
        report = await run(target, ollama, tasks=tasks, passes=passes, watcher=seen.watcher())
        return report, judge(report, target.model.max_context), practice, seen


async def outcomes(name: str, *turns: dict[str, Any], style: str = "go") -> tuple[bool, list[str]]:
    report, *_ = await trial({prompt_of(name): list(turns)}, only=(name,), style=style)
    (task,) = report.tasks
    return task.passed == 1, list(task.calls)


def estimated(messages: list[dict[str, Any]]) -> int:
    target = Target(unknown_model("m"), 65_536, "5m")
    asked = {
        "model": "m",
        "max_tokens": 1,
        "system": [{"type": "text", "text": system_prompt()}],
        "tools": declared(),
        "messages": messages,
    }
    prompt = chat_request(decode(msgspec.json.encode(asked)), target).prompt
    return TokenCounter().estimate(prompt).tokens


@pytest.mark.parametrize("style", ["go", "jinja"])
async def test_a_good_model_passes_every_run_and_is_surely_fit(style: str) -> None:
    report, verdict, _, seen = await trial(good(), style=style, passes=3)
    assert [task.name for task in report.tasks if task.passed < 3] == []
    assert (len(report.tasks), report.runs) == (len(TASKS), 60)
    calls = sum(len(turn.get("calls", ())) for turns in good_turns().values() for turn in turns)
    assert [report.count(kind) for kind in ("right", "repaired", "wrong", "missing")] == [
        *(3 * calls, 0, 0, 0)
    ]
    assert (verdict.level, [reason.code for reason in verdict.reasons]) == ("fit", ["tasks"])
    assert (verdict.is_sure, verdict.possible) == (True, ("fit",))
    assert report.window == 65_536
    assert report.speed.read
    assert report.speed.written
    # Pass by pass, and then the long history in a row.
    assert seen.begun == [task.name for task in TASKS[:-1]] * 3 + ["long_context"] * 3


async def test_one_run_of_each_task_is_less_sure() -> None:
    report, verdict, _, seen = await trial(good())
    assert (report.passed, report.runs, len(seen.begun)) == (20, 20, 20)
    assert (verdict.level, verdict.possible) == ("fit", ("fit", "usable"))


async def test_a_flaky_model_fails_in_some_runs_of_a_task() -> None:
    report, verdict, _, _ = await trial(flaky(), style="jinja", passes=3)
    flawed = {task.name: task.passed for task in report.tasks if task.passed < 3}
    assert flawed == {"write": 2, "bash": 2}
    assert verdict.reasons[0].message == (
        "58 of 60 runs passed; not always write (2 of 3), bash (2 of 3)"
    )
    assert (verdict.level, verdict.possible) == ("fit", ("fit", "usable"))


async def test_a_mediocre_model_is_usable_and_what_it_failed_at_is_named() -> None:
    report, verdict, _, _ = await trial(mediocre())
    failed = {task.name for task in report.tasks if not task.passed}
    assert failed == {"edit", "nested_list", "bash", "parallel", "no_tool"}
    assert report.count("repaired") == 4
    assert report.count("missing") == 1
    # An edit of what is not there, findings that are no list, a tool that there is not.
    assert report.count("wrong") == 3
    assert verdict.level == "usable"
    assert verdict.reasons[0].message.startswith("15 of 20 runs passed; not always edit (0 of 1)")
    assert all(task.trouble for task in report.tasks if not task.passed)


async def test_a_hopeless_model_is_let_off_early_and_is_unfit() -> None:
    report, verdict, practice, _ = await trial(hopeless(), passes=3)
    assert (report.runs, report.planned) == (6, 60)
    assert report.count("missing") == 6
    assert (verdict.level, verdict.possible) == ("unfit", ("unfit",))
    assert [reason.code for reason in verdict.reasons] == ["no_calls"]
    assert verdict.reasons[0].help
    assert len(practice.chats()) == 7


async def test_the_model_is_loaded_once_and_reads_the_front_once() -> None:
    _, _, practice, _ = await trial(good())
    chats = practice.chats()
    assert [record.loaded for record in chats].count(True) == 1
    _, first, *later = chats
    assert first.read_tokens > 8_000
    histories = [record for record in later if len(record.body["messages"]) > 6]
    others = [record for record in later if record not in histories]
    assert max(record.read_tokens for record in others) < first.read_tokens / 4


def test_the_front_is_as_large_as_claude_codes_and_the_long_task_has_30_000_tokens() -> None:
    front = estimated(opening("Hello."))
    assert abs(front - FIRST_REQUEST_TOKENS) < 600
    (task,) = [task for task in TASKS if task.history]
    long = estimated([*task.history, {"role": "user", "content": task.prompt}])
    assert long > 30_000
    assert abs(long - front - task.history_tokens) < 1_500


async def test_the_time_is_estimated_by_the_speed_before_the_first_task() -> None:
    slow = PracticeSpeed(prefill_tokens_per_second=20_000, generate_tokens_per_second=2_000)
    _, _, _, seen = await trial(good(), only=("read", "no_tool"), speed=slow, passes=2)
    ((runs, seconds, quick),) = seen.planned
    assert runs == 4
    assert seconds is not None
    assert quick is not None
    # 12,000 tokens of the front and 600 a run are read, 250 a run are written.
    assert seconds == pytest.approx(14_400 / 20_000 + 1_000 / 2_000, rel=0.3)
    assert quick < seconds


async def test_tasks_that_do_not_fit_into_the_window_are_named_and_not_run() -> None:
    report, verdict, _, _ = await trial(good(), window=32_768)
    assert report.too_large == ("long_context",)
    assert report.passed == report.runs == 19
    assert verdict.level == "usable"
    report, verdict, practice, _ = await trial(good(), window=8_192)
    assert (report.runs, len(report.too_large)) == (0, 20)
    assert (verdict.level, verdict.possible) == ("unfit", ("unfit",))
    assert [reason.code for reason in verdict.reasons] == ["small_window"]
    assert len(practice.chats()) == 1


@pytest.mark.parametrize(
    ("turn", "outcome"),
    [
        (call("Read", file_path="/home/dev/shop/shop/cart.py", offset=8, limit=4), "right"),
        (call("Read", file_path="/home/dev/shop/shop/cart.py", offset="8", limit=4.0), "repaired"),
        (call("Read", place="/home/dev/shop/shop/cart.py"), "wrong"),
        (call("Read", file_path="/home/dev/shop/shop/cart.py", offset="eight"), "wrong"),
        ({"text": "I would read it."}, "missing"),
    ],
)
async def test_a_call_is_right_mended_wrong_or_missing(turn: dict[str, Any], outcome: str) -> None:
    reached, found = await outcomes("read_lines", turn, {"text": "That was it."})
    assert found == [outcome]
    assert reached == (outcome in {"right", "repaired"})


async def test_a_call_that_ollama_drops_is_a_wrong_one() -> None:
    reached, found = await outcomes("write", call("Look", pattern="*.py"))
    assert (reached, found) == (False, ["wrong"])


@pytest.mark.parametrize(
    ("names", "notes", "found"),
    [
        (["Read", "Bash"], [], [False, False]),
        (["Read", "Bash"], ["call of Bash repaired: path: renamed"], [False, True]),
        (
            ["Read", "Bash"],
            ["call of Read read from the text, written as x", "call of Read repaired: offset"],
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
        call("Edit", file_path=path, old_string="0.19", new_string="0.2"),
        call("Read", file_path=path),
        call("Edit", file_path=path, old_string="VAT=0.19", new_string="VAT = 0.2"),
        call("Edit", file_path=path, old_string="0.19", new_string="0.2"),
    )
    # The edit of a file that was not read is refused, as by Claude Code, and teaches the model.
    assert (reached, found) == (True, ["right", "right", "wrong", "right"])


async def test_a_model_that_never_comes_to_an_end_is_stopped() -> None:
    again = [call("Bash", command="ls") for _ in range(30)]
    reached, found = await outcomes("write", *again)
    assert not reached
    assert found == ["right"] * 8


async def test_a_call_that_ollama_cannot_read_is_a_wrong_one() -> None:
    broken = {"error": {"status": 500, "text": "invalid tool call arguments"}}
    reached, found = await outcomes("write", broken)
    assert (reached, found) == (False, ["wrong"])


def test_the_tasks_need_only_what_a_session_declares() -> None:
    names = {tool["name"] for tool in declared()}
    used = {
        one["name"]
        for turns in good_turns().values()
        for turn in turns
        for one in turn.get("calls", ())
    }
    assert used == {"Read", "Write", "Edit", "Bash", "ReportFindings"} <= names
    assert Counter(task.name for task in TASKS) == Counter(good_turns().keys())
