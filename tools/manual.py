"""The man pages: what `--help` says, as click-man writes it, and what a man page has besides."""

import re

import click
from click_man.man import ManPage

from cc_proxy import __version__
from tools import commands

_EXAMPLE = re.compile(r"\n*^Example: .*\Z", re.MULTILINE | re.DOTALL)
EXIT_CODES = (
    ("0", "done; also when it ran already, or was stopped already"),
    ("1", "failed"),
    ("2", "usage or configuration"),
    ("3", "not running, where it must be"),
    ("4", "refused: the cc-proxy that runs was started with another key"),
    ("5", "Ollama cannot be reached"),
    ("130", "interrupted"),
)


def files() -> dict[str, str]:
    """Return the pages by their file names, one a command."""
    return {
        f"{context.command_path.replace(' ', '-')}.1": _page(context) for context in commands.walk()
    }


def _page(context: click.Context) -> str:
    command = context.command
    text = commands.about(command)
    page = ManPage(context.command_path.replace(" ", "-"))
    page.version = f"cc-proxy {__version__}"
    page.date = ""  # the same bytes whenever it is made
    page.short_help = _escaped(text.partition("\n")[0].rstrip("."))
    page.synopsis = " ".join(command.collect_usage_pieces(context))
    page.description = _escaped(_EXAMPLE.sub("", text))
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    records = [option.get_help_record(context) for option in options]
    page.options = [(name, _escaped(about)) for name, about in filter(None, records)]
    return str(page).replace(
        f".B {page.command}\n", f".B {_escaped(context.command_path)}\n", 1
    ) + "".join(_more(context))


def _more(context: click.Context) -> list[str]:
    command, lines = context.command, []
    below = [other for other in commands.walk() if _is_below(other, context)]
    if below:
        lines.append(".SH COMMANDS\n")
        for other in below:
            about = commands.about(other.command).partition("\n")[0]
            lines.append(f".TP\n\\fB{other.info_name}\\fP\n{_escaped(about)}\n")
    if example := commands.example(command):
        lines.append(f".SH EXAMPLE\n.nf\n{_escaped(example)}\n.fi\n")
    if context.parent is None:
        lines.append(".SH EXIT STATUS\n")
        lines += [f".TP\n.B {code}\n{about}\n" for code, about in EXIT_CODES]
    others = [context.parent] if context.parent else []
    pages = [f"{other.command_path.replace(' ', '-')}(1)" for other in [*others, *below] if other]
    if pages:
        lines.append(f".SH SEE ALSO\n{_escaped(', '.join(pages))}\n")
    return lines


def _is_below(context: click.Context, above: click.Context) -> bool:
    parent = context.parent
    return parent is not None and parent.command_path == above.command_path


def _escaped(text: str) -> str:
    """Return a text for roff: its own signs in it are not commands."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)
