"""The result of a reader, and the tools that were declared."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from cc_proxy.app.translate.rescue.formats.literal import Unreadable, reading_json
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps
from cc_proxy.app.translate.rescue.repair.names import MAX_NAME_CHARS, ToolNames, bare_name

_NAME = re.compile(r"[A-Za-z][\w.:-]{1,127}")
_KEYS_COMPARED = 1_000
# Command-R's way to say that it calls nothing.
_NO_CALLS = frozenset({"directly-answer", "directly_answer"})


@dataclass(frozen=True, slots=True)
class RescuedCall:
    """A call that came as text: its tool, a JSON object, and the format it came in.

    `unknown`: no such tool was declared; the client is to say so.
    """

    name: str
    arguments: bytes
    form: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The calls that were read up to `end`; without calls, text that only has their form.

    `weak`: nothing but its shape marks it as a call. `open`: the answer ended before the call did.
    """

    calls: tuple[RescuedCall, ...]
    end: int
    weak: bool = False
    open: bool = False


class DeclaredTools:
    """The tools of a request: names as models misspell them, and what their schemas say."""

    def __init__(self, tools: Mapping[str, Mapping[str, Any]]) -> None:
        self._tools = tools
        self._resolver = ToolNames(tools)
        self.names = tuple(tools)

    def resolve(self, written: str, *, elsewhere: bool = False) -> str | None:
        """Return the declared name that was meant, None when there is none or more than one."""
        return self._resolver.resolve(written, elsewhere=elsewhere)

    def call(
        self, written: str | None, arguments: object, form: str, *, marked: bool = False
    ) -> RescuedCall | None:
        """Return a call, None when the arguments are no JSON object or the tool is not declared.

        `marked`: the marks of a family say that it is a call, so one of an undeclared tool is a
        call too.
        """
        if not written or not isinstance(arguments, dict):
            return None
        name = self.resolve(written, elsewhere=marked)
        bare = bare_name(written[:MAX_NAME_CHARS])
        if name is None and not (marked and _NAME.fullmatch(bare) and bare not in _NO_CALLS):
            return None
        try:
            encoded = msgspec.json.encode(arguments)
        except (TypeError, ValueError, RecursionError):
            # A lone surrogate, a key that is no string: not JSON, so not a call.
            return None
        return RescuedCall(name or bare, encoded, form, unknown=name is None)

    def fits(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether these may be this tool's: a known one, or none if none is needed."""
        known = {key.casefold() for key in self.properties(name)}
        if not known:
            return True
        given = {key.casefold() for key in islice(arguments, _KEYS_COMPARED)}
        return bool(given & known) if given else self.complete(name, arguments)

    def fitting(self, call: RescuedCall) -> bool:
        """Return whether a call's arguments are its tool's."""
        return self.fits(call.name, msgspec.json.decode(call.arguments))

    def complete(self, name: str | None, arguments: Mapping[str, Any]) -> bool:
        """Return whether every required argument is there."""
        required = self._tools.get(name or "", {}).get("required")
        return not isinstance(required, list) or all(key in arguments for key in required)

    def requires(self, name: str | None, key: str) -> bool:
        """Return whether no call of the tool is whole without this argument."""
        required = self._tools.get(name or "", {}).get("required")
        return isinstance(required, list) and key in required

    def properties(self, name: str | None) -> Mapping[str, Any]:
        """Return the schema of each argument."""
        properties = self._tools.get(name or "", {}).get("properties")
        return properties if isinstance(properties, Mapping) else {}

    def value(self, name: str | None, key: str, text: str, work: SourceText) -> Steps[Any]:
        """Return an argument that was written as bare text, by its type in the schema.

        `work` counts the work, and pauses.
        """
        kinds = types_of(self.properties(name).get(key))
        if not kinds or "string" in kinds:
            return text
        try:
            return (yield from reading_json(text.strip(), work))
        except Unreadable:
            return text


def types_of(schema: object) -> set[str]:
    """Return the JSON types that a schema allows; none when it does not say."""
    if not isinstance(schema, Mapping):
        return set()
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {name for name in kind if isinstance(name, str)}
    found: set[str] = set()
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        for option in options if isinstance(options, list) else ():
            found |= types_of(option) or {"string"}
    return found
