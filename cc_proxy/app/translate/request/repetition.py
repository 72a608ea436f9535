"""Noticing a model that makes the same call again and again: a note for the log, and for it."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from cc_proxy.app.chat.messages import ChatMessage
from cc_proxy.app.translate.request.content import TOOL_ERROR

_MANY = 3
_MAX_ABOUT = 120
_MAX_WORDS = 1_500


def repeated_calls(turns: list[ChatMessage], declared: Container[str]) -> tuple[str, ...]:
    """Return a note for the log when the latest three turns or more all make the same call.

    `turns` end with the result of the latest call; only the name of a `declared` tool is shown.
    """
    latest: tuple[str, bytes] | None = None
    count = 0
    for turn in reversed(turns):
        if turn.role == "tool":
            continue
        calls = turn.tool_calls or []
        if turn.role != "assistant" or len(calls) != 1:
            break
        function = calls[0].function
        call = (function.name, bytes(function.arguments))
        if latest is not None and call != latest:
            break
        latest = call
        count += 1
    if latest is None or count < _MANY:
        return ()
    name = latest[0] if latest[0] in declared else "an undeclared tool"
    return (f"the model has called {name} {count} times in a row with the same arguments",)


def note_repeated_calls(
    turns: list[ChatMessage], schemas: Mapping[str, Mapping[str, Any]]
) -> str | None:
    """Add a note to each result that a model got before, for the same call, in the turn before.

    That is the same result of the same call with the same arguments, or the same error of the same
    tool. The note says how often, and what arguments the tool takes. It depends on nothing that
    comes later, so the turns of the next request begin with these.

    Returns the name of the tool if the latest result has a note. `turns` are changed.
    """
    before: tuple[str, bytes, str] | None = None
    count = 0
    noted = None
    for round_ in _rounds(turns):
        noted = None
        if round_ is None:
            before = None
            continue
        name, arguments, result = round_
        text = str(result.content)
        latest = (name, b"" if text.startswith(TOOL_ERROR) else arguments, text)
        count = count + 1 if latest == before else 1
        before = latest
        if count > 1:
            result.content = f"{text}\n\n{_note(name, count, schemas.get(name, {}))}"
            noted = name
    return noted


def _rounds(turns: list[ChatMessage]) -> Iterator[tuple[str, bytes, ChatMessage] | None]:
    """Yield each round of one call and its result, and None for what comes between such rounds."""
    call: tuple[str, bytes] | None = None
    for turn in turns:
        if turn.role == "tool" and call is not None:
            yield *call, turn
            call = None
            continue
        call = None
        calls = turn.tool_calls or []
        if turn.role != "assistant" or len(calls) != 1:
            yield None
        else:
            function = calls[0].function
            call = function.name, bytes(function.arguments)


def _note(name: str, count: int, schema: Mapping[str, Any]) -> str:
    return (
        f"<system-reminder>\nYou have made this call of {name} {count} times in a row, with the"
        f" same result. The same call will not give another one. {in_words(name, schema)}"
        " Change the arguments, take another tool, or say what is in the way.\n</system-reminder>"
    )


def in_words(name: str, schema: Mapping[str, Any]) -> str:
    """Return the arguments that a tool takes, in a sentence."""
    required = schema.get("required") or ()
    told = []
    for key, part in (schema.get("properties") or {}).items():
        kind = part.get("type", "any value") if isinstance(part, dict) else "any value"
        kinds = " or ".join(kind) if isinstance(kind, list) else kind
        needed = "required" if key in required else "optional"
        about = str(part.get("description", "")) if isinstance(part, dict) else ""
        short = f": {about.split(chr(10))[0][:_MAX_ABOUT]}" if about else ""
        told.append(f"{key} ({kinds}, {needed}){short}")
    if not told:
        return f"{name} takes no arguments."
    return f"{name} takes: {'; '.join(told)[:_MAX_WORDS]}."
