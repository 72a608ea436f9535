"""Settings for cc-proxy in the form that a program takes them in.

VS Code: `claudeCode.*` of the extension's settings. JetBrains: its plugin runs `claude` in a
terminal of the IDE. Claude Desktop: the keys of its third-party inference. By their documentation.
"""

import json
from collections.abc import Mapping, Sequence

from cc_proxy.app.cli.output import shell_syntax

BASE_URL, TOKEN = "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"
TARGETS = ("vscode", "jetbrains", "sdk", "desktop")


def lines(target: str, variables: Mapping[str, str], unset: Sequence[str], shell: str) -> list[str]:
    """Return what a person does for a program of TARGETS.

    `variables` are those of Claude Code, and `unset` the ones that must not be set; `shell` is one
    of shell_syntax.SHELLS.
    """
    match target:
        case "vscode":
            return _vscode(variables)
        case "jetbrains":
            return _jetbrains(variables)
        case "desktop":
            return _desktop(variables)
    told = (
        "# Anthropic's SDKs use the address and the token. The Agent SDK runs Claude Code, which"
        " uses all of these."
    )
    return [told, *shell_syntax.lines(shell, variables, unset)]


def _vscode(variables: Mapping[str, str]) -> list[str]:
    named = [{"name": name, "value": value} for name, value in variables.items()]
    settings = {"claudeCode.disableLoginPrompt": True, "claudeCode.environmentVariables": named}
    return [
        "// VS Code: run `Preferences: Open User Settings (JSON)`, put these two settings there,",
        "// then run `Developer: Reload Window`. To undo it, remove them.",
        *_json(settings),
    ]


def _jetbrains(variables: Mapping[str, str]) -> list[str]:
    joined = ";".join(f"{name}={value}" for name, value in variables.items())
    return [
        "# JetBrains: in Settings > Tools > Claude Code, set the Claude command to",
        "cc-proxy claude",
        "# Or, for a bare `claude`, in Settings > Tools > Terminal > Environment variables:",
        joined,
    ]


def _desktop(variables: Mapping[str, str]) -> list[str]:
    settings = {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": variables[BASE_URL],
        "inferenceGatewayApiKey": variables[TOKEN],
        "inferenceGatewayAuthScheme": "bearer",
    }
    return [
        "// Claude Desktop: Help > Troubleshooting > Enable Developer Mode; then, in Developer >",
        "// Configure Third-Party Inference, the provider Gateway with this address and key.",
        *_json(settings),
    ]


def _json(settings: Mapping[str, object]) -> list[str]:
    return json.dumps(settings, indent=2).splitlines()
