"""Waiting for Ollama when it takes no more requests.

Ollama refuses with 503 once its own queue is full (`OLLAMA_MAX_QUEUE`). A client that is told so
tries again a few times and gives up, and whoever comes first after that is served first. So
requests wait here, in order. While Ollama is not busy this is one `if` for each request.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from typing import Protocol

from cc_proxy.app.anthropic.errors import ApiError, overloaded
from cc_proxy.app.chat.answer import ChatAnswer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamBusyError
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.gateway.scheduling.caller import Caller, Priority
from cc_proxy.app.gateway.scheduling.host_table import OtherHost, WaitTooLongError

log = logging.getLogger(__name__)

MIB = 1024 * 1024

Ask = Callable[[EncodedRequest], OpenAnswer]


class QueueListener(Protocol):
    """Hears how a request fares in the queue."""

    def queued(self) -> None:
        """Note that Ollama has refused the request, which waits."""

    def taken(self) -> None:
        """Note that it waits no longer: Ollama has taken it, it failed, or its client left."""

    def waited(self, seconds: float) -> None:
        """Note the seconds of all waiting, once and at its end."""


@dataclass(frozen=True)
class QueueLimits:
    """Limits of the queue: its length, the wait, and the pauses between tries of the first.

    `most_bytes`: of all requests that Ollama has not begun to answer. `patience_seconds` is below
    the 300 seconds after which Claude Code gives up on an answer that has not begun (2.1.197), so
    that it hears why. A side request that has waited `aging_seconds` goes with the main ones.
    Ollama refuses at once: what it has not refused after `taken_seconds` is in. Others may use the
    same Ollama, so the first asks again, after `pause_seconds` and then ever more rarely, up to
    `longest_pause_seconds`, and at once when an answer ends here. The server may refuse that one
    request and take others (for a limit of one model, say): after `alone_seconds` the others ask
    too.
    """

    most: int = 64
    most_bytes: int = 256 * MIB
    patience_seconds: float = 240.0
    aging_seconds: float = 60.0
    taken_seconds: float = 0.5
    pause_seconds: float = 0.1
    longest_pause_seconds: float = 2.0
    alone_seconds: float = 5.0


@dataclass(frozen=True)
class _Waiting:
    """A request that the upstream was too busy for."""

    caller: Caller
    listener: QueueListener
    other: OtherHost | None


@dataclass(eq=False)
class _Waiter:
    """One request that waits; `lap` is how many of its session stood before it.

    `refusals` is how often it was refused, and `status` how at last. `passed`: the server has since
    taken one from after it.
    """

    caller: Caller
    listener: QueueListener
    lap: int
    since: float
    number: int
    refusals: int = 0
    status: int = 0
    passed: bool = False
    called: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """Brings requests to Ollama, in a fair order when it is busy.

    Main conversations come first. Among equals the sessions take turns, so that one with many
    subagents does not precede all others; within a session, first come, first served.
    """

    def __init__(self, upstream: Upstream, limits: QueueLimits | None = None) -> None:
        self._upstream = upstream
        self._title = upstream.title
        self._limits = limits or QueueLimits()
        self._waiting: list[_Waiter] = []
        self._trying: _Waiter | None = None
        self._latest: _Waiter | None = None
        self._pause = self._limits.pause_seconds
        self._again: asyncio.TimerHandle | None = None
        self._ended = 0
        self._arrived = 0
        self._held_bytes = 0

    @property
    def waiting(self) -> int:
        """The number of requests that wait."""
        return len(self._waiting)

    def asking(
        self, caller: Caller, listener: QueueListener, other: OtherHost | None = None
    ) -> Ask:
        """Return what asks Ollama for a caller; `listener` hears if it has to wait."""

        def ask(request: EncodedRequest) -> OpenAnswer:
            return self._chat(request, caller, listener, other)

        return ask

    @asynccontextmanager
    async def _chat(
        self,
        request: EncodedRequest,
        caller: Caller,
        listener: QueueListener,
        other: OtherHost | None,
    ) -> AsyncIterator[ChatAnswer]:
        """Do as Upstream.chat() does, in turn.

        Raises:
            ApiError: 529 when too many or too large ones wait already, or the request has waited
                too long.
            UpstreamError: as Upstream.chat().
            WaitTooLongError: there is another host that is not busy.

        """
        async with AsyncExitStack() as stack:
            with self._held(request.size):
                answer = await self._at_once(stack, request, caller)
                if answer is None:
                    answer = await self._queued(stack, request, _Waiting(caller, listener, other))
            stack.callback(self._has_room)
            del request  # it may be megabytes, and an answer can take an hour
            yield answer

    @contextmanager
    def _held(self, size: int) -> Iterator[None]:
        most = self._limits.most_bytes
        if self._held_bytes and self._held_bytes + size > most:
            text = f"{self._title} has not begun to answer {most // MIB} MiB of other requests."
            raise overloaded(text)
        self._held_bytes += size
        try:
            yield
        finally:
            self._held_bytes -= size

    async def _at_once(
        self, stack: AsyncExitStack, request: EncodedRequest, caller: Caller
    ) -> ChatAnswer | None:
        if not all(waiter.passed for waiter in self._waiting):
            return None
        try:
            return await stack.enter_async_context(self._ask(request, caller))
        except UpstreamBusyError:
            for waiter in self._waiting:
                waiter.passed = False
            return None

    def _ask(self, request: EncodedRequest, caller: Caller) -> OpenAnswer:
        return self._upstream.chat(request, caller.session, caller.conversation)

    async def _queued(
        self,
        stack: AsyncExitStack,
        request: EncodedRequest,
        asked: _Waiting,
    ) -> ChatAnswer:
        loop = asyncio.get_running_loop()
        caller, listener, other = asked.caller, asked.listener, asked.other
        leave_after = other.seconds() if other is not None else math.inf
        if other is not None and leave_after <= 0 and other.is_free():
            raise WaitTooLongError
        waiter = self._join(caller, listener)
        give_up_at = waiter.since + self._limits.patience_seconds
        leave_at = waiter.since + leave_after
        try:
            while True:
                if other is not None and leave_at < give_up_at:
                    await self._turn_or_other(waiter, leave_at, other)
                await self._turn(waiter, give_up_at)
                ended = self._ended
                taken = loop.call_later(self._limits.taken_seconds, self._taken, waiter)
                try:
                    answer = await stack.enter_async_context(self._ask(request, caller))
                except UpstreamBusyError as error:
                    waiter.refusals += 1
                    waiter.status = error.status
                    # It is no news if an answer ended here in the meantime.
                    self._refused(waiter, at_once=ended != self._ended)
                else:
                    self._taken(waiter)
                    return answer
                finally:
                    taken.cancel()
        finally:
            listener.waited(loop.time() - waiter.since)
            self._leave(waiter)

    def _join(self, caller: Caller, listener: QueueListener) -> _Waiter:
        most = self._limits.most
        if len(self._waiting) >= most:
            raise overloaded(
                f"{self._title} is busy, and {most} requests are waiting for it already."
            )
        if not self._waiting:
            log.warning("%s takes no more requests for now: they wait here", self._title)
        laps = Counter((waiter.caller.session, waiter.caller.priority) for waiter in self._waiting)
        self._arrived += 1
        now = asyncio.get_running_loop().time()
        lap = laps[caller.session, caller.priority]
        waiter = _Waiter(caller, listener, lap, now, self._arrived)
        self._waiting.append(waiter)
        listener.queued()
        if len(self._waiting) == 1:
            self._call_later()
        return waiter

    async def _turn_or_other(self, waiter: _Waiter, leave_at: float, other: OtherHost) -> None:
        try:
            async with asyncio.timeout_at(leave_at):
                await waiter.called.wait()
        except TimeoutError as error:
            if other.is_free():
                raise WaitTooLongError from error

    async def _turn(self, waiter: _Waiter, give_up_at: float) -> None:
        try:
            async with asyncio.timeout_at(give_up_at):
                await waiter.called.wait()
        except TimeoutError as error:
            raise self._gave_up(waiter) from error

    def _gave_up(self, waiter: _Waiter) -> ApiError:
        patience = self._limits.patience_seconds
        if waiter.passed:
            return overloaded(
                f"{self._title} answered {waiter.status} to this request for {patience:g} seconds,"
                " and took others."
            )
        return overloaded(
            f"{self._title} was busy for {patience:g} seconds and took no other request."
        )

    def _taken(self, waiter: _Waiter) -> None:
        """Note that a request was taken, also in front of those before it that were refused."""
        if waiter in self._waiting:
            place = self._priority(waiter)
            for other in self._waiting:
                if other.refusals and self._priority(other) < place:
                    other.passed = True
        self._leave(waiter)

    def _leave(self, waiter: _Waiter) -> None:
        """Let a request out of the queue: it was taken, has failed, or its client has left."""
        if waiter not in self._waiting:
            return
        self._waiting.remove(waiter)
        waiter.listener.taken()
        if not self._waiting:
            log.info("%s takes requests again: none waits here", self._title)
        if self._trying is waiter:
            self._has_room()

    def _refused(self, waiter: _Waiter, *, at_once: bool) -> None:
        """Put a request back where it stood; the first in line asks again after a pause."""
        waiter.called.clear()
        if waiter not in self._waiting:
            # The refusal was slow to come, and the request had been counted as taken.
            self._waiting.append(waiter)
            waiter.listener.queued()
        if self._trying not in (None, waiter):
            return
        self._trying = None
        if at_once:
            self._wake_first()
        else:
            self._call_later()

    def _call_later(self) -> None:
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(self._pause, self._wake_first)
            self._pause = min(2 * self._pause, self._limits.longest_pause_seconds)

    def _has_room(self) -> None:
        """Let the next one ask: an answer has ended here, or Ollama has taken another request."""
        self._ended += 1
        self._pause = self._limits.pause_seconds
        self._latest = None
        if self._trying not in self._waiting:
            self._trying = None
            self._wake_first()

    def _wake_first(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._waiting and self._trying is None:
            self._trying = self._latest = self._next()
            self._trying.called.set()

    def _next(self) -> _Waiter:
        """Return the first in line, or the next one if the first may be refused alone."""
        first = min(self._waiting, key=self._priority)
        waited = asyncio.get_running_loop().time() - first.since
        may_be_alone = first.refusals and waited >= self._limits.alone_seconds
        if first is not self._latest or not may_be_alone:
            return first
        others = (waiter for waiter in self._waiting if waiter is not first)
        return min(others, key=lambda one: (one.refusals, self._priority(one)), default=first)

    def _priority(self, waiter: _Waiter) -> tuple[Priority, int, int]:
        waited = asyncio.get_running_loop().time() - waiter.since
        has_aged = waited >= self._limits.aging_seconds
        priority = Priority.PERSON if has_aged else waiter.caller.priority
        return priority, waiter.lap, waiter.number
