"""The two ways an answer goes out: line by line, or whole."""

import math
import secrets
import string
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from aiohttp import web

from cc_proxy.app.practice.model.generation import TokenDelta
from cc_proxy.app.practice.model.models import Style
from cc_proxy.app.practice.requests.decoding import ApiCall
from cc_proxy.app.practice.wire import (
    JSON_STREAMED,
    JSON_WHOLE,
    NDJSON,
    error_body,
    go_json,
    timestamp,
)

Endpoint = Literal["chat", "generate"]
_GO_ID = string.ascii_lowercase + string.digits
_JINJA_ID = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Statistics:
    """The numbers of the last chunk: tokens, and nanoseconds.

    `prompt_eval_cached_count` is None where the version does not report it.
    """

    total_duration: int
    load_duration: int
    prompt_eval_count: int
    prompt_eval_cached_count: int | None
    prompt_eval_duration: int
    eval_count: int
    eval_duration: int

    def fields(self) -> dict[str, int]:
        """Return them in the order that Ollama writes them."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Form:
    """The form of the lines of one answer."""

    model: str
    style: Style
    endpoint: Endpoint = "chat"

    def line(self, message: dict[str, Any], *, done: bool, **last: Any) -> bytes:  # noqa: ANN401
        """Return one JSON line (without its newline)."""
        fields: dict[str, Any] = {"model": self.model, "created_at": timestamp()}
        if self.endpoint == "chat":
            fields["message"] = {"role": "assistant", **message}
        else:
            fields["response"] = message["content"]
            if "thinking" in message:
                fields["thinking"] = message["thinking"]
        return go_json({**fields, "done": done, **last}).encode()


class Answer(Protocol):
    """The receiver of a turn's lines; `response` is the one that aiohttp sends."""

    started: bool
    response: web.StreamResponse

    async def add(self, delta: TokenDelta) -> None:
        """Send, or keep, what a token adds."""

    async def add_raw(self, line: str) -> None:
        """Send, or keep, a line as it is."""

    async def finish(self, reason: str, statistics: Statistics) -> None:
        """Send the end."""

    async def fail(self, status: int, body: bytes, content_type: str | None = None) -> None:
        """Send an error: with its status if nothing was sent, else as a last line."""


class StreamedAnswer:
    """Sends each line at once; the headers go with the first one."""

    def __init__(self, request: web.Request, form: Form) -> None:
        self.started = False
        self.response = web.StreamResponse(headers={"Content-Type": NDJSON})
        self._request = request
        self._form = form
        self._calls = _Calls(form.style)
        # A Jinja model's calls come with the last line (recording 83c).
        self._last: dict[str, Any] = {"content": ""}

    async def add(self, delta: TokenDelta) -> None:
        """Send what a token adds."""
        message = {"content": delta.content, **_thinking(delta), **delta.verbatim}
        if calls := self._calls.numbered(delta.calls):
            if self._form.style == "jinja":
                self._last.setdefault("tool_calls", []).extend(calls)
                return
            message["tool_calls"] = calls
        await self._send(self._form.line(message, done=False))

    async def add_raw(self, line: str) -> None:
        """Send a line as it is."""
        await self._send(line.encode())

    async def finish(self, reason: str, statistics: Statistics) -> None:
        """Send the last line and end the stream."""
        line = self._form.line(self._last, done=True, done_reason=reason, **statistics.fields())
        await self._send(line)
        await self.response.write_eof()

    async def fail(self, status: int, body: bytes, content_type: str | None = None) -> None:
        """Send an error as the whole answer, or as the last line after a 200."""
        if self.started:
            await self._send(body)
        else:
            # Sent in chunks and without a charset, unlike other errors (recordings 31c, 83f).
            headers = {"Content-Type": content_type or JSON_STREAMED}
            self.response = web.StreamResponse(status=status, headers=headers)
            await self._send(body, end=b"")
        await self.response.write_eof()

    async def _send(self, line: bytes, end: bytes = b"\n") -> None:
        if not self.started:
            self.started = True
            self.response.enable_chunked_encoding()
            await self.response.prepare(self._request)
        await self.response.write(line + end)


class WholeAnswer:
    """Keeps everything until the end."""

    def __init__(self, _request: web.Request, form: Form) -> None:
        self.started = False
        self.response: web.StreamResponse = web.Response()
        self._form = form
        self._calls = _Calls(form.style)
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._tool_calls: list[Any] = []
        self._raw: list[str] = []

    async def add(self, delta: TokenDelta) -> None:
        """Keep what a token adds."""
        self._content.append(delta.verbatim.get("content") or delta.content)
        self._thinking.append(delta.verbatim.get("thinking") or delta.thinking)
        self._tool_calls += delta.verbatim.get("tool_calls") or self._calls.numbered(delta.calls)

    async def add_raw(self, line: str) -> None:
        """Keep a line; the answer is then nothing but such lines."""
        self._raw.append(line)

    async def finish(self, reason: str, statistics: Statistics) -> None:
        """Make the answer."""
        message: dict[str, Any] = {"content": "".join(self._content)}
        if thinking := "".join(self._thinking):
            message["thinking"] = thinking
        if self._tool_calls:
            message["tool_calls"] = self._tool_calls
        extra: dict[str, Any] = {"done_reason": reason}
        if self._form.endpoint == "generate":
            # The context that an old client sends back; recording 89 has it before the numbers.
            extra["context"] = []
        body = self._form.line(message, done=True, **extra, **statistics.fields())
        self.response = whole(200, "\n".join(self._raw).encode() if self._raw else body)

    async def fail(self, status: int, body: bytes, content_type: str | None = None) -> None:
        """Make the answer an error."""
        self.response = whole(status, body, content_type or JSON_WHOLE)


class _Calls:
    """Numbers the calls of a turn and gives them ids in the form of the model's style."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._made = 0

    def numbered(self, calls: tuple[ApiCall, ...]) -> list[dict[str, Any]]:
        entries = []
        for call in calls:
            function = {"index": self._made, "name": call.name, "arguments": call.arguments}
            entries.append({"id": self._id(), "function": function})
            self._made += 1
        return entries

    def _id(self) -> str:
        if self._style == "jinja":
            return "".join(secrets.choice(_JINJA_ID) for _ in range(32))
        return "call_" + "".join(secrets.choice(_GO_ID) for _ in range(8))


def whole(status: int, body: bytes, content_type: str = JSON_WHOLE) -> web.Response:
    """Return an answer that is sent in one piece."""
    return web.Response(status=status, body=body, headers={"Content-Type": content_type})


def refusal(status: int, text: str) -> web.Response:
    """Return an error in Ollama's form."""
    return whole(status, error_body(text))


def nanoseconds(seconds: float) -> int:
    """Return whole nanoseconds, at least one."""
    return max(1, math.ceil(seconds * 1e9))


def _thinking(delta: TokenDelta) -> dict[str, str]:
    return {"thinking": delta.thinking} if delta.thinking else {}
