"""click's errors in the form of every other: what was expected, what was found, what to do."""

import difflib
import re

import click

from cc_proxy.app.cli.completion import suggest_flag
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.cli.value_types import OneOf

_TOO_MANY = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
_EXPECTED = "Expected "


def item(error: click.UsageError, path: str) -> ErrorItem:
    """Return what to show for a mistake in the arguments of the command `path`."""
    hints = [f"How it is used: {path} --help"]
    if here := suggest_flag.suggest_flag(path.partition(" ")[2], error):
        hints.insert(0, f"Here that is {here}.")
    elif near := _near(error):
        hints.insert(0, f"Did you mean {near}?")
    return ErrorItem("usage_error", _message(error, path), " ".join(hints))


def _message(error: click.UsageError, path: str) -> str:
    text = error.format_message()
    match error:
        case click.NoSuchCommand():
            text = f"Expected a command of {path}, found {error.command_name!r}."
        case click.NoSuchOption():
            text = f"Expected an option of {path}, found {error.option_name!r}."
        case click.BadOptionUsage() if "requires" in error.message:
            text = f"Expected a value after {error.option_name}, found none."
        case click.BadOptionUsage():
            text = f"Expected {error.option_name} without a value, found it with one."
        case click.MissingParameter(param=click.Parameter() as param):
            text = f"Expected {_wanted(param, error.ctx)}, found nothing."
        case click.BadParameter(param=click.Option() as param) if _is_ours(error):
            text = f"Expected {param.opts[0]} to be {error.message.removeprefix(_EXPECTED)}"
        case click.BadParameter() if _is_ours(error):
            text = error.message
        case _ if extra := _TOO_MANY.fullmatch(error.message):
            text = f"Expected no further argument, found {extra[1]!r}."
    return text


def _is_ours(error: click.UsageError) -> bool:
    return error.message.startswith(_EXPECTED)


def _wanted(param: click.Parameter, context: click.Context | None) -> str:
    if isinstance(param.type, OneOf):
        return param.type.expected
    if isinstance(param, click.Argument) and context is not None:
        return param.make_metavar(context)
    return param.opts[0]


def _near(error: click.UsageError) -> str | None:
    """Return the name that is nearest to one that does not exist, None if none is near."""
    if error.ctx is None:
        return None
    command = error.ctx.command
    match error:
        case click.NoSuchCommand() if isinstance(command, click.Group):
            typed, names = error.command_name, command.list_commands(error.ctx)
        case click.NoSuchOption():
            typed = error.option_name
            names = [name for param in command.params for name in param.opts]
        case _:
            return None
    if begun := [name for name in names if name.startswith(typed.rstrip())]:
        return begun[0]
    return next(iter(difflib.get_close_matches(typed, names, n=1)), None)
