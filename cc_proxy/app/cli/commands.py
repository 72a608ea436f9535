"""The commands of `cc-proxy`: runs the one that was typed and shows its result."""

import functools
import importlib
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from cc_proxy.app import garbage
from cc_proxy.app.cli.common import HELP_NAMES, Common, flags, version
from cc_proxy.app.cli.output import result
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.errors import CcProxyError

COMMANDS = {
    "start": "Start cc-proxy in the background.",
    "stop": "Stop cc-proxy.",
    "restart": "Stop cc-proxy, and start it as it was.",
    "reload": "Have cc-proxy read its configuration again.",
    "status": "Show what runs, and whether Ollama answers.",
    "logs": "Show the active configuration and the log.",
    "claude": "Run Claude Code on your own models.",
    "env": "Print what another program needs to work through cc-proxy.",
    "top": "Show the sessions and requests as they go on.",
    "why": "Show why a request was slow.",
    "ui": "Open a page with the sessions and requests as they go on.",
    "capture": "Write the exchanges of a session to a file.",
    "replay": "Send the requests of a capture to another model, and compare.",
    "usage": "Show the totals of usage: tokens read, reused and written.",
    "statusline": "Print the status line of a session of Claude Code.",
    "models": "Show the models, pull one, or test whether one is fit.",
    "doctor": "Check everything between Claude Code and the model.",
    "config": "Make, show and check the configuration.",
    "service": "Have the system start cc-proxy at login.",
    "completion": "Print the script that completes arguments in your shell.",
    "schema": "Print the JSON Schema of what a command says with --json.",
    "demo": "Show a session on a practice model, without Ollama.",
}
# Commands with a folder of their own.
_ROOMS = {
    "capture",
    "replay",
    "claude",
    "completion",
    "config",
    "doctor",
    "env",
    "logs",
    "models",
    "statusline",
    "top",
    "why",
}
# What Claude Code says at the end of a session (`claude/resuming.py`): cc-proxy --resume ID
_RESUME = "--resume"
# click's name for the variable by which a shell asks for completions.
_COMPLETE = "_CC_PROXY_COMPLETE"


class Commands(click.Group):
    """The commands; each is imported when it is used, none to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        room = f".{cmd_name}.command" if cmd_name in _ROOMS else f".{cmd_name}"
        module = importlib.import_module(room, __package__)
        found: click.Command = module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands for `--help`."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _group() -> Result:
    context = click.get_current_context()
    common = context.ensure_object(Common)
    if common.version:
        return version()
    if context.invoked_subcommand is not None:
        return Result("")
    if common.json:
        raise click.UsageError("Expected a command, found none.", context)
    click.echo(context.get_help(), err=True)
    return Result("", exit_code=result.USAGE)


group = Commands(
    "cc-proxy",
    callback=_group,
    params=flags(),
    invoke_without_command=True,
    context_settings=HELP_NAMES,
    help="Claude Code on local models: Anthropic's Messages API in front, Ollama behind.",
    epilog="To begin: cc-proxy claude. Each command explains itself with --help.",
)


def spelled_out(arguments: list[str]) -> list[str]:
    """Return the arguments with the name of the command that `--resume ID` alone stands for."""
    return ["claude", *arguments] if arguments[:1] == [_RESUME] else arguments


def main(arguments: list[str]) -> NoReturn:
    """Run the command that `arguments` name, show its result, and exit with its code."""
    common = Common()
    arguments = spelled_out(arguments)
    garbage.relax_gc()
    if os.environ.get(_COMPLETE):  # a shell asks
        from cc_proxy.app.cli.completion import shells  # noqa: PLC0415 - no time for it otherwise

        shells.register()
    name = next((word for word in arguments if word in COMMANDS), "cc-proxy")
    outcome = _outcome(lambda: _called(arguments, common), name, common)
    while isinstance(outcome, Result):
        shown = functools.partial(_shown, outcome, arguments, common)
        outcome = _outcome(shown, name, common)
    sys.exit(outcome)


def _called(arguments: list[str], common: Common) -> Result | int:
    """Return a command's result, or the exit code of what click has answered itself: help."""
    returned = group.main(arguments, "cc-proxy", standalone_mode=False, obj=common)
    return returned if isinstance(returned, Result) else int(returned or 0)


def _shown(outcome: Result, arguments: list[str], common: Common) -> int:
    return result.show(outcome, as_json=_wants_json(arguments, common))


def _outcome(work: Callable[[], Result | int], name: str, common: Common) -> Result | int:
    """Return what `work` returns, or the result that says why it could not be done.

    A command does its work when it is called, or while the lines of its stream are shown.
    """
    try:
        return work()
    except click.UsageError as error:
        return _usage(error, name)
    except click.ClickException as error:
        item = ErrorItem("error", error.format_message())
        return Result(name, errors=(item,), exit_code=error.exit_code)
    except CcProxyError as error:
        return result.failed(common.command or name, error)
    except (click.Abort, KeyboardInterrupt):
        # People know that they have pressed Ctrl-C.
        items = (ErrorItem("interrupted", "Interrupted."),) if common.json else ()
        return Result(common.command or name, errors=items, exit_code=result.INTERRUPTED)
    except Exception as error:
        if os.environ.get("CC_PROXY_DEBUG"):
            raise
        return _internal(name, error)


def _usage(error: click.UsageError, typed: str) -> Result:
    # click's parser does not say where it was: at `--tail=5`, a flag with a value.
    guessed = f"cc-proxy {typed}" if typed in COMMANDS else "cc-proxy"
    path = error.ctx.command_path if error.ctx else guessed
    name = path.partition(" ")[2]
    from cc_proxy.app.cli import usage_errors  # noqa: PLC0415 - only after a mistake

    errors = (usage_errors.item(error, path),)
    return Result(name or "cc-proxy", errors=errors, exit_code=result.USAGE)


def _internal(name: str, error: Exception) -> Result:
    item = ErrorItem(
        "internal_error",
        f"Internal error in cc-proxy: {type(error).__name__}: {error}",
        "To see where, set CC_PROXY_DEBUG=1 and run it again; please report it with that.",
    )
    return Result(name, errors=(item,), exit_code=result.FAILED)


def _wants_json(arguments: list[str], common: Common) -> bool:
    """Tell whether to answer in JSON, even to arguments that could not be understood."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return common.json or "--json" in ours
