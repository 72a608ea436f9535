"""The parts that a scripted turn is made of, and how they are written in JSON.

A turn is an object with some of these, played in the order in which they are written, or a list
of such objects:

    {"text": "…"}  {"thinking": "…"}  {"calls": [{"name": "Bash", "arguments": {…}}]}
    {"sleep": 1.5}                       nothing happens for so many seconds
    {"pieces": ["…", {"content": "…"}]}  chunks as they are: a text, or a message's fields
    {"raw": "…"}                         a line as it is
    {"done_reason": "length"}            what the last chunk says
    {"die": true}                        the runner dies      {"stall": true}  hangs for ever
    {"cut": true}                        the connection breaks
    {"error": {"status": 503, "text": "…"}}, or with "body" in place of "text" as it is
    {"…": …, "times": 1}                 makes its trouble once, and never again
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cc_proxy.app.practice.requests.decoding import ApiCall
from cc_proxy.app.practice.wire import WireError

WRITTEN_AS = (
    "text, thinking, calls, sleep, die, stall, cut, raw, error, pieces, done_reason and times"
)


@dataclass(frozen=True)
class Say:
    """Text or thinking, token by token."""

    kind: Literal["text", "thinking"]
    text: str


@dataclass(frozen=True)
class CallTools:
    """One or more tool calls."""

    calls: tuple[ApiCall, ...]


@dataclass(frozen=True)
class Sleep:
    """Silence, in seconds."""

    seconds: float


@dataclass(frozen=True)
class Fault:
    """The runner dies, the model hangs for ever, or the connection is cut."""

    kind: Literal["die", "stall", "cut"]


@dataclass(frozen=True)
class RawLine:
    """A line that is sent as it is."""

    line: str


@dataclass(frozen=True)
class Refuse:
    """An error answer: Ollama's JSON with `text`, or `body` as it is."""

    status: int
    text: str
    body: str | None = None


@dataclass(frozen=True)
class ScriptedPieces:
    """Chunks as they are written: each a text, or an object with the fields of a message."""

    pieces: tuple[str | dict[str, Any], ...]


@dataclass(frozen=True)
class DoneReason:
    """The reason that the last chunk gives."""

    reason: str


Part = Say | CallTools | Sleep | Fault | RawLine | Refuse | ScriptedPieces | DoneReason


@dataclass(frozen=True)
class ScriptedParts:
    """The parts of one JSON object; `times` is how often its trouble happens, None for always."""

    parts: tuple[Part, ...]
    times: int | None = None

    def repaired(self) -> tuple[Part, ...]:
        """Return the parts without their trouble."""
        return tuple(part for part in self.parts if not isinstance(part, Fault | Refuse | Sleep))


def read_steps(script: object) -> list[list[ScriptedParts]]:
    """Return the turns of a script: a list in which each turn is an object or a list of them.

    Raises:
        WireError: 400 for a script that cannot be played, with what was expected.

    """
    if not isinstance(script, list):
        raise _bad(f"expected a list of turns, found {script!r}")
    return [
        [_written(item) for item in (turn if isinstance(turn, list) else [turn])] for turn in script
    ]


def _written(item: object) -> ScriptedParts:
    if not isinstance(item, dict):
        raise _bad(f"expected a turn as an object, found {item!r}")
    times = item.get("times")
    if times is not None and not isinstance(times, int):
        raise _bad(f"expected a number in `times`, found {times!r}")
    parts = [_part(name, value) for name, value in item.items() if name != "times"]
    return ScriptedParts(tuple(parts), times)


def _part(name: str, value: Any) -> Part:  # noqa: ANN401, PLR0911 - JSON; one row for each name
    match name, value:
        case ("text" | "thinking") as kind, str():
            return Say(kind, value)
        case "calls", list():
            return CallTools(tuple(_call(call) for call in value))
        case "sleep", int() | float():
            return Sleep(float(value))
        case ("die" | "stall" | "cut") as kind, True:
            return Fault(kind)
        case "raw", str():
            return RawLine(value)
        case "error", {"status": int(status)}:
            return Refuse(status, str(value.get("text", "")), value.get("body"))
        case "pieces", list():
            return ScriptedPieces(tuple(_piece(piece) for piece in value))
        case "done_reason", str():
            return DoneReason(value)
    raise _bad(f"a turn has {name}: {value!r}; it may have {WRITTEN_AS}")


def _call(value: object) -> ApiCall:
    match value:
        case {"name": str(name), **rest}:
            arguments = rest.get("arguments", {})
            if isinstance(arguments, Mapping):
                return ApiCall(name, dict(arguments))
    raise _bad(f"expected a call as {{name, arguments}}, found {value!r}")


def _piece(value: object) -> str | dict[str, Any]:
    if isinstance(value, str | dict):
        return value
    raise _bad(f"expected a piece as a text or an object, found {value!r}")


def _bad(problem: str) -> WireError:
    return WireError(400, f"practice script: {problem}")
