"""The sessions that are measured, each case from a model that has read nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.prefill.figures import Break, Figures, breaks, figures, of_kind
from bench.prefill.scripts import call, deferred, delegate, more, tasks, thoughtful, work
from bench.prefill.stage import Setting, Stage
from cc_proxy.app.practice.journal import Record

_NO_SEARCH = {"ENABLE_TOOL_SEARCH": "false"}
_SIDE_REQUESTS = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "0"}


@dataclass(frozen=True)
class Measured:
    """One session: its conversation, its subagents, the requests beside it, and its breaks.

    `later`: the model had read another session before.
    """

    what: str
    later: bool
    main: Figures
    subagents: Figures
    side: Figures
    breaks: tuple[Break, ...]


@dataclass(frozen=True)
class Case:
    """Sessions in a row in front of one model, and the settings that they are run with."""

    name: str
    play: Callable[[Stage], Awaitable[list[Measured]]]
    settings: tuple[Setting, ...]


async def _long(stage: Stage) -> list[Measured]:
    folder = str(stage.folder)
    records = await stage.ask("Write a program.", thoughtful(work(folder)))
    done = [_measured("27 tool turns", records)]
    records += await stage.ask("Let it be read.", thoughtful(delegate(folder)), "-c")
    records += await stage.ask("Part 1.", thoughtful(more(folder, 1)), "-c")
    records += await stage.ask("Read it again.", thoughtful(delegate(folder, "Explore")), "-c")
    records += await stage.ask("And again.", thoughtful(delegate(folder)), "-c")
    for number in (2, 3):
        records += await stage.ask(f"Part {number}.", thoughtful(more(folder, number)), "-c")
    done.append(_measured("and 6 resumes, 3 subagents", records))
    records = await stage.ask("Another thing.", thoughtful(more(folder, 4)))
    done.append(_measured("second session, same folder", records, later=True))
    stage.go_to("another")
    records = await stage.ask("Elsewhere.", thoughtful(more(str(stage.folder), 5)))
    return [*done, _measured("session in another folder", records, later=True)]


async def _short(stage: Stage) -> list[Measured]:
    turns = [call("Bash", command=f"echo {number}; seq 50") for number in range(12)]
    records = await stage.ask("Count.", [*turns, {"text": "Counted."}])
    done = [_measured("12 tool turns", records)]
    records = await stage.ask("Another thing.", [call("Bash", command="date"), {"text": "So."}])
    done.append(_measured("second session, same folder", records, later=True))
    stage.go_to("another")
    records = await stage.ask("Elsewhere.", [call("Bash", command="date"), {"text": "There."}])
    return [*done, _measured("session in another folder", records, later=True)]


async def _interactive(stage: Stage) -> list[Measured]:
    turns = [call("Bash", command=f"echo {number}; seq 50") for number in range(12)]
    records = await stage.converse("Count.", [*turns, {"text": "All counted."}], "All counted.")
    done = [_measured("12 tool turns in the terminal", records)]
    records = await stage.converse("Another thing.", [{"text": "So it is."}], "So it is.")
    return [*done, _measured("second session, same folder", records, later=True)]


async def _loading(stage: Stage) -> list[Measured]:
    records = await stage.ask("Load tools.", deferred(str(stage.folder)))
    records += await stage.ask("More.", more(str(stage.folder), 1), "-c")
    return [_measured("tools loaded by tool search", records)]


async def _restarted(stage: Stage) -> list[Measured]:
    folder = str(stage.folder)
    records = await stage.ask("Write a program.", work(folder))
    await stage.stop()
    records += await stage.ask("Part 1.", more(folder, 1), "-c")
    return [_measured("27 tool turns, the proxy restarted, 3 more", records)]


async def _task_list(stage: Stage) -> list[Measured]:
    records = await stage.ask("Note the tasks.", tasks())
    records += await stage.ask("More.", more(str(stage.folder), 1), "-c")
    return [_measured("a list of tasks", records)]


def _measured(what: str, records: Sequence[Record], *, later: bool = False) -> Measured:
    answered = [record for record in records if record.prompt_tokens]
    main = of_kind(answered, "main")
    return Measured(
        what,
        later,
        figures(main),
        figures(of_kind(answered, "subagent")),
        figures(of_kind(answered, "side")),
        tuple(breaks(main)),
    )


def _with(
    model: str = "practice", profile: str = "full", more_environment: dict[str, str] | None = None
) -> tuple[Setting, ...]:
    """Return the settings for both clients."""
    more = more_environment or {}
    return tuple(
        Setting(client, model, profile, more_environment=more) for client in ("current", "older")
    )


# 2.1.197 searches tools at a server that it does not know only when told to; 2.1.330 declares no
# task list.
_DEFERRED = Setting("older", more_environment={"ENABLE_TOOL_SEARCH": "true"})
CASES = (
    Case("long", _long, _with() + _with(model="practice-think")),
    Case("no tool search", _short, _with(more_environment=_NO_SEARCH)[:1]),
    Case("deferred tools", _loading, (*_with()[:1], _DEFERRED)),
    Case("task list", _task_list, _with()[1:]),
    Case("side requests", _interactive, _with(more_environment=_SIDE_REQUESTS)),
    Case("restart", _restarted, _with()),
    Case("lean", _short, _with(profile="lean")),
    Case("bare", _short, _with(profile="bare")),
)
