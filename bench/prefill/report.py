"""The figures as a page."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.prefill.cases import Measured
from bench.prefill.figures import Figures
from bench.prefill.rows import Compared
from bench.prefill.stage import REPOSITORY, Setting
from cc_proxy import __version__
from cc_proxy.app.practice.server import VERSION

_NOTES = Path(__file__).parent / "notes.md"
_NAMES = {"practice": "no", "practice-think": "yes"}
_CASES = {"no tool search": "`ENABLE_TOOL_SEARCH=false`", "lean": "`--profile lean`"}
_CASES |= {"bare": "`--profile bare`", "side requests": "interactive, title requests on"}

_ABOUT = (
    "Real Claude Code sessions, played by `python -m bench.prefill --write` through cc-proxy"
    " against the practice server, which renders each prompt as Ollama's Go templates do. A real"
    " llama.cpp server reads them, with the flags of Ollama's runner and a model of random weights,"
    " and its own counts are shown. A token is four bytes here. *Plain* is the same session as"
    " Ollama's own `/v1/messages` sends it (`naive.py`: the same translation, in front of the same"
    " engine, with the attribution line in front and nothing protected)."
)
_SIDE_BY_SIDE = (
    "Read: all that the engine read in that step, with what cc-proxy sends of its own accord."
    " New: what is in the prompts and in no earlier one of the same session, and was not said by"
    " the model; of a session that begins, its whole first prompt. Sessions at once are of 12 tool"
    " turns each and begin while the others work, after one that has ended. Reading below *new*"
    " means that sessions share what they begin with. Two slots: `OLLAMA_NUM_PARALLEL=2`; in the"
    " other rows the engine has one."
)
_OVER_A_SESSION = (
    "Read: the tokens that the model had to read, over all requests of the conversation. Ratio:"
    " those over the length of the last prompt. What the model says itself it need not read, so"
    " a session without a break is below 1. What cc-proxy has it read ahead is counted."
)
_BESIDE = (
    "Subagents have a system prompt and tools of their own; the first of each kind is read whole."
)


@dataclass(frozen=True)
class Row:
    """A session through cc-proxy, and the same through the naive translator if that was run."""

    case: str
    setting: Setting
    measured: Measured
    naive: Measured | None


def markdown(rows: Sequence[Row], compared: Sequence[Compared]) -> str:
    """Return the page."""
    whole = [row for row in rows if not row.measured.later]
    later = [row for row in rows if row.measured.later]
    beside = [row for row in rows if row.measured.subagents.requests or row.measured.side.requests]
    return "\n".join(
        [
            *_head(),
            *_side_by_side(compared),
            "## Over a session",
            "",
            _OVER_A_SESSION,
            "",
            *_table(
                "client|thinking|session|requests|last prompt|read|ratio|plain: read|ratio",
                (_session(row) for row in whole),
            ),
            "## The first prompt of a later session",
            "",
            "In front of a model that has read the session before it.",
            "",
            *_table(
                "client|thinking|session|first prompt|read|share|plain: read|share",
                (_first(row) for row in later),
            ),
            "## Beside the conversation",
            "",
            _BESIDE,
            "",
            *_table(
                "client|thinking|session|subagents: requests|read|plain: read"
                "|titles: requests|read|plain: read",
                (_others(row) for row in beside),
            ),
            _NOTES.read_text(encoding="utf-8"),
        ]
    )


def _head() -> list[str]:
    clients = ", ".join(f"{_version(name)} ({name})" for name in ("current", "older"))
    python = platform.python_version()
    machine = f"{platform.system()} {platform.machine()}"
    return [
        "# What a session makes a model read",
        "",
        _ABOUT,
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}, cc-proxy {__version__}, Python {python}",
        f"- practice server as Ollama {VERSION}, Claude Code {clients}",
        f"- {machine}, {os.cpu_count()} cores; the counts do not depend on the machine",
        "",
    ]


def _side_by_side(compared: Sequence[Compared]) -> list[str]:
    head = "step|requests|new|read|plain: new|read"
    return [
        "## What is read over what is new",
        "",
        _SIDE_BY_SIDE,
        "",
        *_table(head, (_step(one) for one in compared), words=1),
    ]


def _step(one: Compared) -> list[str]:
    ours, plain = one.ours, one.plain
    others = [f"{plain.new:,}", f"{plain.read:,}"] if plain else ["", ""]
    return [ours.name, str(ours.requests), f"{ours.new:,}", f"{ours.read:,}", *others]


def _version(client: str) -> str:
    path = REPOSITORY / "cc_proxy/tests/clients" / client / "package.json"
    dependencies = json.loads(path.read_text(encoding="utf-8"))["dependencies"]
    return str(dependencies["@anthropic-ai/claude-code"])


def _table(head: str, rows: Iterable[list[str]], words: int = 3) -> list[str]:
    columns = head.split("|")
    lines = [columns, [*["---"] * words, *["--:"] * (len(columns) - words)], *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def _who(row: Row) -> list[str]:
    setting = _CASES.get(row.case)
    what = f"{row.measured.what}, {setting}" if setting else row.measured.what
    return [row.setting.client, _NAMES[row.setting.model], what]


def _session(row: Row) -> list[str]:
    main = row.measured.main
    naive = row.naive.main if row.naive else None
    shown = [str(main.requests), f"{main.last_prompt:,}", f"{main.read:,}", f"{main.ratio:.3f}"]
    return [*_who(row), *shown, _read(naive), f"{naive.ratio:.2f}" if naive else ""]


def _first(row: Row) -> list[str]:
    main = row.measured.main
    naive = row.naive.main if row.naive else None
    shown = [f"{main.first_prompt:,}", f"{main.first_read:,}", f"{main.first_share:.1%}"]
    others = [f"{naive.first_read:,}", f"{naive.first_share:.1%}"] if naive else ["", ""]
    return [*_who(row), *shown, *others]


def _others(row: Row) -> list[str]:
    agents, side = row.measured.subagents, row.measured.side
    naive = row.naive
    return [
        *_who(row),
        str(agents.requests),
        _read(agents),
        _read(naive.subagents if naive else None),
        str(side.requests),
        _read(side),
        _read(naive.side if naive else None),
    ]


def _read(figures: Figures | None) -> str:
    return f"{figures.read:,}" if figures else ""
