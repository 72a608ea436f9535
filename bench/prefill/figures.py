"""Which request belongs to what, how much of it was read, and where a prefix broke."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from bench.prefill.stage import MODELS
from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.model import meter, render
from cc_proxy.app.practice.model.models import Catalogue
from cc_proxy.app.practice.requests.decoding import ApiChatRequest, read_chat

Kind = Literal["main", "subagent", "side"]
_SHOWN = 160
_models = Catalogue(MODELS)


@dataclass(frozen=True)
class Figures:
    """What a session made the model read, in tokens of the meter (four bytes)."""

    requests: int
    first_prompt: int
    first_read: int
    last_prompt: int
    read: int

    @property
    def ratio(self) -> float:
        """Tokens read for each token of the last prompt: 1.0 when each was read once."""
        return self.read / self.last_prompt if self.last_prompt else 0.0

    @property
    def first_share(self) -> float:
        """The part of the first prompt that had to be read."""
        return self.first_read / self.first_prompt if self.first_prompt else 0.0


@dataclass(frozen=True)
class Break:
    """A prompt that goes on otherwise than what the model had read and said.

    `place` and `known` are bytes: where it differs, and how far it could have been known.
    """

    number: int
    place: int
    known: int
    before: str
    now: str


def figures(records: Sequence[Record]) -> Figures:
    """Return the figures of the records of one conversation; all zero when there are none."""
    answered = [record for record in records if not _only_reads(record)]
    if not answered:
        return Figures(0, 0, 0, 0, 0)
    return Figures(
        requests=len(answered),
        first_prompt=answered[0].prompt_tokens,
        first_read=sum(record.read_tokens for record in records[: records.index(answered[0]) + 1]),
        last_prompt=answered[-1].prompt_tokens,
        read=sum(record.read_tokens for record in records),
    )


def of_kind(records: Sequence[Record], kind: Kind) -> list[Record]:
    """Return the requests of the conversation itself, of its subagents, or those beside it."""
    return [record for record in records if _kind(record) == kind]


def breaks(records: Sequence[Record]) -> list[Break]:
    """Return where the requests of one conversation broke the prefix, in their order."""
    found = []
    answered = [record for record in records if not _only_reads(record)]
    for number, (one, other) in enumerate(pairwise(answered), 2):
        request = read_chat(other.body)
        known = len(_rendered(_up_to_answer(request)))
        past, prompt = _rendered(read_chat(one.body)), _rendered(request)
        place = other.reused_tokens * meter.TOKEN_BYTES
        place = max(place, meter.common_prefix(past, prompt))
        if known - place >= meter.TOKEN_BYTES:
            found.append(Break(number, place, known, _around(past, place), _around(prompt, place)))
    return found


def _only_reads(record: Record) -> bool:
    """Tell whether a request wants a prompt read and no answer: somebody reads ahead."""
    return (record.body.get("options") or {}).get("num_predict") == 1


def _kind(record: Record) -> Kind:
    if record.path == "/api/generate":
        # A stranger that makes room for the conversation.
        return "main"
    request = read_chat(record.body)
    if not request.tools:
        return "side"
    return "subagent" if "Read main.py and tell what it does." in _opening(request) else "main"


def _opening(request: ApiChatRequest) -> str:
    """Return the first user turn, without the scripts of the main conversation's later turns."""
    for message in request.messages:
        if message.role == "user":
            first = message.content
            # A script of the main conversation holds the subagent's prompt in JSON.
            return first.partition("[practice:")[0]
    return ""


def _up_to_answer(request: ApiChatRequest) -> ApiChatRequest:
    """Return the request without what came after the model's latest answer."""
    messages = list(request.messages)
    while messages and messages[-1].role != "assistant":
        messages.pop()
    return replace(request, messages=tuple(messages))


def _rendered(request: ApiChatRequest) -> bytes:
    return render.prompt(request, request.messages, _models.find(request.model))


def _around(prompt: bytes, place: int) -> str:
    start = max(0, place - _SHOWN)
    before, after = prompt[start:place], prompt[place : place + _SHOWN]
    return f"{before.decode(errors='replace')} >>> {after.decode(errors='replace')}"
