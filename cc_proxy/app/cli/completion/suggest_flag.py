"""Flags that people know from other programs, and what stands for them here.

click itself names a flag that is near in its letters; these are near in what they mean.
"""

import re

import click

_BACKGROUND = "the default; what serves in this terminal is --foreground"
_DEBUG = "--log-level debug"
_MODEL = "aliases.default in the configuration; for one session: cc-proxy claude --model NAME"
_UPSTREAM = "OLLAMA_BASE_URL, or ollama.base_url in the configuration"
_WINDOW = "context_window in the configuration"
_KEY = "CC_PROXY_AUTH_KEY, or server.auth_key in the configuration"
_SERVING = {
    "-p": "--port PORT",
    "-H": "--host ADDRESS",
    "--bind": "--host ADDRESS",
    "--listen": "--host ADDRESS",
    **dict.fromkeys(("--debug", "--verbose"), _DEBUG),
    **dict.fromkeys(("-m", "--model"), _MODEL),
    **dict.fromkeys(("--upstream", "--ollama-url", "--base-url"), _UPSTREAM),
    **dict.fromkeys(("--num-ctx", "--context-window"), _WINDOW),
    **dict.fromkeys(("--auth-key", "--api-key", "--key"), _KEY),
}
FLAGS = {
    "start": {
        **_SERVING,
        "-f": "--foreground",
        **dict.fromkeys(("-d", "--daemon", "--detach", "--background"), _BACKGROUND),
    },
    "restart": _SERVING,
    "logs": {
        **dict.fromkeys(("-n", "--tail", "--last"), "--lines N"),
        "-f": "--follow",
        "--log-level": "--level LEVEL",
    },
    "stop": dict.fromkeys(("-f", "--force", "--now"), "--timeout-seconds 0"),
    # All else that it does not know goes to Claude Code.
    "claude": {"-m": "--model NAME", "--num-ctx": _WINDOW, "--context-window": _WINDOW},
}
_ANYWHERE = {"-c": "--config FILE", "-v": "--version", "-V": "--version"}
_NUMBER_TOO_MANY = re.compile(r"unexpected extra argument \((\d+)\)")


def suggest_flag(name: str, error: click.UsageError) -> str | None:
    """Return what is here for what `error` complains of, None if that is not known."""
    if name == "logs" and (number := _NUMBER_TOO_MANY.search(error.message)):
        # --tail is --follow, a flag: in `--tail 5` the number is one argument too many.
        return f"--lines {number[1]}"
    if not isinstance(error, click.NoSuchOption | click.BadOptionUsage):
        return None
    of_command = FLAGS.get(name, {}).get(error.option_name)
    return of_command or _ANYWHERE.get(error.option_name)
