"""`cc-proxy config`: which file counts, what holds, and whether it can be used."""

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from cc_proxy.app.cli.common import Common, define, define_group
from cc_proxy.app.cli.config import init, key
from cc_proxy.app.cli.output import report
from cc_proxy.app.cli.output.result import USAGE, ErrorItem, Result
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.cli.json_data import setup as json_data
    from cc_proxy.app.config import ConfigError, ConfigSource, LoadedConfig
    from cc_proxy.app.config.errors import Problem

_UNSET = {
    "server.auth_key": "cc-proxy makes a key",
    "web_search.url": "the provider's own address",
}


@define("show")
def show(common: Common) -> Result:
    """Show the values that are used, and where each comes from.

    A value is from a flag, the environment, the file or the defaults. What is shown can be a
    configuration file. Secrets are hidden.

    Example: cc-proxy config show > copy.yaml
    """
    from cc_proxy.app.config import redacted  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.config.file_form import file_key, yaml_lines  # noqa: PLC0415 - as above

    loaded = common.load(follow=False)
    values = redacted(loaded.settings)
    origins = {file_key(name): origin for name, origin in loaded.origins.items()}
    path = report.shown(loaded.path)
    return Result(
        "config show",
        {
            "config_path": path,
            "config_digest": loaded.digest,
            "values": values,
            "origins": origins,
        },
        (
            f"# {path or 'There is no file; these are the defaults and the environment.'}",
            *yaml_lines(values, _comments(loaded, origins)),
        ),
        warnings=report.other_settings(common, loaded),
    )


@define("check")
def check(common: Common) -> Result:
    """Check the configuration, and start nothing.

    Exits with 2 if it cannot be used.

    Example: cc-proxy --config new.yaml config check
    """
    from cc_proxy.app.config import ConfigError  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon import auth_key  # noqa: PLC0415 - as above

    try:
        loaded = common.load(follow=False)
        auth_key.refuse_open_bind(loaded.settings)
        if loaded.settings.server.auth_keys:
            own = auth_key.known(loaded.settings, common.paths(), os.environ)
            auth_key.refuse_as_named(loaded.settings, own)
    except ConfigError as error:
        return _refused(common, error)
    except CcProxyError as error:
        return Result(
            "config check",
            {"valid": False, "config_path": _active(common), "problems": []},
            errors=(ErrorItem.of(error),),
            exit_code=USAGE,
        )
    path = report.shown(loaded.path)
    line = f"{path} is in order." if path else "There is no file, and the defaults are in order."
    return Result(
        "config check",
        {"valid": True, "config_path": path, "problems": []},
        (line,),
        warnings=(
            *_readable_secrets(loaded),
            *report.alias_slips(loaded),
            *map(ErrorItem.of, filter(None, [auth_key.short_key(loaded.settings)])),
        ),
    )


@define("path")
def path(common: Common) -> Result:
    """Show the file that counts, or would.

    Example: $EDITOR "$(cc-proxy config path)"
    """
    from cc_proxy.app.config import file_locations  # noqa: PLC0415 - see common.Common

    sources = file_locations.sources(common.config, os.environ)
    found = file_locations.file_to_write(sources)
    return Result(
        "config path",
        {
            "config_path": str(found),
            "exists": os.path.exists(found),  # noqa: PTH110 - Path.exists raises where it may not look
            "sources": [_source(source) for source in sources],
        },
        (str(found),),
    )


@define("schema")
def schema(common: Common) -> Result:
    """Print the JSON Schema of the file, for editors.

    Example: cc-proxy config schema > cc-proxy.schema.json
    """
    del common
    text = init.data_file("config.schema.json")
    return Result("config schema", {"schema": json.loads(text)}, tuple(text.splitlines()))


@define_group("config", init.command, show, check, key.command, path, schema)
def command(_common: Common) -> Result:
    """Make, show and check the configuration.

    Example: cc-proxy config init
    """
    context = click.get_current_context()
    raise click.UsageError("Expected init, show, check, key, path or schema, found none.", context)


def _comments(loaded: "LoadedConfig", origins: dict[str, str]) -> dict[str, str]:
    """Return where each value comes from; of the file, which is named above, only the line."""
    in_file = f"file {loaded.path}:"
    notes = {}
    for name, origin in origins.items():
        found = f"line {origin.removeprefix(in_file)}" if origin.startswith(in_file) else origin
        unset = _UNSET.get(name) if origin == "default" else None
        notes[name] = f"{found}: {unset}" if unset else found
    return notes


def _refused(common: Common, error: "ConfigError") -> Result:
    return Result(
        "config check",
        {
            "valid": False,
            "config_path": _active(common),
            "problems": [_problem(problem) for problem in error.problems],
        },
        errors=(ErrorItem.of(error),),
        exit_code=USAGE,
    )


def _active(common: Common) -> str | None:
    from cc_proxy.app.config import file_locations  # noqa: PLC0415 - see common.Common

    return report.shown(
        file_locations.active(file_locations.sources(common.config, os.environ)).path
    )


def _problem(problem: "Problem") -> "json_data.ProblemData":
    return {
        "where": problem.where,
        "what": problem.what,
        "excerpt": problem.excerpt,
        "expected": problem.expected,
        "found": problem.found,
        "fix": problem.fix,
    }


def _source(source: "ConfigSource") -> "json_data.SourceData":
    return {"name": source.name, "path": report.shown(source.path), "status": source.status}


def _readable_secrets(loaded: "LoadedConfig") -> Iterator[ErrorItem]:
    if loaded.path is not None and init.shows_secrets(loaded):
        text = f"{loaded.path} has a key in it, and other users can read it."
        yield ErrorItem("config_readable", text, f"chmod 600 {loaded.path}")
