"""`cc-proxy env`: what VS Code, JetBrains, the SDKs and Claude Desktop need."""

import sys
from typing import Any, cast

import click

from cc_proxy.app.cli import common
from cc_proxy.app.cli.claude import command as claude
from cc_proxy.app.cli.claude.proxy_url import ProxyUrl
from cc_proxy.app.cli.env import forms
from cc_proxy.app.cli.output import shell_syntax
from cc_proxy.app.cli.output.result import Result
from cc_proxy.app.cli.value_types import OneOf

NAME = "env"
_DEFAULT_SHELL = "powershell" if sys.platform == "win32" else "sh"


@common.define(NAME)
@click.argument("program", metavar="[PROGRAM]", required=False, type=OneOf(forms.TARGETS))
@click.option(
    "--for",
    "target",
    type=OneOf(forms.TARGETS),
    help="The program that is to use cc-proxy; PROGRAM is short for it.",
)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=common.model_names,
    help="An alias, or a model of Ollama's.",
)
@click.option(
    "--shell",
    type=OneOf(shell_syntax.SHELLS),
    help="Write sdk for this shell; sh if not named, on Windows powershell.",
)
@click.option(
    "--url",
    type=ProxyUrl(),
    metavar="URL",
    help="The proxy's address as another machine or a container reaches it.",
)
def command(  # noqa: PLR0913 - the flags
    shared: common.Common,
    *,
    program: str | None,
    target: str | None,
    model: str | None,
    shell: str | None,
    url: str | None,
) -> Result:
    """Print what another program needs to work through cc-proxy; starts the proxy if needed.

    vscode: for the settings of the extension Claude Code. jetbrains: for the plugin Claude Code.
    sdk: variables for Anthropic's SDKs and the Agent SDK. desktop: for Claude Desktop. Nothing is
    written: to undo it, remove what you have put there. The output has the key of the proxy.

    Example: cc-proxy env --for vscode
    """
    if program and target and program != target:
        text = f"Expected one program, found {program} and --for {target}."
        raise click.UsageError(text)
    target = target or program
    if target is None:
        wanted = OneOf(forms.TARGETS).expected
        raise click.UsageError(f"Expected --for with {wanted}, found no program.")
    if shell is not None and target != "sdk":
        raise click.UsageError(f"Expected --shell with --for sdk, found it with --for {target}.")
    try:
        found = click.get_current_context().invoke(
            claude.command, print_env=True, model=model, url=url, start_if_needed=True
        )
    finally:
        shared.command = NAME
    data = cast("dict[str, Any]", found.data)
    lines = forms.lines(target, data["set"], data["unset"], shell or _DEFAULT_SHELL)
    return Result(
        NAME,
        data={"target": target, "set": data["set"], "unset": data["unset"], "lines": lines},
        lines=tuple(lines),
        warnings=found.warnings,
        errors=found.errors,
        exit_code=found.exit_code,
    )
