"""`cc-proxy models`: what is there to answer, and how well it suits Claude Code."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cc_proxy.app.chat.errors import missing_model
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.claude_needs import ENOUGH_WINDOW, LEAST_WINDOW
from cc_proxy.app.cli.claude.profiles import for_window
from cc_proxy.app.cli.common import Common, define_group
from cc_proxy.app.cli.models import pull
from cc_proxy.app.cli.models import recommend as models_recommend
from cc_proxy.app.cli.models import show as models_show
from cc_proxy.app.cli.models import test as models_test
from cc_proxy.app.cli.output import report
from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.control_characters import one_line
from cc_proxy.app.upstreams.ollama.missing_model import pull_command

if TYPE_CHECKING:
    from cc_proxy.app.chat.models import LoadedModel
    from cc_proxy.app.cli.json_data.models import ModelData
    from cc_proxy.app.cli.models.survey import Row, Survey
    from cc_proxy.app.gateway.storage.fitness_verdicts import KeptTest

    Tests = dict[str, KeptTest]

_NAME = "models"
_SERVE = "Serve it there, or let the alias point to another model."
_PULLED = {True: "", False: "  (not pulled)", None: "  (its server does not answer)"}
_HEADER = ("", "MODEL", "SIZE", "WINDOW", "CAN", "IN MEMORY", "TESTED", "HOSTS")


@define_group(
    _NAME, pull.command, models_show.command, models_test.command, models_recommend.command
)
def command(common: Common) -> Result:
    """Show the models: what they can do, their windows, and what the aliases point to.

    Asks Ollama itself, so it does not matter whether the proxy runs.

    Example: cc-proxy models --json
    """
    from cc_proxy.app.cli.models import survey, verdicts  # noqa: PLC0415 - not for `--help`
    from cc_proxy.app.cli.output.progress import waiting  # noqa: PLC0415 - as above

    loaded = common.load()
    tests, troubles = verdicts.load_verdicts(common.paths())
    with waiting("Asking Ollama about its models"):
        found = asyncio.run(survey.survey(loaded.settings, verdicts.results(common)))
    return Result(
        _NAME,
        {
            "upstream": {"url": found.servers[0].url, "version": found.servers[0].version},
            "default_model": found.default,
            "aliases": [vars(alias) for alias in found.aliases],
            "models": [_data(found, row, _test(tests, row)) for row in found.rows],
        },
        tuple(_lines(found, tests)),
        warnings=(*_warnings(found), *troubles, *report.other_settings(common, loaded)),
    )


def _test(tests: "Tests", row: "Row") -> "KeptTest | None":
    return tests.get(full_name(row.name))


def _data(found: "Survey", row: "Row", test: "KeptTest | None") -> "ModelData":
    target, loaded = row.target, row.loaded
    return {
        "name": row.name,
        "hosts": list(row.pulled.hosts),
        "size_bytes": row.pulled.size,
        "capabilities": sorted(target.model.capabilities) if target else None,
        "context_window": target.window if target else None,
        "max_context_window": target.model.max_context if target else None,
        "is_default": found.is_default(row),
        "loaded": None
        if loaded is None
        else {
            "context_window": loaded.context_length,
            "size_bytes": loaded.size,
            "vram_bytes": loaded.size_vram,
            "cpu_bytes": max(loaded.size - loaded.size_vram, 0),
        },
        "trouble": row.trouble,
        "test": None
        if test is None
        else {
            "verdict": test.verdict,
            "tested_at": test.tested_at,
            "of_this_version": test.digest == row.pulled.digest,
            "passed": test.passed,
            "runs": test.runs,
            "calls": test.calls,
            "read_tokens_per_second": test.read_tokens_per_second,
            "written_tokens_per_second": test.written_tokens_per_second,
            "context_window": test.context_window,
        },
    }


def _lines(found: "Survey", tests: "Tests") -> Iterator[str]:
    for server in found.servers:
        yield f"{server.title} {one_line(server.version)} at {server.url}"
    yield ""
    if found.rows:
        cells = [_cells(found, row, _test(tests, row)) for row in found.rows]
        columns = zip(_HEADER, *cells, strict=True)
        header = tuple(name if any(column) else "" for name, *column in columns)
        yield from _table([header, *cells])
    else:
        yield "No model is pulled."
    if found.default is not None:
        yield ""
        default = one_line(found.default)
        yield f"* answers for every Claude model without an alias of its own: {default}"
    if found.aliases:
        yield ""
        yield "Aliases"
        width = max(len(alias.name) for alias in found.aliases)
        for alias in found.aliases:
            note = _PULLED[alias.pulled]
            yield f"  {alias.name:{width}}  ->  {alias.model}{note}"


def _cells(found: "Survey", row: "Row", test: "KeptTest | None") -> tuple[str, ...]:
    target = row.target
    last = (_memory(row.loaded), _tested(row, test), _on(row))
    mark = "*" if found.is_default(row) else ""
    if target is None:
        return mark, row.name, _size(row), "?", "?", *last
    most = target.model.max_context
    window = f"{target.window:,}"
    if most is not None and most != target.window:
        window += f" of {most:,}"
    able = ", ".join(sorted(target.model.capabilities - {"completion"})) or "text"
    return mark, row.name, _size(row), window, able, *last


def _on(row: "Row") -> str:
    return f"on {', '.join(row.pulled.hosts)}" if row.pulled.hosts else ""


def _tested(row: "Row", test: "KeptTest | None") -> str:
    if test is None:
        return ""
    told = f"{test.verdict}, {test.passed} of {test.runs}"
    return told if test.digest == row.pulled.digest else f"{told} (an older version)"


def _size(row: "Row") -> str:
    return size(row.pulled.size) if row.pulled.size else ""


def _memory(loaded: "LoadedModel | None") -> str:
    if loaded is None:
        return "no"
    if not loaded.size:
        return "yes"
    if loaded.size_vram <= 0:
        return f"{size(loaded.size)}, CPU"
    if loaded.size_vram >= loaded.size:
        return f"{size(loaded.size)}, GPU"
    spilled = loaded.size - loaded.size_vram
    return f"{size(loaded.size_vram)} GPU + {size(spilled)} CPU"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    rows = [tuple(map(one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _warnings(found: "Survey") -> Iterator[ErrorItem]:
    if found.trouble is not None:
        yield ErrorItem("no_default_model", found.trouble, "cc-proxy models recommend")
    for error in found.away:
        yield ErrorItem("upstream_away", error.message, error.hint)
    for model in found.missing:
        text = f"{missing_model(model.server, model.name)} An alias points to it."
        hint = pull_command(model.name) if model.can_be_pulled else _SERVE
        yield ErrorItem("alias_not_pulled", text, hint)
    for row in found.rows:
        if row.trouble is not None:
            text = f"{row.name} cannot be asked what it can do: {row.trouble}"
            yield ErrorItem("model_unusable", text, f"cc-proxy models pull {row.name}")
    yield from _no_tools(
        row for row in found.rows if row.target and not row.target.model.can("tools")
    )
    yield from _small(row for row in found.rows if row.target and row.target.model.can("tools"))
    yield from _too_large(found.rows)
    yield from _other_windows(found)


def _no_tools(rows: Iterable["Row"]) -> Iterator[ErrorItem]:
    if names := ", ".join(row.name for row in rows):
        yield ErrorItem(
            "no_tools",
            f"Claude Code works with tools, and these models have none: {names}.",
            "Use one that has `tools` in the column CAN.",
        )


def _small(rows: Iterable["Row"]) -> Iterator[ErrorItem]:
    for row in rows:
        if row.target is None or row.target.window >= ENOUGH_WINDOW:
            continue
        window, most = row.target.window, row.target.model.max_context
        text = f"{row.name} has a window of {window:,} tokens; Claude Code needs {ENOUGH_WINDOW:,}"
        if most is not None and most <= window:
            other = "" if window < LEAST_WINDOW else f", or {for_window(window)}"
            hint = f"It can have no larger one: use another model{other}"
        else:
            hint = f"Raise context_window for {row.name} in the configuration."
        yield ErrorItem("small_window", f"{text} to work well.", hint)


def _too_large(rows: Iterable["Row"]) -> Iterator[ErrorItem]:
    for row in rows:
        if row.target and row.target.configured and row.target.configured > row.target.window:
            yield ErrorItem(
                "window_over_maximum",
                f"The configuration has a context_window of {row.target.configured:,} for"
                f" {row.name}, which can have {row.target.window:,}: that is what it runs with.",
                f"Set context_window for it to {row.target.window} or less.",
            )


def _other_windows(found: "Survey") -> Iterator[ErrorItem]:
    for row in found.rows:
        if row.loaded is None or row.target is None:
            continue
        if row.loaded.context_length not in {0, row.target.window}:
            yield ErrorItem(
                "loaded_otherwise",
                f"{row.name} is loaded with a window of {row.loaded.context_length:,} tokens;"
                f" the first request loads it again, with {row.target.window:,}.",
                _beforehand(found, row),
            )


def _beforehand(found: "Survey", row: "Row") -> str:
    """Return what loads a model before its first request: `start` preloads the default alone."""
    if found.is_default(row):
        return "To load it before that: cc-proxy start --preload"
    return f"To load it before you type: cc-proxy claude --model {row.name}"
