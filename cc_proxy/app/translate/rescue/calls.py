"""What a recogniser finds, and the tools that were declared."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cc_proxy.app.translate.rescue.literal import Unreadable, read_json

_PREFIX = re.compile(r"(?:functions?|tools?|default_api)[./]", re.IGNORECASE)
_COUNTER = re.compile(r":\d+$")
_WORDED = ("string",)


@dataclass(frozen=True, slots=True)
class RescuedCall:
    """A call that came as text: a declared tool, a JSON object, and the format it came in."""

    name: str
    arguments: bytes
    form: str


@dataclass(frozen=True, slots=True)
class Found:
    """Calls that end at `end`. None of them: it has the form of a call, and stays text.

    `weak`: nothing but its shape marks it as a call. `open`: the answer ended before the call did.
    """

    calls: tuple[RescuedCall, ...]
    end: int
    weak: bool = False
    open: bool = False


class Declared:
    """The tools of a request: names as models misspell them, and what their schemas say."""

    def __init__(self, tools: Mapping[str, Mapping[str, Any]]) -> None:
        self._tools = tools
        folded: dict[str, str | None] = {}
        for name in tools:
            key = name.casefold()
            folded[key] = None if key in folded else name
        self._folded = folded
        self.names = tuple(tools)

    def resolve(self, written: str) -> str | None:
        """Return the declared name that was meant: exact, else the only one but for case."""
        name = written.strip(" \t\r\n\"'`")
        if name in self._tools:
            return name
        while bare := _PREFIX.match(name):
            name = name[bare.end() :]
        name = _COUNTER.sub("", name)
        if name in self._tools:
            return name
        return self._folded.get(name.casefold())

    def call(self, name: str | None, arguments: object, form: str) -> RescuedCall | None:
        """Return a call, or None when the tool is not declared or the arguments no JSON object."""
        if name is None or not isinstance(arguments, dict):
            return None
        try:
            return RescuedCall(name, msgspec.json.encode(arguments), form)
        except (TypeError, ValueError, RecursionError):
            # A lone surrogate, a key that is no string: not JSON, so not a call.
            return None

    def fits(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether these may be this tool's: one that it knows, or none where none is needed."""
        known = {key.casefold() for key in self.properties(name)}
        if not known:
            return True
        given = {key.casefold() for key in arguments}
        return bool(given & known) if given else self.complete(name, arguments)

    def fitting(self, call: RescuedCall) -> bool:
        """Whether a call's arguments are its tool's."""
        return self.fits(call.name, msgspec.json.decode(call.arguments))

    def complete(self, name: str | None, arguments: Mapping[str, Any]) -> bool:
        """Whether every required argument is there."""
        required = self._tools.get(name or "", {}).get("required")
        return not isinstance(required, list) or all(key in arguments for key in required)

    def requires(self, name: str | None, key: str) -> bool:
        """Whether no call of the tool is whole without this argument."""
        required = self._tools.get(name or "", {}).get("required")
        return isinstance(required, list) and key in required

    def properties(self, name: str) -> Mapping[str, Any]:
        """Return the schema of each argument."""
        properties = self._tools.get(name, {}).get("properties")
        return properties if isinstance(properties, Mapping) else {}

    def value(self, name: str | None, key: str, text: str) -> Any:  # noqa: ANN401 - JSON
        """Return an argument that was written as bare text, by its type in the schema."""
        kinds = _types(self.properties(name or "").get(key))
        if not kinds or "string" in kinds:
            return text
        try:
            value = read_json(text.strip())
        except Unreadable:
            return text
        return value


def _types(schema: object) -> set[str]:
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
            found |= _types(option) or set(_WORDED)
    return found
