"""An answer of `/v1/chat/completions`, read into the chunks that everything else works with."""

import logging
from collections.abc import Callable
from functools import partial

import msgspec

from cc_proxy.app.chat.counts import MAX_NANOSECONDS, bounded
from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamError, WrongServerError
from cc_proxy.app.chat.messages import ChatChunk, ChunkMessage, ToolCall
from cc_proxy.app.upstreams.http.web_pages import is_web_page, plain_words
from cc_proxy.app.upstreams.openai import errors
from cc_proxy.app.upstreams.openai.calls import CallCollector
from cc_proxy.app.upstreams.openai.completion import (
    Choice,
    Completion,
    CompletionUsage,
    Delta,
    Timings,
    decode,
)
from cc_proxy.app.upstreams.openai.events import (
    ErrorData,
    EventSplitter,
    EventTooLongError,
    single_event,
)

log = logging.getLogger(__name__)

ReadBatch = tuple[list[ChatChunk], UpstreamError | None]

_END = b"[DONE]"
_NOT_CHAT = "sent an event that is not a chat completion"
CHECK_LOG = "Look at its own log: the engine, or a replica behind a router, may have died."
# `abort` is SGLang's for a request that was thrown out, `error` that of routers to many services.
_BROKEN = frozenset({"abort", "error"})
_LENGTH = "length"
_REASONS = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})
# An answer in one piece, or a web page in place of one; a line of events begins with neither.
_DOCUMENTS = (b"{", b"<")
_MAX_BEGINNING = 512
_QUOTED = 120
_NANOSECONDS = 1_000_000  # in a millisecond


