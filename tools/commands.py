"""Every command of cc-proxy, as click knows it."""

import re
from collections.abc import Iterator
from inspect import cleandoc

import click

from cc_proxy.app.cli.commands import group

_EXAMPLE = re.compile(r"^Example: (cc-proxy .+|.*\$\(cc-proxy .+)$", re.MULTILINE)


def walk(
    command: click.Command = group, above: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield the context of a command, and of all below it; `command_path` has the full name."""
    context = click.Context(
        command, info_name=command.name, parent=above, **command.context_settings
    )
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from walk(below, context)


def names() -> list[str]:
    """Return the names as `--json` has them in `command`: `models pull`, `cc-proxy` itself."""
    return [context.command_path.removeprefix("cc-proxy ") for context in walk()]


def example(command: click.Command) -> str | None:
    """Return the line of a command's help that shows it in use."""
    found = _EXAMPLE.search(about(command))
    return found and found[1]


def about(command: click.Command) -> str:
    """Return what a command's help says of it."""
    return cleandoc(command.help or "")
