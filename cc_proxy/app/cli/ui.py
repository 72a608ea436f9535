"""`cc-proxy ui`: opens the page that the proxy serves."""

import os
import sys
import webbrowser
from collections.abc import Mapping

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result
from cc_proxy.app.cli.top.source import NotShownError, connect
from cc_proxy.app.control import page
from cc_proxy.app.daemon.process.state import ProcessState

NAME = "ui"
_SECONDS = 5.0
# They run no scripts, and would take the terminal.
_TEXT_BROWSERS = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
# A person at another machine looks at that machine's screen.
_REMOTE = ("SSH_CONNECTION", "SSH_TTY")
_SCREENS = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")


@define(NAME)
@click.option("--no-open", is_flag=True, help="Show the address, and open no browser.")
def command(common: Common, *, no_open: bool) -> Result:
    """Open a page with the sessions and requests as they go on.

    Each session with its window and the point where Claude Code compacts, a timeline of its turns
    (waiting, reading, writing), and the requests with all that was repaired, rescued, dropped or
    refused. The proxy serves the page; nothing comes from elsewhere. The address that is shown on
    a terminal works once, within ten minutes.

    Example: cc-proxy ui --no-open
    """
    source, _ = connect(common)
    state = source.state
    ticket = page.ask_ticket(state.host, state.port, source.key, timeout_seconds=_SECONDS)
    if ticket is None:
        raise NotShownError(
            f"The proxy at {state.url} has no page: it is an older version, or busy.",
            code="no_page",
            hint="cc-proxy restart",
        )
    address = f"{state.url}/ui"
    whole = f"{address}#ticket={ticket.ticket}"
    opened = not no_open and _open(whole, os.environ)
    data = {"url": address, "opened": opened}
    if opened:
        return Result(NAME, data, (f"Opened {address} in a browser.",))
    # Others may read what is not a terminal: a log, a pipe.
    is_terminal = sys.stdout is not None and sys.stdout.isatty() and not common.json
    if no_open or is_terminal:
        lines = _by_hand(whole if is_terminal else address, state, is_terminal=is_terminal)
        warnings = () if no_open else (_no_browser(None),)
        return Result(NAME, data, lines, warnings=warnings)
    hint = "In a terminal, this shows the address to open: cc-proxy ui --no-open"
    return Result(NAME, data, errors=(_no_browser(hint),), exit_code=FAILED)


def _open(address: str, environ: Mapping[str, str]) -> bool:
    """Open a browser; False if there is none, or none where the person is."""
    has_screen = any(environ.get(name) for name in _SCREENS)
    if not has_screen and any(environ.get(name) for name in _REMOTE):
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    name = os.path.basename(getattr(browser, "name", ""))  # noqa: PTH119 - a name, no path yet
    return name not in _TEXT_BROWSERS and browser.open(address)


def _by_hand(address: str, state: ProcessState, *, is_terminal: bool) -> tuple[str, ...]:
    first = f"Open {address}"
    if not is_terminal:
        first += " (in a terminal, cc-proxy ui --no-open shows the address that lets you in)"
    forward = f"ssh -L {state.port}:127.0.0.1:{state.port} HOST"
    return (
        first,
        f"From another machine, forward the port first: {forward}",
        "In a devcontainer, VS Code forwards it: see its Ports view.",
    )


def _no_browser(hint: str | None) -> ErrorItem:
    return ErrorItem("no_browser", "Expected a browser on this machine, found none.", hint)
