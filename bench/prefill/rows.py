"""What the engine reads over what is new: sessions alone, one after another and side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.prefill.scripts import Turn, call, marked
from bench.prefill.stage import Setting, Stage, stage
from cc_proxy.app.practice.journal import Record

_AGENTS = 4


@dataclass(frozen=True)
class Step:
    """What one step had the engine read, and what was new to it, in tokens of the meter."""

    name: str
    requests: int
    read: int
    new: int


@dataclass(frozen=True)
class Compared:
    """A step through cc-proxy, and on the plain endpoint if it has one."""

    ours: Step
    plain: Step | None


async def compared(client: str, names: Sequence[str] = ()) -> list[Compared]:
    """Play every row through cc-proxy and on the plain endpoint."""
    done = []
    for name, play in ROWS.items():
        if names and name not in names:
            continue
        slots = 2 if name in _TWO_SLOTS else 1
        async with stage(Setting(client, parallel=slots)) as made:
            ours = await play(made)
        if name == _RESTART:
            done += [Compared(step, None) for step in ours]
            continue
        async with stage(Setting(client, protected=False, parallel=slots)) as made:
            plain = await play(made)
        done += [Compared(one, other) for one, other in zip(ours, plain, strict=True)]
    return done


def step(name: str, records: Sequence[Record], new: int) -> Step:
    """Return the step of some records."""
    answered = [record for record in records if not _only_reads(record)]
    return Step(name, len(answered), sum(record.read_tokens for record in records), new)


def new_in(records: Sequence[Record], before: Record | None = None) -> int:
    """Return what is new in the prompts of one conversation, `before` being its last one so far."""
    answered = [record for record in records if not _only_reads(record)]
    chain = [before, *answered] if before else answered
    first = 0 if before else answered[0].prompt_tokens
    return first + sum(
        max(0, after.prompt_tokens - past.prompt_tokens - past.output_tokens)
        for past, after in pairwise(chain)
    )


def work(turns: int, lines: int = 40, name: str = "a") -> list[Turn]:
    """Return turns that count, and the end."""
    counting = [call("Bash", command=f"echo {name}{n}; seq {lines}") for n in range(turns)]
    return [*counting, {"text": "Done."}]


async def _alone(made: Stage) -> list[Step]:
    records = await made.ask("Count.", work(25))
    return [step("one session of 25 turns", records, new_in(_main(records)))]


async def _continued(made: Stage) -> list[Step]:
    steps = []
    last = _main(await made.ask("Begin.", work(1)))[-1]
    for lines in (0, 2_200, 3_300, 3_300):
        if lines:
            last = _main(await made.ask("More.", work(3, lines // 3), "-c"))[-1]
        records = await made.ask("And now?", [{"text": "Now."}], "-c")
        size = f"{round(last.prompt_tokens, -3) // 1000}k"
        steps.append(step(f"`-c` of a session of {size}", records, new_in(_main(records), last)))
        last = _main(records)[-1]
    return steps


async def _later(made: Stage) -> list[Step]:
    await made.ask("Begin.", work(3))
    second = await made.ask("Another thing.", [{"text": "So."}])
    made.go_to("another")
    other = await made.ask("Elsewhere.", [{"text": "There."}])
    return [
        step("a second session in the folder", second, new_in(_main(second))),
        step("a session in another folder", other, new_in(_main(other))),
    ]


def _at_once(name: str, folders: str) -> Callable[[Stage], Awaitable[list[Step]]]:
    async def play(made: Stage) -> list[Step]:
        await made.ask("Begin.", [{"text": "Begun."}])
        before = len(made.read())

        async def session(number: int, folder: str) -> None:
            # Each begins when the one before it is at work.
            await asyncio.sleep(1.5 * number)
            await made.at(folder).ask(f"Work {number}.", work(12, name=f"s{number} "))

        await asyncio.gather(*(session(n, folder) for n, folder in enumerate(folders)))
        records = made.read()[before:]
        new = sum(new_in(_of(records, f"Work {n}.")) for n in range(len(folders)))
        return [step(name, records, new)]

    return play


async def _subagents(made: Stage) -> list[Step]:
    tasks = [
        {
            "description": "Count",
            "prompt": marked(f"Task {n}.", work(4, name=f"agent{n} ")),
            "subagent_type": "general-purpose",
            "run_in_background": False,
        }
        for n in range(_AGENTS)
    ]
    agents: Turn = {"calls": [{"name": "Agent", "arguments": task} for task in tasks]}
    records = await made.ask("Delegate.", [*work(3)[:-1], agents, *work(3, name="b")])
    mine = [
        record
        for record in records
        if not any(_holds(record, f"Task {n}.", first=True) for n in range(_AGENTS))
    ]
    new = new_in(mine)
    new += sum(new_in(_of(records, f"Task {n}.", first=True)) for n in range(_AGENTS))
    return [step("a session with four subagents", records, new)]


async def _opened(made: Stage) -> list[Step]:
    made.go_to("another")
    await made.converse("Begin.", [{"text": "There it is."}], "There it is.")
    made.go_to("project")
    records = await made.ask("Count.", work(3, 400))
    last = _main(records)[-1]
    made.go_to("another")
    opened = await made.open_terminal()
    made.go_to("project")
    records = await made.ask("And now?", [{"text": "Now."}], "-c")
    return [
        step(
            "a second terminal only opens, then `-c`",
            [*opened, *records],
            new_in(_main(records), last),
        )
    ]


async def _restarted(made: Stage) -> list[Step]:
    last = _main(await made.ask("Count.", work(3, 400)))[-1]
    await made.stop()
    records = await made.ask("And now?", [{"text": "Now."}], "-c")
    return [step("the proxy restarted, then `-c`", records, new_in(_main(records), last))]


async def _compacted(made: Stage) -> list[Step]:
    await made.ask("Count.", work(3, 400))
    await made.ask("/compact", [], "-c")
    records = await made.ask("And now?", [{"text": "Now."}], "-c")
    return [step("the first turn after `/compact`", records, new_in(_main(records)))]


def _main(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if not _only_reads(record) and record.body.get("tools")]


def _of(records: Sequence[Record], words: str, *, first: bool = False) -> list[Record]:
    return [r for r in records if not _only_reads(r) and _holds(r, words, first=first)]


def _holds(record: Record, words: str, *, first: bool = False) -> bool:
    """Tell whether a person's turn has these words; `first`: before any script in it."""
    for message in record.body.get("messages", ()):
        if message["role"] == "user":
            text = message["content"].partition("[practice:")[0] if first else message["content"]
            if words in text:
                return True
    return False


def _only_reads(record: Record) -> bool:
    return (record.body.get("options") or {}).get("num_predict") == 1


_RESTART = "restart"
_TWO_SLOTS = {
    "two on two slots": _at_once("two sessions at once, one folder, two slots", "aa"),
    "two apart on two slots": _at_once("two sessions at once, two folders, two slots", "ab"),
    "three on two slots": _at_once("three sessions at once, one folder, two slots", "aaa"),
}
ROWS: dict[str, Callable[[Stage], Awaitable[list[Step]]]] = {
    "alone": _alone,
    "continued": _continued,
    "later": _later,
    "two in one folder": _at_once("two sessions at once, one folder", "aa"),
    "two in two folders": _at_once("two sessions at once, two folders", "ab"),
    "three in one folder": _at_once("three sessions at once, one folder", "aaa"),
    "three in three folders": _at_once("three sessions at once, three folders", "abc"),
    **_TWO_SLOTS,
    "subagents": _subagents,
    "opened": _opened,
    _RESTART: _restarted,
    "compaction": _compacted,
}
