"""Tools that the client names at the start and defines once the model has asked for them.

Templates put tools in front of the conversation, so a tool that comes later would make the model
read all of it again; and Ollama drops the call of a tool that was not declared. So each one that
is named at the start is declared from then on as a stub, which stays the same to the byte, and
its definition is told in the conversation, where tool search has found it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import msgspec

from cc_proxy.app.anthropic.requests import Block, Message
from cc_proxy.app.translate.request.content import REMINDER
from cc_proxy.app.translate.request.tools.changes import ADDITION, changed_tool

TOOL_SEARCH = "ToolSearch"
# Claude Code 2.1.197 and 2.1.330: one name a line, in 2.1.330 perhaps with ": when to use it".
_ANNOUNCEMENT = "The following deferred tools are now available"
# How the summary of a compacted conversation begins (2.1.197, 2.1.330).
_COMPACTED = "This session is being continued from a previous conversation"
_NAME = re.compile(r"([A-Za-z0-9_-]{1,128})(?:: .*)?")
# A stub is 35 to 55 tokens; without one, a load costs reading the conversation once more.
_MOST_STUBS = 64

_WRAPPER = "arguments"
STUB_DESCRIPTION = "Load it with ToolSearch first."
# A schema without properties would allow none where a grammar holds the model to it, and Ollama
# drops additionalProperties. So what the tool takes has a place, and is taken out of it again.
STUB_SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {_WRAPPER: {"type": "object"}}}


def announced(messages: Sequence[Message]) -> tuple[str, ...]:
    """Return the names of deferred tools that precede the model's first call, in order.

    What is named later would change the front when most of the conversation has been read. But
    where a conversation was compacted all is new: behind the summary 2.1.330 keeps the latest
    turns, and only then names the tools.
    """
    opening = list(takewhile(lambda message: not _calls(message), messages))
    found = _named(opening)
    if not found and any(_COMPACTED in text for message in opening for text in _texts(message)):
        found = next(filter(None, (_named([message]) for message in messages)), ())
    return found[:_MOST_STUBS]


def found_tools(messages: Iterable[Message]) -> tuple[str, ...]:
    """Return the names that tool search found or an addition names, the earliest first."""
    names = (
        name
        for message in messages
        if not isinstance(message.content, str)
        for name in _found_names(message.content)
    )
    return tuple(dict.fromkeys(name for name in names if name))


def definition(name: str, description: str, parameters: Mapping[str, Any]) -> str:
    """Return what the model is told of a tool, in the form that ToolSearch says it has."""
    function = {"description": description, "name": name, "parameters": parameters}
    return f"<function>{msgspec.json.encode(function).decode()}</function>"


def unwrapped(arguments: bytes, schema: Mapping[str, Any]) -> bytes:
    """Return the arguments (a JSON object) that the call of a stub was made with.

    `schema` is that of the tool itself; what is its own is left alone.
    """
    if _WRAPPER not in schema.get("properties", {}):
        try:
            wrapped = msgspec.json.decode(arguments, type=_Wrapped)
        except msgspec.DecodeError:
            return arguments
        return msgspec.json.encode(wrapped.arguments)
    return arguments


class _Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    arguments: dict[str, msgspec.Raw]


def _calls(message: Message) -> bool:
    content = message.content
    return (
        message.role == "assistant"
        and not isinstance(content, str)
        and any(block.type == "tool_use" for block in content)
    )


def _named(messages: Iterable[Message]) -> tuple[str, ...]:
    names = (name for message in messages for text in _told(message) for name in _names(text))
    return tuple(dict.fromkeys(names))


def _told(message: Message) -> list[str]:
    """Return what the client itself says in a message, the words of the person left out."""
    texts = _texts(message)
    if message.role == "system":
        return texts
    return [text for text in texts if text.startswith(REMINDER)]


def _texts(message: Message) -> list[str]:
    content = message.content
    if isinstance(content, str):
        return [content]
    return [block.text or "" for block in content if block.type == "text"]


def _names(text: str) -> Iterable[str]:
    _, found, rest = text.partition(_ANNOUNCEMENT)
    if not found:
        return ()
    matches = map(_NAME.fullmatch, rest.split("\n")[1:])
    return [match[1] for match in takewhile(lambda match: match is not None, matches) if match]


def _found_names(content: list[Block]) -> Iterable[str | None]:
    for block in content:
        if block.type == "tool_reference":
            yield block.tool_name
        elif block.type == ADDITION:
            yield changed_tool(block)
        elif block.tool_changes:
            yield from _found_names(block.tool_changes)
        elif isinstance(block.content, list):
            yield from _found_names(block.content)
