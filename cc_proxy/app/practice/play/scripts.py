"""The next turn of a script, derived from the conversation, so no state is needed.

A script is in the user's prompt, between markers: `[practice: [{"text": "hi"}, …]]`. Each
element is one turn of the assistant. `[practice: demo]` plays the built-in session.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cc_proxy.app.practice.play import session
from cc_proxy.app.practice.play.steps import Part, ScriptedParts, read_steps
from cc_proxy.app.practice.requests.decoding import ApiChatRequest, ApiMessage
from cc_proxy.app.practice.wire import WireError

_MARKER = re.compile(r"\[practice:\s*")
_DEMO = re.compile(r"demo\s*\]")
_decoder = json.JSONDecoder()


@dataclass(frozen=True)
class Script:
    """A script that a conversation carries, and how many of its turns have been taken."""

    source: object
    turns: Sequence[Sequence[ScriptedParts]]
    taken: int

    @property
    def is_over(self) -> bool:
        """Tell whether every turn has been taken."""
        return self.taken >= len(self.turns)

    @property
    def rest(self) -> list[object]:
        """The rest of the script, as it was written."""
        return self.source[self.taken :] if isinstance(self.source, list) else []


class Player:
    """Plays turns; remembers only how often a part with `times` has made its trouble.

    `script` is for conversations that carry none: one for all of them, or one for each prompt
    that begins with a text, by these texts. Reminders may precede a whole text.
    """

    def __init__(self, script: list[Any] | Mapping[str, list[Any]] | None = None) -> None:
        self._script = script
        self._played: Counter[str] = Counter()

    def find(self, request: ApiChatRequest) -> Script | None:
        """Return the script that a request is a turn of.

        Raises:
            WireError: 400 if the text between the markers is no script.

        """
        carried = _carried(request)
        if carried is not None or self._script is None:
            return carried
        if isinstance(self._script, Mapping):
            return _by_prompt(request, self._script)
        return Script(self._script, read_steps(self._script), _taken(_finished(request.messages)))

    def play(self, script: Script) -> tuple[Part, ...]:
        """Return the parts of the turn that comes next."""
        parts: list[Part] = []
        for place, written in enumerate(script.turns[script.taken]):
            if written.times is None:
                parts += written.parts
                continue
            key = json.dumps([script.source, script.taken, place])
            self._played[key] += 1
            spent = self._played[key] > written.times
            parts += written.repaired() if spent else written.parts
        return tuple(parts)


def _carried(request: ApiChatRequest) -> Script | None:
    """Return the script of the latest user message that has one."""
    messages = _finished(request.messages)
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if message.role != "user" or "[practice:" not in message.content:
            continue
        source = _last_marked(message.content)
        if source is not None:
            turns = read_steps(session.turns(request) if source == "demo" else source)
            return Script(source, turns, _taken(messages[place:]))
    return None


def _by_prompt(request: ApiChatRequest, scripts: Mapping[str, list[Any]]) -> Script | None:
    """Return the script for the latest user message that begins like one of the texts.

    A message that has reminders in front ends with the whole text.
    """
    messages = _finished(request.messages)
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if message.role != "user":
            continue
        for text, source in scripts.items():
            if message.content.startswith(text) or message.content.endswith(f"\n\n{text}"):
                return Script(source, read_steps(source), _taken(messages[place:]))
    return None


def _taken(messages: Sequence[ApiMessage]) -> int:
    return sum(1 for message in messages if message.role == "assistant")


def _finished(messages: Sequence[ApiMessage]) -> Sequence[ApiMessage]:
    """Leave out a trailing assistant message: it is the start of the turn that is asked for."""
    return messages[:-1] if messages and messages[-1].role == "assistant" else messages


def _last_marked(text: str) -> object:
    """Return the text between the last markers that are not inside another script."""
    found: object = None
    place = 0
    while marker := _MARKER.search(text, place):
        if demo := _DEMO.match(text, marker.end()):
            found, place = "demo", demo.end()
            continue
        if text[marker.end() : marker.end() + 1] not in ("[", "{"):
            # Somebody writes about the marker, as this server's own texts do.
            place = marker.end()
            continue
        try:
            found, place = _decoder.raw_decode(text, marker.end())
        except json.JSONDecodeError as error:
            raise WireError(
                400, f"practice script: expected JSON after `[practice:`, found {error}"
            ) from error
    return found
