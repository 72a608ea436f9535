"""The errors that report a tool call of a model that could not be read.

Ollama's parsers refuse what they cannot read, and the answer ends with an error in place of the
call (Ollama 0.33, `model/parsers`, `harmony` and `llm/llama_server.go`; recording 83f). vLLM hands
on the text between the marks of a call, also when it is cut.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cc_proxy.app.chat.errors import UnreadableCallError, UpstreamError, UpstreamRefusedError
from cc_proxy.app.translate.rescue import Rescue, RescuedCall, Steps

Schemas = Mapping[str, Mapping[str, Any]]

_NOT_JSON, _ENDS_IN_THE_MIDDLE = "arguments that are not JSON", "arguments that end in the middle"
# Before the first token, and in a line in mid-stream.
_PARSER_STATUS = (500, 200)
_RAW = ("error parsing tool call: raw='", "', err=")
_REST = re.compile(r"Failed to parse input at pos \d+:\s*(.*)", re.DOTALL)
_UNKNOWN_TOOL = re.compile(r"^tool '([^']*)' not found$|^tool \"([^\"]*)\" is not declared$")
# Jinja: the model's arguments ended in the middle of their JSON.
_CUT = ("invalid tool call arguments for ", ": unexpected end of JSON input")
# To try a text with each of the tools takes as much work as both are long.
_MAX_TRIED_CHARS = 4_000_000
_MALFORMED = re.compile(
    r"^(?:unexpected )?EOF$"
    r"|XML syntax error on line \d+"
    r"|^expected element type <"
    r"|invalid tool call arguments for "
    r"|^(?:empty|invalid) function(?: name| call format)"
    r"|^mismatched arg_key and arg_value"
    r"|^invalid format$|^invalid tool call"
    r"|^no tool calls? found"
    r"|^incomplete GLM tool call"
    r"|^required argument .* is missing for tool "
    r"|^failed to parse (?:JSON|XML|arguments|function call|Laguna|value)"
    r"|\bATEM\b|\bGlimmer (?:call|function|recipient)"
)


@dataclass(frozen=True)
class UnreadableCall:
    """A call that could not be read.

    `form` names the trouble for the log, and holds nothing that the model wrote. `raw` is what
    Ollama shows of the call, `unknown_tool` the name that it has no tool for; both may be empty.
    `cut`: the call ended in the middle.
    """

    form: str
    raw: str = ""
    unknown_tool: str = ""
    cut: bool = False


def unreadable_call(error: UpstreamError) -> UnreadableCall | None:
    """Return what an error says of a call; None for an error of another kind."""
    if isinstance(error, UnreadableCallError):
        return _from_arguments(error)
    if isinstance(error, UpstreamRefusedError) and error.status in _PARSER_STATUS:
        return _from_text(error.text)
    return None


def _from_arguments(error: UnreadableCallError) -> UnreadableCall:
    if error.is_cut:
        return UnreadableCall(_ENDS_IN_THE_MIDDLE, cut=True)
    name = msgspec.json.encode(error.name).decode()
    raw = f'{{"name": {name}, "arguments": {error.arguments}}}' if error.arguments else ""
    return UnreadableCall(_NOT_JSON, raw=raw)


def _from_text(error: str) -> UnreadableCall | None:
    if (raw := _between(error, *_RAW)) is not None:
        return UnreadableCall(_NOT_JSON, raw=raw)
    if found := _REST.search(error):
        return UnreadableCall("a call that breaks off its format", raw=found[1])
    if found := _UNKNOWN_TOOL.search(error):
        return UnreadableCall("a tool that is not declared", unknown_tool=found[1] or found[2])
    if _between(error, *_CUT) is not None:
        return UnreadableCall(_ENDS_IN_THE_MIDDLE, cut=True)
    if _MALFORMED.search(error):
        return UnreadableCall("a call that is not in its format")
    return None


def read_from_error(call: UnreadableCall, tools: Schemas) -> Steps[list[RescuedCall]]:
    """Return the calls in what Ollama shows of an unreadable call, with pauses in the work.

    gpt-oss's arguments come without the tool's name: they are taken for the one tool that they fit,
    and for none where they fit several.
    """
    if not call.raw or not tools:
        return []
    written = yield from _calls_in(call.raw, tools)
    is_too_long = len(call.raw) * len(tools) > _MAX_TRIED_CHARS
    if written or is_too_long or not call.raw.lstrip().startswith("{"):
        return written
    fitting = []
    for name in tools:
        found = yield from _calls_in(f'{{"name": "{name}", "arguments": {call.raw}}}', tools)
        fitting += [one for one in found if one.name == name and _fits(one, tools[name])]
    return fitting if len(fitting) == 1 else []


def hint(call: UnreadableCall, tools: Schemas) -> str:
    """Return what tells a model how to write the call that could not be read."""
    trouble = "Your last tool call could not be read: it was malformed."
    if call.unknown_tool:
        trouble = f"There is no tool {call.unknown_tool}. The tools are: {', '.join(tools)}."
    return (
        f"<system-reminder>\n{trouble} Make the call again, in exactly the format that your"
        " instructions give for tool calls: a declared tool, each argument opened and closed, and"
        " nothing after the call.\n</system-reminder>"
    )


def _between(text: str, opener: str, closer: str) -> str | None:
    """Return the text between the first `opener` and the last `closer`; None without both."""
    # Not with an expression: where the opener is repeated, its work is the square of the length.
    start = text.find(opener)
    end = text.rfind(closer)
    return text[start + len(opener) : end] if 0 <= start <= end - len(opener) else None


def _calls_in(text: str, tools: Schemas) -> Steps[list[RescuedCall]]:
    rescue = Rescue(tools)
    pieces = rescue.feed(text)
    for part in rescue.finish_in_parts():
        pieces += part
        yield
    return [piece for piece in pieces if isinstance(piece, RescuedCall)]


def _fits(call: RescuedCall, schema: Mapping[str, Any]) -> bool:
    """Tell whether a call has each argument that its tool requires, and no other than it has."""
    given = set(msgspec.json.decode(call.arguments))
    return set(schema.get("required") or ()) <= given <= set(schema.get("properties") or ())
