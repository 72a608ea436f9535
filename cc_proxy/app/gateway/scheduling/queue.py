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
from dataclasses import dataclass

from cc_proxy.app.anthropic.errors import ApiError, overloaded
from cc_proxy.app.chat.answer import ChatAnswer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamBusyError
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.gateway.scheduling.caller import Caller, Priority
from cc_proxy.app.gateway.scheduling.host_table import OtherHost, WaitTooLongError
from cc_proxy.app.gateway.scheduling.slow_start import SlowStart
from cc_proxy.app.gateway.scheduling.waiter import MIB, QueueLimits, QueueListener, Waiter

log = logging.getLogger(__name__)

Ask = Callable[[EncodedRequest], OpenAnswer]


@dataclass(frozen=True)
class _Waiting:
    """A request that the upstream was too busy for."""

    caller: Caller
    listener: QueueListener
    other: OtherHost | None


class Queue:
    """Brings requests to Ollama, in a fair order when it is busy.

    Main conversations come first. Among equals the sessions take turns, so that one with many
    subagents does not precede all others; within a session, first come, first served.
    """

    def __init__(self, upstream: Upstream, limits: QueueLimits | None = None) -> None:
        self._upstream = upstream
        self._title = upstream.title
        self._limits = limits or QueueLimits()
        self._waiting: list[Waiter] = []
        self._trying: SlowStart[Waiter] = SlowStart()
        self._latest: Waiter | None = None
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
            self._trying.refused()
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

    def _join(self, caller: Caller, listener: QueueListener) -> Waiter:
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
        waiter = Waiter(caller, listener, lap, now, self._arrived)
        self._waiting.append(waiter)
        listener.queued()
        if len(self._waiting) == 1:
            self._call_later()
        return waiter

    async def _turn_or_other(self, waiter: Waiter, leave_at: float, other: OtherHost) -> None:
        try:
            async with asyncio.timeout_at(leave_at):
                await waiter.called.wait()
        except TimeoutError as error:
            if other.is_free():
                raise WaitTooLongError from error

    async def _turn(self, waiter: Waiter, give_up_at: float) -> None:
        try:
            async with asyncio.timeout_at(give_up_at):
                await waiter.called.wait()
        except TimeoutError as error:
            raise self._gave_up(waiter) from error

    def _gave_up(self, waiter: Waiter) -> ApiError:
        patience = self._limits.patience_seconds
        if waiter.passed:
            return overloaded(
                f"{self._title} answered {waiter.status} to this request for {patience:g} seconds,"
                " and took others."
            )
        return overloaded(
            f"{self._title} was busy for {patience:g} seconds and took no other request."
        )

    def _taken(self, waiter: Waiter) -> None:
        """Note that a request was taken, also in front of those before it that were refused."""
        if waiter in self._waiting:
            place = self._priority(waiter)
            for other in self._waiting:
                if self._may_be_alone(other) and self._priority(other) < place:
                    other.passed = True
            self._trying.taken(waiter)
            self._remove(waiter)
            self._has_room()

    def _leave(self, waiter: Waiter) -> None:
        """Let a request out of the queue: it was taken, has failed, or its client has left."""
        if waiter in self._waiting:
            self._remove(waiter)
        if self._trying.left(waiter):
            self._has_room()

    def _remove(self, waiter: Waiter) -> None:
        self._waiting.remove(waiter)
        waiter.listener.taken()
        if not self._waiting:
            log.info("%s takes requests again: none waits here", self._title)

    def _refused(self, waiter: Waiter, *, at_once: bool) -> None:
        """Put a request back in its place; the first in line asks again after a pause."""
        waiter.called.clear()
        if waiter not in self._waiting:
            # The refusal was slow to come, and the request had been counted as taken.
            self._waiting.append(waiter)
            waiter.listener.queued()
        self._trying.left(waiter)
        if not waiter.passed:
            self._trying.refused()
        if at_once:
            self._wake()
        else:
            self._call_later()

    def _call_later(self) -> None:
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(self._pause, self._wake)
            self._pause = min(2 * self._pause, self._limits.longest_pause_seconds)

    def _has_room(self) -> None:
        """Let the next ones ask: an answer has ended here, or Ollama has taken another request."""
        self._ended += 1
        self._pause = self._limits.pause_seconds
        self._latest = None
        self._wake()

    def _wake(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        while self._trying.has_room and (waiter := self._next()) is not None:
            self._latest = waiter
            self._trying.begin(waiter)
            waiter.called.set()

    def _next(self) -> Waiter | None:
        """Return the first in line, or the next one if the first may be refused alone.

        None has its turn while one is tried that it must not precede.
        """
        line = [waiter for waiter in self._waiting if waiter not in self._trying]
        if not line:
            return None
        first = min(line, key=self._priority)
        if first is self._latest and self._may_be_alone(first):
            others = (waiter for waiter in line if waiter is not first)
            first = min(others, key=lambda one: (one.refusals, self._priority(one)), default=first)
        class_of = self._priority(first)[0]
        return None if any(self._priority(one)[0] < class_of for one in self._trying) else first

    def _may_be_alone(self, waiter: Waiter) -> bool:
        waited = asyncio.get_running_loop().time() - waiter.since
        return bool(waiter.refusals) and waited >= self._limits.alone_seconds

    def _priority(self, waiter: Waiter) -> tuple[Priority, int, int]:
        waited = asyncio.get_running_loop().time() - waiter.since
        has_aged = waited >= self._limits.aging_seconds
        priority = Priority.PERSON if has_aged else waiter.caller.priority
        return priority, waiter.lap, waiter.number
