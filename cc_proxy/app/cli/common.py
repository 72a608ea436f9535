"""The flags that every command takes, before its name and after it, and their effects."""

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cc_proxy import __version__
from cc_proxy.app.cli.output.result import Result

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cc_proxy.app.config import ConfigSource, LaunchOptions, LoadedConfig
    from cc_proxy.app.daemon.paths import Paths
    from cc_proxy.app.daemon.process.state import ProcessState

HELP_NAMES = {"help_option_names": ["-h", "--help"]}


@dataclass
class Common:
    """The common flags, as far as they were given; the later one of two counts.

    `command` is the name of the command that runs: `models pull`.
    """

    config: Path | None = None
    log_dir: Path | None = None
    state_dir: Path | None = None
    json: bool = False
    no_color: bool = False
    version: bool = False
    command: str | None = None

    def load(
        self, options: "LaunchOptions | None" = None, *, follow: bool = True
    ) -> "LoadedConfig":
        """Return the effective settings, with the flags of `options`; `follow` as in `sources`.

        Raises:
            ConfigError: they cannot be used.

        """
        # What a command that only shows its help can do without costs it no time.
        from cc_proxy.app.config import NO_OPTIONS, load  # noqa: PLC0415

        return load(
            config_file=self.config,
            running_file=self._running_file() if follow else None,
            options=options or NO_OPTIONS,
            environ=os.environ,
        )

    def launch_options(self, **values: Any) -> "LaunchOptions":  # noqa: ANN401 - of each flag's type
        """Return the flags of a start, by the names of the fields of `LaunchOptions`."""
        from cc_proxy.app.config import LaunchOptions  # noqa: PLC0415 - as above

        return LaunchOptions(**values)

    def sources(self, *, follow: bool = True) -> "tuple[ConfigSource, ...]":
        """Return the places of a configuration file.

        With `follow` the file of the running cc-proxy counts where none is named: a command
        belongs to the proxy that runs.
        """
        from cc_proxy.app.config import file_locations  # noqa: PLC0415 - as above

        running = self._running_file() if follow else None
        return file_locations.sources(self.config, os.environ, running=running)

    def _running_file(self) -> Path | None:
        from cc_proxy.app.daemon.errors import DaemonError  # noqa: PLC0415 - as above

        try:
            now = self.running()
        except DaemonError:  # a command that needs the folders says what is wrong with them
            return None
        found = Path(now.config_path) if now is not None and now.config_path else None
        return found if found is not None and found.exists() else None

    def paths(self) -> "Paths":
        """Return the folders of the background process.

        Raises:
            DaemonError: there is no home to have them in.

        """
        from cc_proxy.app.daemon import paths  # noqa: PLC0415 - as above

        return paths.find(state_dir=self.state_dir, log_dir=self.log_dir, environ=os.environ)

    def running(self) -> "ProcessState | None":
        """Return the state of the proxy that runs, None if none does.

        Raises:
            DaemonError: the state folder cannot be read.

        """
        from cc_proxy.app.daemon.process.running import inspect  # noqa: PLC0415 - as above

        return inspect(self.paths()).state

    def may_ask(self) -> bool:
        """Tell whether a person can be asked: stdin and stderr are terminals, and no --json."""
        streams = (sys.stdin, sys.stderr)
        return not self.json and all(one is not None and one.isatty() for one in streams)


def flags() -> list[click.Parameter]:
    """Return the common flags, for a command or the group; they land in the context's `Common`."""
    file = _Named(path_type=Path)

    def flag(name: str, text: str, **how: Any) -> click.Option:  # noqa: ANN401 - click's own
        return click.Option([name], help=text, expose_value=False, callback=_note, **how)

    return [
        flag("--config", "Use this configuration file.", type=file, metavar="FILE"),
        flag("--log-dir", "Keep the log in this folder.", type=file, metavar="DIR"),
        flag("--state-dir", "Keep pid, state and key in this folder.", type=file, metavar="DIR"),
        flag("--json", "Print one JSON object on stdout.", is_flag=True),
        flag("--no-color", "Show no colours; the same as NO_COLOR=1.", is_flag=True),
        flag("--version", "Show the version and exit.", is_flag=True),
    ]


class _Named(click.Path):
    """A path that has been named: an empty one would be the working directory."""

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> "str | bytes | os.PathLike[str]":
        """Return the path."""
        if not os.fspath(value):
            self.fail("Expected a path, found nothing.", param, ctx)
        return super().convert(value, param, ctx)


def _note(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and value is not False:
        setattr(context.ensure_object(Common), str(parameter.name), value)
    if parameter.name == "no_color" and value:
        # What is started from here has the same wish to fulfil.
        os.environ["NO_COLOR"] = "1"


def define(
    name: str, *, ignore_unknown_options: bool = False
) -> Callable[[Callable[..., Result]], click.Command]:
    """Make a command of a function, which gets the `Common` and then its own parameters.

    `ignore_unknown_options`: those come with the arguments.
    """
    settings = {**HELP_NAMES, "ignore_unknown_options": ignore_unknown_options}

    def decorate(function: Callable[..., Result]) -> click.Command:
        command = click.command(name, context_settings=settings)(_run(function))
        command.params.extend(flags())
        return command

    return decorate


def define_group(
    name: str, *commands: click.Command
) -> Callable[[Callable[..., Result]], click.Command]:
    """Make a command with commands of its own; the function is for when none of them is named."""

    def decorate(function: Callable[..., Result]) -> click.Command:
        group = click.group(name, invoke_without_command=True, context_settings=HELP_NAMES)(
            _run(function)
        )
        for command in commands:
            group.add_command(command)
        group.params.extend(flags())
        return group

    return decorate


def _run(function: Callable[..., Result]) -> Callable[..., Result]:
    @functools.wraps(function)
    def run(**values: object) -> Result:
        context = click.get_current_context()
        common = context.ensure_object(Common)
        if common.version:
            return version()
        if context.invoked_subcommand is not None:
            return Result("")  # that one has more to say
        common.command = context.command_path.partition(" ")[2]
        return function(common, **values)

    return run


def model_names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete the name of a model; for the `shell_complete` of an option or argument."""
    from cc_proxy.app.cli.models import names  # noqa: PLC0415 - only for a shell

    del parameter
    return names.starting_with(context, incomplete)


def version() -> Result:
    """Return what `--version` shows."""
    return Result("version", {"version": __version__}, (f"cc-proxy {__version__}",))
