"""The practice model's reply to a request."""

import json
import re

from cc_proxy.app.practice.play.json_reply import fits, value_of
from cc_proxy.app.practice.play.scripts import Player, Script
from cc_proxy.app.practice.play.steps import Part, Say
from cc_proxy.app.practice.requests.decoding import ApiChatRequest
from cc_proxy.app.practice.wire import WireError

WHO = "This is the practice model of cc-proxy, not a real model: it plays scripts."
_HOW = (
    "Put one into the prompt, for example"
    ' [practice: [{"calls": [{"name": "Bash", "arguments": {"command": "date"}}]}, '
    '{"text": "Done."}]]'
    " or [practice: demo]."
)
_TITLE = "Practice session"
# How Claude Code asks for a summary when the window is nearly full.
_SUMMARY_REQUESTS = ("detailed summary of the conversation", "summarize this conversation")
_SHOWN = 200
# What Claude Code adds to a person's words.
_ADDED = re.compile(r"<(system-reminder|(?:local-)?command-\w{1,40})>")


def reply(request: ApiChatRequest, player: Player) -> tuple[Part, ...]:
    """Return the turn that answers a request.

    Raises:
        WireError: 400 for a script that cannot be played, 500 for a bad `format`.

    """
    last = request.messages[-1].content if request.messages else ""
    script = player.find(request)
    if request.format is not None:
        return _formatted(request, script, player)
    if any(wanted in last.lower() for wanted in _SUMMARY_REQUESTS):
        return (Say("text", _summary(script)),)
    if not request.tools and not _is_safety_check(last) and _wants_title(request):
        return (Say("text", _TITLE),)
    if script is not None and not script.is_over:
        return player.play(script)
    if script is not None and request.messages[-1].role == "tool":
        return (Say("text", f"{WHO} The script has ended."),)
    return (Say("text", _echo(last)),)


def _formatted(request: ApiChatRequest, script: Script | None, player: Player) -> tuple[Part, ...]:
    schema = {"type": "object"} if request.format == "json" else request.format
    if not isinstance(schema, dict):
        shown = json.dumps(request.format)
        raise WireError(
            500,
            f'invalid format: {json.dumps(shown)}; expected "json" or a valid JSON Schema object',
            late=True,
        )
    # A schema restricts every token: a scripted text is used only if it satisfies it, and a tool
    # call is impossible (recording 21d).
    if script is not None and not script.is_over:
        parts = player.play(script)
        for part in parts:
            if isinstance(part, Say) and part.kind == "text" and fits(part.text, schema):
                return parts
    return (Say("text", json.dumps(value_of(schema))),)


def _is_safety_check(last: str) -> bool:
    """Tell whether Claude Code's auto mode asks for a verdict: its policy speaks of titles, too."""
    return last.startswith("<tools-used-before-summary>")


def _wants_title(request: ApiChatRequest) -> bool:
    system = " ".join(m.content for m in request.messages if m.role == "system").lower()
    return "title" in system and ("generate" in system or "write" in system)


def _summary(script: Script | None) -> str:
    rest = script.rest if script is not None else []
    still = f" Still to be played: [practice: {json.dumps(rest)}]" if rest else ""
    return (
        "<analysis>\nThe practice model reads nothing out of the conversation.\n</analysis>\n\n"
        f"<summary>\n{WHO} It was asked for a summary of the conversation so far.{still}\n"
        "</summary>"
    )


def _echo(prompt: str) -> str:
    words = " ".join(_without_added(prompt).split())
    heard = words if len(words) <= _SHOWN else words[:_SHOWN] + "…"
    return f"{WHO} You said: {heard!r}. {_HOW}" if heard else f"{WHO} {_HOW}"


def _without_added(prompt: str) -> str:
    """Return a prompt without what Claude Code adds; what is not closed belongs to the person."""
    kept, start = [], 0
    while opened := _ADDED.search(prompt, start):
        closer = f"</{opened[1]}>"
        end = prompt.find(closer, opened.end())
        kept.append(prompt[start : opened.end() if end < 0 else opened.start()])
        start = opened.end() if end < 0 else end + len(closer)
    return "".join([*kept, prompt[start:]])
