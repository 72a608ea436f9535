"""The text of each `--help`; reading it from a file is faster than importing click.

`python -m tools.generate` writes the pages into `cc_proxy/data/help.txt`. In one
file they take a quarter of the disk that they would take in a file each.
"""

import os
import sys
from collections.abc import Sequence

from cc_proxy import __version__
from cc_proxy.app import readers

FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "help.txt")  # noqa: PTH118, PTH120 - pathlib is slow to import
# click makes lines of at most 80 characters, shorter ones only in a terminal that is narrower.
COLUMNS = 80


def show(arguments: Sequence[str]) -> bool:
    """Print the page or the version that is asked for; False if it is for click to answer.

    That is so for all but the plainest questions, and wherever something is in the way: a narrow
    terminal, a stdout that cannot be written.
    """
    text = _text(arguments)
    if text is None:
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        if not readers.is_broken_pipe(error):
            return False
        _forget_stdout()
    return True


def heading(words: Sequence[str]) -> str:
    """Return the line above the page of a command: `=== cc-proxy models pull ===`."""
    return f"=== {' '.join(('cc-proxy', *words))} ===\n"


def _forget_stdout() -> None:
    """Let the interpreter's last flush go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _text(arguments: Sequence[str]) -> str | None:
    if os.environ.get("_CC_PROXY_COMPLETE") or sys.stdout is None:
        return None
    if arguments == ["--version"]:
        return f"cc-proxy {__version__}\n"
    if not arguments or arguments[-1] not in {"-h", "--help"}:
        return None
    *words, _ = arguments
    if not all(word.isalpha() for word in words) or _columns() < COLUMNS:
        return None
    try:
        with open(FILE, encoding="utf-8") as file:  # noqa: PTH123 - as above
            pages = file.read()
    except OSError:
        return None
    _, found, page = pages.partition(heading(words))
    return page.partition("=== ")[0] if found else None


def _columns() -> int:
    """Return the terminal's width, as shutil.get_terminal_size does, which is slow to import."""
    if os.environ.get("COLUMNS"):
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or COLUMNS
    except (ValueError, OSError):  # no terminal
        return COLUMNS
