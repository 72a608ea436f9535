"""`cc-proxy statusline` with flags; without any it takes the way of `quick`."""

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import Result
from cc_proxy.app.cli.statusline.quick import read_and_ask


@define("statusline")
def command(common: Common) -> Result:
    """Print the status line of a session of Claude Code.

    Claude Code runs it and gives it a JSON object on stdin. The line has the model, the window
    used and left, how much of the last prompt was reused, the speed, and what waits. `cc-proxy
    claude` sets it, unless your settings have a statusLine.

    Example: cc-proxy statusline
    """
    del common
    line, activity = read_and_ask()
    return Result("statusline", {"line": line, "known": bool(activity)}, (line,))
