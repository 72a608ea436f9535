"""What `--help` shows of each command, as click writes it for a terminal that is wide enough."""

from cc_proxy.app.help_pages import COLUMNS, heading
from tools import commands

# click leaves them free.
_MARGIN = 2


def text() -> str:
    """Return the pages of all commands, each under its heading."""
    pages: list[str] = []
    for context in commands.walk():
        context.terminal_width = COLUMNS - _MARGIN
        pages += heading(context.command_path.split()[1:]), context.get_help(), "\n"
    return "".join(pages)
