"""The flags that every command takes, before its name and after it, and what they lead to."""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cc_proxy import __version__
from cc_proxy.app.cli.result import Result

if TYPE_CHECKING:
    from cc_proxy.app.config import Loaded
    from cc_proxy.app.daemon.paths import Paths

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


@dataclass
class Common:
    """The common flags, as far as they were given; the later one of two counts."""

    config: Path | None = None
    log_dir: Path | None = None
    state_dir: Path | None = None
    json: bool = False
    version: bool = False

    def load(self, *, host: str | None = None, port: int | None = None) -> "Loaded":
        """Return the effective settings.

        Raises:
            ConfigError: they cannot be used.

        """
        # What a command that only shows its help can do without costs it no time.
        from cc_proxy.app.config import load  # noqa: PLC0415

        return load(config_file=self.config, host=host, port=port, environ=os.environ)

    def paths(self) -> "Paths":
        """Return the folders of the background process.

        Raises:
            DaemonError: there is no home to have them in.

        """
        from cc_proxy.app.daemon import paths  # noqa: PLC0415 - as above

        return paths.find(state_dir=self.state_dir, log_dir=self.log_dir, environ=os.environ)


def flags() -> list[click.Parameter]:
    """Return the common flags, for a command or the group; they land in the context's `Common`."""
    file = click.Path(path_type=Path)

    def flag(name: str, text: str, **how: Any) -> click.Option:  # noqa: ANN401 - click's own
        return click.Option([name], help=text, expose_value=False, callback=_note, **how)

    return [
        flag("--config", "Use this configuration file.", type=file, metavar="FILE"),
        flag("--log-dir", "Keep the log in this folder.", type=file, metavar="DIR"),
        flag("--state-dir", "Keep pid, state and key in this folder.", type=file, metavar="DIR"),
        flag("--json", "Print one JSON object on stdout.", is_flag=True),
        flag("--version", "Show the version and exit.", is_flag=True),
    ]


def _note(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and value is not False:
        setattr(context.ensure_object(Common), str(parameter.name), value)


def define(name: str) -> Callable[[Callable[..., Result]], click.Command]:
    """Make a command of a function, which gets the `Common` and then its own parameters."""

    def decorate(function: Callable[..., Result]) -> click.Command:
        @functools.wraps(function)
        def run(**values: object) -> Result:
            common = click.get_current_context().ensure_object(Common)
            return version() if common.version else function(common, **values)

        command = click.command(name, context_settings=HELP_NAMES)(run)
        command.params.extend(flags())
        return command

    return decorate


def version() -> Result:
    """Return what `--version` shows."""
    return Result("version", {"version": __version__}, (f"cc-proxy {__version__}",))
