"""What `--help` shows of each command, as click writes it for a terminal that is wide enough."""

from cc_proxy.app.help_pages import COLUMNS, page_name
from tools import commands

# click leaves them free.
_MARGIN = 2


def files() -> dict[str, str]:
    """Return the pages by their file names, one a command."""
    pages = {}
    for context in commands.walk():
        context.terminal_width = COLUMNS - _MARGIN
        pages[page_name(context.command_path.split()[1:])] = context.get_help() + "\n"
    return pages
