"""Asking the host of a session, and the next one if it fails before the first word."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from cc_proxy.app.chat.answer import ChatAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import (
    GatewayError,
    ModelNotFoundError,
    UpstreamBrokeError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamRefusedError,
    UpstreamStalledError,
    UpstreamUnreachableError,
    WrongServerError,
    is_of_server,
)
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.gateway.scheduling.host_lanes import HostLanes, Lane
from cc_proxy.app.gateway.scheduling.host_table import HostPlacement, OtherHost, WaitTooLongError
from cc_proxy.app.gateway.scheduling.slot_keeper import PromptAsk
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.answer.retry.unreadable_call import unreadable_call
from cc_proxy.app.translate.prompt.prefix import Prompt

log = logging.getLogger(__name__)

# What a server in front of others says when the one behind it is away.
_AWAY = frozenset({502, 503, 504})
# The wait at a busy host before another one reads the prompt, where nobody knows how long it reads.
_USUAL_SECONDS = 10.0
_AGAIN_SECONDS = 0.5
# A server that fails at once has not read the prompt; one that has would only fail again.
_AT_ONCE_SECONDS = 2.0
_OK, _FAILED = 200, 500

# What asks one lane; the second is the way out of its queue.
LaneAsk = Callable[[Lane, OtherHost | None], PromptAsk]


class PlacingListener(Protocol):
    """Hears which server a request is placed on."""

    def placed(self, host: str, placed: str) -> None:
        """Note the host, and whether the session was there before."""

    def retried(self) -> None:
        """Note that the request is sent once more."""


class Place(Protocol):
    """The place of a request; `lane` is that of the server that it is at, or is about to go to."""

    @property
    def lane(self) -> Lane:
        """The server with its queue and its slots."""

    def asking(self, ask: LaneAsk, listener: PlacingListener) -> PromptAsk:
        """Return what asks there."""


@dataclass(frozen=True)
class OnlyPlace:
    """The one server of an upstream."""

    lane: Lane

    def asking(self, ask: LaneAsk, listener: PlacingListener) -> PromptAsk:
        """Return what asks there; a router is asked once more when it has lost its server."""
        asks = ask(self.lane, None)
        if self.lane.upstream.kind == "ollama":
            return asks
        return lambda request, prompt: _once_more(asks, request, prompt, listener)


@asynccontextmanager
async def _once_more(
    ask: PromptAsk, request: EncodedRequest, prompt: Prompt, listener: PlacingListener
) -> AsyncIterator[ChatAnswer]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with AsyncExitStack() as stack:
        try:
            answer = await stack.enter_async_context(ask(request, prompt))
        except UpstreamError as error:
            at_once = loop.time() - began < _AT_ONCE_SECONDS
            if not (_is_away(error) or (at_once and _has_failed(error))):
                raise
            log.warning("asked once more: %s", error.log_text)
            listener.retried()
            await asyncio.sleep(_AGAIN_SECONDS)
            answer = await stack.enter_async_context(ask(request, prompt))
        del request  # it may be megabytes, and an answer can take an hour
        yield answer


@dataclass
class HostPlace:
    """A place on one of several hosts, which changes when the host fails.

    `session` names what stays together: a session, or a conversation of a client without sessions.
    """

    hosts: HostLanes
    tokens: TokenCounter
    session: str
    model: str
    placement: HostPlacement

    @property
    def lane(self) -> Lane:
        """The host with its queue and its slots."""
        return self.hosts.lane(self.placement.host)

    def asking(self, ask: LaneAsk, listener: PlacingListener) -> PromptAsk:
        """Return what asks there, and the next host if that one fails before the first word.

        What has begun is not asked again: the error names the host.
        """
        return lambda request, prompt: self._asked(ask, request, prompt, listener)

    @asynccontextmanager
    async def _asked(
        self, ask: LaneAsk, request: EncodedRequest, prompt: Prompt, listener: PlacingListener
    ) -> AsyncIterator[ChatAnswer]:
        """Do as Queue's asking() does.

        Raises:
            ApiError, UpstreamError: as there, from the last host that was tried.

        """
        async with AsyncExitStack() as stack:
            answer = await self._first_words(stack, ask, request, prompt, listener)
            del request  # it may be megabytes, and an answer can take an hour
            try:
                yield answer
            except UpstreamError as error:
                if _is_of_host(error):
                    # The client asks again, and must not land here.
                    self.hosts.table.failed(self.placement.host, error.message)
                _name(error, self.placement.host)
                raise

    async def _first_words(
        self,
        stack: AsyncExitStack,
        ask: LaneAsk,
        request: EncodedRequest,
        prompt: Prompt,
        listener: PlacingListener,
    ) -> ChatAnswer:
        failed: list[UpstreamError] = []
        doubtful: dict[str, UpstreamError] = {}
        tried: set[str] = set()
        busy: set[str] = set()
        while True:
            listener.placed(self.placement.host, self.placement.placed)
            way_out = None if busy else self._way_out(prompt)
            try:
                answer = await stack.enter_async_context(
                    self._opened(ask(self.lane, way_out), request, prompt)
                )
            except WaitTooLongError:
                busy.add(self.placement.host)
                log.info("%s is busy: another host reads the prompt", self.placement.host)
            except UpstreamError as error:
                goes_on = self._goes_on(error, failed)
                if not (_is_away(error) or _is_broken(error)):
                    doubtful[self.placement.host] = error
                _name(error, self.placement.host)
                if not goes_on:
                    raise
                failed.append(error)
                tried.add(self.placement.host)
                listener.retried()
            else:
                # Another host has answered the same prompt: it was theirs.
                for host, trouble in doubtful.items():
                    self._leave_out(host, trouble)
                return answer
            moved = await self._next(tried, busy)
            if moved is None:
                raise failed[0]
            self.placement = HostPlacement(moved.host, "moved", moved.key)

    async def _next(self, tried: set[str], busy: set[str]) -> HostPlacement | None:
        found = await self.hosts.place(self.session, self.model, frozenset(tried | busy))
        if found is None and busy:
            # Those that are left are busy: they have a queue.
            found = await self.hosts.place(self.session, self.model, frozenset(tried))
        return found

    @asynccontextmanager
    async def _opened(
        self, ask: PromptAsk, request: EncodedRequest, prompt: Prompt
    ) -> AsyncIterator[ChatAnswer]:
        """Open an answer that has its first words: some servers send headers long before."""
        placement = self.placement
        with self.hosts.table.at_work(placement):
            async with ask(request, prompt) as answer:
                del request
                batches = aiter(answer)
                first = await anext(batches, None)
                if first is None:
                    raise UpstreamBrokeError(f"{placement.host} ended its answer before it began.")
                self.hosts.table.answered(placement.host)
                async with aclosing(self._watched(first, batches)) as rest:
                    yield answer.with_batches(rest)

    async def _watched(
        self, first: list[ChatChunk], rest: AsyncIterator[list[ChatChunk]]
    ) -> AsyncGenerator[list[ChatChunk], None]:
        """Yield the batches; an answer that ends without its last chunk is the host's failure."""
        last = first
        yield first
        async for batch in rest:
            last = batch
            yield batch
        if not any(chunk.done for chunk in last):
            text = f"{self.placement.host} ended its answer in the middle."
            self.hosts.table.failed(self.placement.host, text)

    def _way_out(self, prompt: Prompt) -> OtherHost:
        """Return when a busy host is not worth waiting for: reading the prompt takes less time."""
        host = self.placement.host

        def seconds() -> float:
            if self.placement.placed != "sticky":
                return 0.0
            tokens = self.tokens.estimate(prompt).tokens
            return self.tokens.prefill_seconds(self.model, tokens) or _USUAL_SECONDS

        return OtherHost(seconds, lambda: self.hosts.other_is_free(host))

    def _goes_on(self, error: UpstreamError, before: list[UpstreamError]) -> bool:
        """Note what is wrong with the host; tell whether another one must be asked."""
        host = self.placement.host
        if isinstance(error, ModelNotFoundError):
            self.hosts.lacks(host, self.model)
            return True
        if isinstance(error, UpstreamStalledError):
            self.hosts.table.failed(host, error.message)
            return False
        if not _is_of_host(error):
            return False
        if _is_away(error):
            self._leave_out(host, error)
            return True
        if _is_broken(error):
            self._leave_out(host, error)
        # A prompt at which a server fails or dies is not taken to all of them.
        return all(_is_away(one) or isinstance(one, ModelNotFoundError) for one in before)

    def _leave_out(self, host: str, error: UpstreamError) -> None:
        self.hosts.table.failed(host, error.message)
        log.warning("%s is left out: %s", host, error.log_text)


def _name(error: UpstreamError, host: str) -> None:
    """Have the words of an error say which host it is about."""
    if host not in error.message:
        error.message, error.log_text = (f"{host}: {w}" for w in (error.message, error.log_text))
    if isinstance(error, UpstreamRefusedError):
        error.server = f"{error.server} at {host}"


def _is_away(error: UpstreamError) -> bool:
    """Tell whether an error says that the server, or the one behind it, is away."""
    match error:
        case UpstreamUnreachableError() | WrongServerError():
            return True
        case UpstreamBusyError():
            return False
        case GatewayError():
            return error.status in _AWAY and not error.is_lasting
        case UpstreamRefusedError():
            return error.status in _AWAY
    return False


def _is_broken(error: UpstreamError) -> bool:
    return type(error) is UpstreamBrokeError


def _is_of_host(error: UpstreamError) -> bool:
    """Tell whether another host may do better: not so after a call that the parser cannot read."""
    in_mid_answer = isinstance(error, UpstreamRefusedError) and error.status == _OK
    return (in_mid_answer or is_of_server(error)) and unreadable_call(error) is None


def _has_failed(error: UpstreamError) -> bool:
    return isinstance(error, UpstreamRefusedError) and error.status == _FAILED
