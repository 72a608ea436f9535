"""`cc-proxy statusline` with flags, or in a terminal; Claude Code gets it from `quick`."""

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import ErrorItem, Result
from cc_proxy.app.cli.statusline.line import status_line
from cc_proxy.app.cli.statusline.quick import NO_SESSION, NO_SESSION_HINT, ask, read_client


@define("statusline")
def command(common: Common) -> Result:
    """Print the status line of a session of Claude Code.

    Claude Code runs it and gives it a JSON object on stdin. The line has the model, the window
    used and left, how much of the last prompt was reused, the speed, and what waits. `cc-proxy
    claude` sets it, unless your settings have a statusLine. It works in a session of `cc-proxy
    claude`, as it asks the proxy with ANTHROPIC_BASE_URL and ANTHROPIC_AUTH_TOKEN; without these,
    and for a session that the proxy does not know, it shows only what the JSON says.

    Example: cc-proxy statusline
    """
    del common
    client = read_client()
    activity = ask(client)
    line = status_line(client, activity)
    data = {"line": line, "known": bool(activity)}
    return Result("statusline", data, (line,), warnings=() if client else (_no_json(),))


def _no_json() -> ErrorItem:
    return ErrorItem("no_session", NO_SESSION, NO_SESSION_HINT)
