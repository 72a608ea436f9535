"""`cc-proxy statusline` as Claude Code runs it: without click, in a fraction of its time."""

import os
import sys

from cc_proxy.app import readers
from cc_proxy.app.cli.statusline.ask import Json, activity_of, read_object
from cc_proxy.app.cli.statusline.line import status_line

_MAX_BYTES = 1 << 20
NO_SESSION = "Expected the JSON of a session on stdin, as Claude Code gives it, found none."
NO_SESSION_HINT = "cc-proxy claude makes Claude Code run it; for all sessions: cc-proxy top"


def show() -> None:
    """Read Claude Code's JSON from stdin and print the line; warn on stderr if there is none."""
    client = read_client()
    if not client and sys.stderr is not None:
        sys.stderr.write(f"Warning: {NO_SESSION}\n  -> {NO_SESSION_HINT}\n")
    line = status_line(client, ask(client))
    try:
        # Claude Code reads UTF-8, whatever the locale says.
        sys.stdout.buffer.write(f"{line}\n".encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except OSError as error:
        if not readers.is_broken_pipe(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def read_client() -> Json:
    """Return Claude Code's JSON from stdin, empty if there is none."""
    # A person who tries it in a terminal has no JSON to give.
    if sys.stdin is None or sys.stdin.isatty():
        return {}
    return read_object(sys.stdin.buffer.read(_MAX_BYTES))


def ask(client: Json) -> Json:
    """Return the proxy's answer about the session of Claude Code's JSON, empty without one."""
    session = client.get("session_id")
    return activity_of(session, os.environ) if isinstance(session, str) else {}
