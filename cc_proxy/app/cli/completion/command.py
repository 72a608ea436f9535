"""`cc-proxy completion`."""

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import Result
from cc_proxy.app.cli.value_types import OneOf

_INSTALL = {
    "bash": """eval "$(cc-proxy completion bash)"      # in ~/.bashrc""",
    "zsh": """eval "$(cc-proxy completion zsh)"       # in ~/.zshrc, after compinit""",
    "fish": """cc-proxy completion fish | source       # in ~/.config/fish/config.fish""",
    "powershell": "cc-proxy completion powershell | Out-String | Invoke-Expression  # in $PROFILE",
}
_ZSH_TOP = "#compdef cc-proxy\n"


@define("completion")
@click.argument("shell", type=OneOf(list(_INSTALL)), metavar="bash|zsh|fish|powershell")
def command(common: Common, *, shell: str) -> Result:
    """Print the script that completes arguments in your shell.

    A comment at its top says where to put it. Names of models are completed too.

    Example: eval "$(cc-proxy completion bash)"
    """
    from cc_proxy.app.cli.completion import shells  # noqa: PLC0415 - see common.Common

    del common
    # zsh looks for this line, and only at the top, in a file of its `fpath`.
    script = shells.script(shell)
    top = _ZSH_TOP if script.startswith(_ZSH_TOP) else ""
    where = f"# To have this in each shell: {_INSTALL[shell]}\n"
    script = f"{top}{where}{script.removeprefix(top)}"
    return Result("completion", {"shell": shell, "script": script}, tuple(script.splitlines()))
