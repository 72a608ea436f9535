"""One turn of the model, token by token."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cc_proxy.app.practice.model import render
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.model.speed import Pace
from cc_proxy.app.practice.play.steps import (
    CallTools,
    DoneReason,
    Fault,
    Part,
    RawLine,
    Refuse,
    Say,
    ScriptedPieces,
    Sleep,
)
from cc_proxy.app.practice.requests.decoding import ApiCall, ApiChatRequest
from cc_proxy.app.practice.wire import WireError

_TOKEN = re.compile(r"\s*\S{1,6}|\s+")


class RunnerDiedError(Exception):
    """The script says that the model's process dies now."""


class ConnectionCutError(Exception):
    """The script says that the connection breaks now."""


class ErrorAnswer(Exception):  # noqa: N818 - an answer, not a fault of this server
    """The script says that the request is refused."""

    def __init__(self, refuse: Refuse) -> None:
        super().__init__(refuse.text)
        self.refuse = refuse


@dataclass(frozen=True)
class TokenDelta:
    """The part of the message that a token adds, or (`verbatim`) a chunk's whole message."""

    content: str = ""
    thinking: str = ""
    calls: tuple[ApiCall, ...] = ()
    verbatim: dict[str, Any] = field(default_factory=dict)


class Turn:
    """Plays the parts of one turn under the limits of a request.

    `limit` is the most tokens it may write, None for no limit. While it plays, `spoken` is the
    raw text so far, `tokens` its length, and at the end `reason` is why it ended.
    """

    def __init__(
        self,
        request: ApiChatRequest,
        model: PracticeModel,
        *,
        stop: Sequence[str],
        limit: int | None,
        tokens_per_second: float,
    ) -> None:
        self.tokens = 0
        self.reason = "stop"
        self._request = request
        self._model = model
        self._stop = [*model.stops, *stop]
        self._limit = limit
        self._pace = Pace(tokens_per_second)
        self._spoken: list[str] = []
        self._ended = False
        self._scripted_reason: str | None = None

    @property
    def spoken(self) -> bytes:
        """The raw text so far, as the next prompt will hold it."""
        return "".join(self._spoken).encode("utf-8", "replace")

    async def play(self, parts: Sequence[Part]) -> AsyncGenerator[TokenDelta | RawLine, None]:
        """Yield what goes to the client.

        Raises:
            RunnerDiedError, ConnectionCutError, ErrorAnswer: as the script says.
            WireError: 500 when a Jinja model's tool call is cut off (recording 83f).

        """
        for part in parts:
            async for event in self._perform(part):
                yield event
            if self._ended:
                break
        # The end is a token of its own, unless there is no room for it.
        if not self._ended:
            await self._token("")
        self.reason = self._scripted_reason or self.reason

    async def _perform(self, part: Part) -> AsyncIterator[TokenDelta | RawLine]:
        match part:
            case Say():
                deltas = self._say(part)
            case CallTools():
                deltas = self._call(part.calls)
            case ScriptedPieces():
                deltas = self._pieces(part)
            case RawLine():
                yield part
                return
            case Sleep() | Fault() | Refuse() | DoneReason():
                await self._act(part)
                return
        async for delta in deltas:
            yield delta

    async def _act(self, part: Sleep | Fault | Refuse | DoneReason) -> None:
        match part:
            case Sleep():
                await asyncio.sleep(part.seconds)
            case DoneReason():
                self._scripted_reason = part.reason
            case Refuse():
                raise ErrorAnswer(part)
            case Fault("die"):
                raise RunnerDiedError
            case Fault("cut"):
                raise ConnectionCutError
            case Fault():
                await asyncio.Event().wait()

    async def _say(self, part: Say) -> AsyncIterator[TokenDelta]:
        if part.kind == "thinking":
            # A model that can think does, unless it is told not to (recordings 17b, 17f).
            if not self._model.thinking or self._request.think is False:
                return
            self._spoken.append("<think>")
        text, stopped = self._up_to_stop(part.text)
        for token in _tokens(text):
            if not await self._token(token):
                return
            yield (
                TokenDelta(thinking=token) if part.kind == "thinking" else TokenDelta(content=token)
            )
        if part.kind == "thinking":
            self._spoken.append("</think>\n")
        self._ended = stopped

    async def _call(self, calls: Sequence[ApiCall]) -> AsyncIterator[TokenDelta]:
        declared = self._request.tool_names
        for call, raw in zip(calls, render.spoken(calls, self._model.style), strict=True):
            for token in _tokens(raw):
                if not await self._token(token):
                    self._cut_off(call)
                    return
                if not declared:
                    # Without tools in the request nothing looks for a call in the text.
                    yield TokenDelta(content=token)
            if call.name in declared:
                yield TokenDelta(calls=(call,))
            elif declared and self._model.style == "jinja":
                # Its grammar lets the model name declared tools only (recording 83e).
                yield TokenDelta(calls=(ApiCall(declared[0], call.arguments),))
            # With a Go template the call of an undeclared tool vanishes (recording 81).

    def _cut_off(self, call: ApiCall) -> None:
        # With a Go template it vanishes (recording 20c).
        if self._request.tools and self._model.style == "jinja":
            raise WireError(
                500,
                f'llama-server returned invalid tool call arguments for "{call.name}":'
                " unexpected end of JSON input",
                late=True,
            )

    async def _pieces(self, part: ScriptedPieces) -> AsyncIterator[TokenDelta]:
        for piece in part.pieces:
            raw = piece if isinstance(piece, str) else str(piece.get("content", ""))
            if not await self._token(raw):
                return
            yield (
                TokenDelta(content=piece) if isinstance(piece, str) else TokenDelta(verbatim=piece)
            )

    async def _token(self, raw: str) -> bool:
        if self._limit is not None and self.tokens >= self._limit:
            self._ended = True
            self.reason = "length"
            return False
        await self._pace.token()
        self.tokens += 1
        self._spoken.append(raw)
        return True

    def _up_to_stop(self, text: str) -> tuple[str, bool]:
        places = [text.find(stop) for stop in self._stop if stop and stop in text]
        return (text[: min(places)], True) if places else (text, False)


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        yield found[0]