class AnswerReader:
    """Reads the events of one answer as they come, cut anywhere.

    The answer ends with a finish_reason, and then usage, [DONE] or the end of the stream: usage
    comes behind the finish_reason, and only if it was asked for. Some servers write a reason beside
    each part, or one of their own: words behind it belong to the answer all the same. Without a
    finish_reason it has broken off; a dead replica behind a router looks so (Ray Serve 2.60).

    `server` is its name for people. `trusts_zero`: no cached tokens is what it has found, not a
    field that it leaves at 0. `ended` is called with the chunk that ends a whole answer.
    """

    def __init__(
        self,
        server: str,
        *,
        trusts_zero: bool = False,
        ended: Callable[[ChatChunk], None] | None = None,
    ) -> None:
        self._server = server
        self._tell = ended
        self._events = EventSplitter()
        self._calls = CallCollector()
        self._usage: CompletionUsage | None = None
        self._timings: Timings | None = None
        self._finish_reason = ""
        self._trusts_zero = trusts_zero
        self._deltas = 0
        self._has_ended = False
        self._has_begun = False
        self._has_events = False
        self._beginning = b""
        # An answer in one piece: some servers send it to who asked for a stream.
        self._document: list[bytes] = []

    @property
    def is_whole(self) -> bool:
        """True if the model has finished: what may still come is counts."""
        return bool(self._finish_reason)

    def feed(self, piece: bytes) -> ReadBatch:
        """Return the chunks that `piece` completes, and what is wrong behind them."""
        if self._is_document(piece):
            self._document.append(piece)
            return [], None
        try:
            return self._read(self._events.feed(piece))
        except EventTooLongError:
            return [], UpstreamBrokeError(f"{self._server} sent an event without an end.")

    def finish(self) -> ReadBatch:
        """Return the chunks that the end of the stream completes, and what is wrong with it."""
        if self._document:
            text = b" ".join(b"".join(self._document).splitlines())
            chunks, trouble = self._read(self._events.feed(b"data: %b\n\n" % text))
        else:
            chunks, trouble = self._read(self._events.finish())
        if trouble is not None or self._has_ended:
            return chunks, trouble
        if self._finish_reason:
            return self._tried(self._end, chunks)
        if not self._has_events and self._beginning[:1] not in (b"", b":"):
            return chunks, self._not_chat(self._beginning)
        return chunks, self._ended_early()

    def plain_words(self, piece: bytes) -> list[ChatChunk] | None:
        """Return the chunk of a piece that is one event with words only, None for any other.

        The same piece may be given to `feed` after that: it only counts once more, as a token of an
        answer without counts.
        """
        if not self._events.is_between or self._calls.is_open or self._finish_reason:
            return None
        data = single_event(piece)
        try:
            delta = decode(data).words if data is not None and data != _END else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if delta is None:
            return None
        self._deltas += 1
        return [ChatChunk(ChunkMessage(delta.content or "", delta.thinking))]

    def _is_document(self, piece: bytes) -> bool:
        """Tell whether a piece belongs to an answer in one piece; a line of events has no brace."""
        if not self._has_begun and (start := piece.lstrip()):
            self._has_begun = True
            self._beginning = start[:_MAX_BEGINNING]
            return start.startswith(_DOCUMENTS)
        if not self._has_events and len(self._beginning) < _MAX_BEGINNING:
            self._beginning += piece
        return bool(self._document)

    def _read(self, events: list[bytes]) -> ReadBatch:
        chunks: list[ChatChunk] = []
        for data in events:
            if self._has_ended:
                break
            _, trouble = self._tried(partial(self._take, data), chunks)
            if trouble is not None:
                return chunks, trouble
        return chunks, None

    def _tried(self, step: Callable[[list[ChatChunk]], None], chunks: list[ChatChunk]) -> ReadBatch:
        try:
            step(chunks)
        except UpstreamError as error:
            self._has_ended = True
            return chunks, error
        except msgspec.DecodeError as error:
            self._has_ended = True
            return chunks, UpstreamBrokeError(f"{self._server} {_NOT_CHAT}: {error}")
        return chunks, None

    def _take(self, data: bytes, chunks: list[ChatChunk]) -> None:
        if not data:
            return
        self._has_events = True
        if data == _END:
            if not self._finish_reason:
                raise self._ended_early()
            self._end(chunks)
            return
        if isinstance(data, ErrorData):
            raise errors.in_stream(self._server, data)
        event = self._decoded(data)
        if event.is_error:
            raise errors.in_stream(self._server, data)
        self._usage = event.usage or self._usage
        self._timings = event.timings or self._timings
        if event.choices:
            self._take_choice(event.choices[0], chunks)
        elif event.usage is not None and self._finish_reason:
            # The counts come last, with no choices. Those beside a choice are not yet the last.
            self._end(chunks)

    def _take_choice(self, choice: Choice, chunks: list[ChatChunk]) -> None:
        delta = choice.delta or choice.message
        if choice.index:
            return
        if delta is not None:
            self._take_delta(delta, chunks)
        reason = choice.finish_reason
        if not reason:
            return
        if reason in _BROKEN:
            raise UpstreamBrokeError(f"{self._server} broke off its answer ({reason}).")
        if reason not in _REASONS and reason != self._finish_reason:
            log.info("%s ended an answer with the reason %.40r", self._server, reason)
        self._finish_reason = reason

    def _take_delta(self, delta: Delta, chunks: list[ChatChunk]) -> None:
        text, thinking = delta.content or "", delta.thinking
        if text or thinking:
            if self._calls.is_open:
                _add(chunks, calls=self._calls.take_whole())
            self._deltas += 1
            chunks.append(ChatChunk(ChunkMessage(text, thinking)))
        if delta.tool_calls:
            self._deltas += 1
            _add(chunks, calls=self._calls.take(delta.tool_calls))

    def _end(self, chunks: list[ChatChunk]) -> None:
        _add(chunks, calls=self._calls.finish(cut=self._finish_reason == _LENGTH))
        self._has_ended = True
        last = self._last_chunk()
        chunks.append(last)
        if self._tell is not None:
            self._tell(last)

    def _last_chunk(self) -> ChatChunk:
        usage, timings = self._usage or CompletionUsage(), self._timings or Timings()
        cached = usage.cached_tokens
        if cached == 0 and not self._trusts_zero:
            cached = None
        last = ChatChunk(
            done=True,
            done_reason="length" if self._finish_reason == _LENGTH else "stop",
            prompt_eval_count=usage.prompt_tokens or 0,
            prompt_eval_cached_count=cached,
            prompt_eval_duration=_nanoseconds(timings.prompt_ms),
            # Without counts, an event is about a token.
            eval_count=usage.completion_tokens or self._deltas,
            eval_duration=_nanoseconds(timings.predicted_ms),
        )
        return bounded(last)

    def _ended_early(self) -> UpstreamBrokeError:
        return UpstreamBrokeError(f"{self._server} ended its answer in the middle.", hint=CHECK_LOG)

    def _decoded(self, data: bytes) -> Completion:
        try:
            return decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._not_chat(data, error) from error

    def _not_chat(self, data: bytes, error: Exception | None = None) -> UpstreamBrokeError:
        server = self._server
        if is_web_page(data):
            found = plain_words(data, server)
            return WrongServerError(
                f"{server} sent {found}.", hint=errors.check_address(server), quotes=(found,)
            )
        if error is not None and data.lstrip().startswith(b"{"):
            # A piece of an answer is of no help to a person.
            return UpstreamBrokeError(f"{server} {_NOT_CHAT}: {error}")
        shown = repr(data[:_QUOTED].decode(errors="replace"))
        return UpstreamBrokeError(f"{server} {_NOT_CHAT}: {shown}", quotes=(shown,))


def _nanoseconds(milliseconds: float) -> int:
    # What is infinite cannot be rounded.
    return round(min(milliseconds * _NANOSECONDS, MAX_NANOSECONDS))


def _add(chunks: list[ChatChunk], *, calls: list[ToolCall]) -> None:
    if calls:
        chunks.append(ChatChunk(ChunkMessage(tool_calls=calls)))
