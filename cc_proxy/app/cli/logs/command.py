"""`cc-proxy logs`."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.logs.log_filter import LEVELS, LogQuery, Since, request_id
from cc_proxy.app.cli.logs.log_lines import LogReader
from cc_proxy.app.cli.output import report
from cc_proxy.app.cli.output.result import ErrorItem, Result, aligned
from cc_proxy.app.cli.value_types import OneOf, WholeNumberFrom
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    import datetime as dt

    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.daemon.paths import Paths
    from cc_proxy.app.daemon.process.state import ProcessState

_LINES = 20


@define("logs")
@click.option(
    "--lines",
    type=WholeNumberFrom(min=0),
    default=None,
    metavar="N",
    help="Show the last N lines of the log alone. Without it: 20, or all since --since.",
)
@click.option("--config-only", is_flag=True, help="Show the active configuration alone.")
@click.option(
    "--follow", "--tail", "follow", is_flag=True, help="Show new lines as they come, until Ctrl-C."
)
@click.option(
    "--since", type=Since(), metavar="TIME", help="Since 10m, 2h or 1d ago, or 2026-11-22T18:00."
)
@click.option("--level", type=OneOf(LEVELS), help="Show entries of this level or worse.")
@click.option("--request", metavar="ID", help="Show everything about one request.")
def command(  # noqa: PLR0913 - the flags
    common: Common,
    *,
    lines: int | None,
    follow: bool,
    since: "dt.datetime | None",
    level: str | None,
    request: str | None,
    config_only: bool,
) -> Result:
    """Show the active configuration and the log.

    Secrets are hidden. With --lines, --since, --level or --request it shows the log alone, older
    log files included.

    Example: cc-proxy logs --since 10m --level warning --follow
    """
    if follow and common.json:
        raise click.UsageError(
            "Expected --follow or --json, found both: --follow never ends, and --json prints one"
            " object."
        )
    wanted = LogQuery(since, level, request_id(request))
    log_only = lines is not None or not wanted.everything
    if config_only and (log_only or follow):
        raise click.UsageError(
            "Expected --config-only without flags that choose lines of the log, found it with one."
        )
    if config_only:
        lines = 0
    if lines is None and since is None and request is None:
        lines = _LINES
    from cc_proxy.app.config import ConfigError  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    now = common.running()
    loaded: LoadedConfig | None = None
    errors: list[CcProxyError] = []
    try:
        loaded = common.load()
    except ConfigError as error:  # the log may tell more, so it is shown all the same
        errors.append(error)
    file = Path(now.log_file) if now else paths.log_file
    log = LogReader(file, _secrets(loaded, paths), wanted)
    last, found = _last(log, file, lines)
    if not (last or found or wanted.everything or follow):
        text = f"No entry in {file} matches."
        hint = "To see the last entries: cc-proxy logs --lines 100"
        found = [ErrorItem("no_entries", text, hint)]
    configuration = _configuration(loaded)
    above = () if log_only else _above(loaded, configuration, file)
    return Result(
        "logs",
        {
            "sources": _sources(loaded),
            "config_path": report.shown(loaded.path) if loaded else None,
            "configuration": configuration,
            "log_dir": str(file.parent),
            "log_file": str(file),
            "lines": last,
        },
        (*above, *last),
        warnings=(*found, *_other_settings(now, loaded)),
        errors=tuple(map(ErrorItem.of, errors)),
        exit_code=errors[0].exit_code if errors else 0,
        stream=log.follow() if follow else (),
    )


def _above(
    loaded: "LoadedConfig | None", configuration: dict[str, object] | None, file: Path
) -> Iterator[str]:
    yield "Configuration sources (the first that exists is used)"
    yield from _source_lines(loaded)
    yield from ("", "Active configuration")
    yield from _yaml(configuration) if configuration else ["  none: it cannot be used"]
    yield from ("", "Log")
    rows = [("Folder", str(file.parent)), ("File", str(file))]
    yield from (f"  {row}" for row in aligned(rows))
    yield ""


def _last(log: LogReader, file: Path, count: int | None) -> tuple[list[str], list[ErrorItem]]:
    try:
        return log.last(count), []
    except FileNotFoundError:
        text = f"There is no log yet at {file}."
        return [], [ErrorItem("no_log", text, "The first start creates it: cc-proxy start")]
    except OSError as error:
        text = f"Expected to read {file}, found: {error.strerror}."
        return [], [ErrorItem("log_unreadable", text, "Run it as the user who started cc-proxy.")]


def _secrets(loaded: "LoadedConfig | None", paths: "Paths") -> list[str]:
    from cc_proxy.app.config import secrets_of  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon import auth_key  # noqa: PLC0415 - as above

    settings = loaded.settings if loaded else None
    try:
        key = auth_key.known(settings, paths, os.environ)
    except CcProxyError:  # the command that needs the key reports it
        key = None
    others = secrets_of(settings) if settings else [os.environ.get("OLLAMA_API_KEY")]
    return [secret for secret in (key, *others) if secret]


def _other_settings(
    now: "ProcessState | None", loaded: "LoadedConfig | None"
) -> Iterable[ErrorItem]:
    from cc_proxy.app.daemon.differences import differences  # noqa: PLC0415 - see common.Common

    return map(ErrorItem.of, differences(now, loaded)) if now and loaded else ()


def _configuration(loaded: "LoadedConfig | None") -> dict[str, object] | None:
    from cc_proxy.app.config import redacted  # noqa: PLC0415 - see common.Common

    return redacted(loaded.settings) if loaded else None


def _sources(loaded: "LoadedConfig | None") -> list[dict[str, object]]:
    return [
        {"name": source.name, "path": report.shown(source.path), "status": source.status}
        for source in (loaded.sources if loaded else ())
    ]


def _source_lines(loaded: "LoadedConfig | None") -> Iterator[str]:
    sources = loaded.sources if loaded else ()
    names = max((len(source.name) for source in sources), default=0)
    states = max((len(source.status) for source in sources), default=0)
    for source in sources:
        mark = "*" if source.status == "active" else " "
        path = report.shown(source.path) or ""
        yield f"{mark} {source.name:{names}}  {source.status:{states}}  {path}".rstrip()


def _yaml(configuration: dict[str, object]) -> list[str]:
    from cc_proxy.app.config.file_form import yaml_lines  # noqa: PLC0415 - as above

    return [f"  {line}" for line in yaml_lines(configuration)]
