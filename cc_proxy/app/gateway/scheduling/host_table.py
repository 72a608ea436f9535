"""The table of sessions and hosts: where a request goes, and which hosts are left out for now.

A session stays on the host that has read its prompts. A new one goes to the host with the fewest
sessions, which spreads them more evenly than a hash does: with 16 people on 4 hosts 97 % of the
prompt tokens come from the cache against 85 % (bench/routing).
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

# A session that has been idle for so long counts no more; its person may be back, elsewhere.
IDLE_SECONDS = 1800.0
MAX_SESSIONS = 10_000
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 10.0, 120.0

Placed = Literal["sticky", "new", "moved"]
_Key = tuple[str, str]


@dataclass(frozen=True)
class HostPlacement:
    """The host for a request; `key` is the session's in the table, None where it has none."""

    host: str
    placed: Placed
    key: _Key | None = None


@dataclass(frozen=True)
class HostState:
    """A host for people: its live sessions and requests, and why it is left out, for how long.

    `retry_seconds` is until when, 0 when the next request has it tried; None: it is not left out.
    """

    host: str
    drained: bool
    sessions: int
    in_flight: int
    retry_seconds: float | None = None
    error: str | None = None


class WaitTooLongError(Exception):
    """The request waits no longer at this host: another one can read it sooner."""


@dataclass(frozen=True)
class OtherHost:
    """The way out of a queue: after `seconds()` of waiting, if `is_free()` then."""

    seconds: Callable[[], float]
    is_free: Callable[[], bool]


@dataclass(eq=False)
class _Host:
    name: str
    drained: bool
    sessions: int = 0
    in_flight: int = 0
    is_out: bool = False
    out_until: float = 0.0
    pause: float = 0.0
    error: str | None = None


@dataclass(eq=False)
class _Session:
    host: str
    used: float
    in_flight: int = 0


class HostTable:
    """Sessions by host. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._hosts: dict[str, _Host] = {}
        # The one that was used last comes last.
        self._sessions: OrderedDict[_Key, _Session] = OrderedDict()

    def use(self, hosts: Mapping[str, bool]) -> None:
        """Have these hosts, each with whether it is drained; sessions of others will move."""
        self._hosts = {name: self._hosts.get(name) or _Host(name, drained=False) for name in hosts}
        for name, drained in hosts.items():
            self._hosts[name].drained = drained
        counts = Counter(session.host for session in self._sessions.values())
        for host in self._hosts.values():
            host.sessions = counts[host.name]

    def place(
        self,
        session: str,
        model: str = "",
        having: Collection[str] | None = None,
        tried: Collection[str] = (),
    ) -> HostPlacement | None:
        """Return the host for a request and note it for the session, `` for a request of none.

        `having` are the hosts that have the model, None where that is not known; `tried` those
        that have failed this request. None: all were tried.
        """
        self._forget_idle()
        usable = self._usable(having, tried)
        if not usable:
            return None
        if not session:
            return HostPlacement(self._best(usable, by_sessions=False).name, "new")
        key = (session, "")
        known = self._sessions.get(key)
        if known is not None and having and known.host not in having:
            # The session's host does not have this model, and keeps the other one's prompts.
            key = (session, model)
            known = self._sessions.get(key)
        names = {host.name for host in usable}
        if known is not None and known.host in names and not self._hosts[known.host].is_out:
            self._use(key, known)
            return HostPlacement(known.host, "sticky", key)
        best = self._best(usable, by_sessions=True)
        self._put(key, best)
        return HostPlacement(best.name, "new" if known is None else "moved", key)

    def next_host(self, having: Collection[str] | None = None) -> str:
        """Return the host that a new session would go to."""
        self._forget_idle()
        usable = self._usable(having, ()) or list(self._hosts.values())
        return self._best(usable, by_sessions=True).name

    def failed(self, host: str, why: str) -> None:
        """Leave a host out: for 10 seconds, and twice as long each time it fails again."""
        state, now = self._hosts.get(host), self.clock()
        if state is None or (state.is_out and state.out_until > now):
            # It is known already, by another request that was on it at the same time.
            return
        state.pause = min(2 * state.pause, LONGEST_PAUSE_SECONDS) or FIRST_PAUSE_SECONDS
        state.is_out, state.out_until, state.error = True, now + state.pause, why

    def answered(self, host: str) -> None:
        """Take a host back, for new sessions: those that have moved stay where they are."""
        state = self._hosts.get(host)
        if state is not None:
            state.is_out, state.pause, state.error = False, 0.0, None

    def due(self) -> list[str]:
        """Return the hosts that have been left out for long enough to be tried again."""
        now = self.clock()
        return [one.name for one in self._hosts.values() if one.is_out and one.out_until <= now]

    @contextmanager
    def at_work(self, placement: HostPlacement) -> Iterator[None]:
        """Count a request as being at its host."""
        host = self._hosts.get(placement.host)
        key = placement.key
        session = self._sessions.get(key) if key is not None else None
        for one in (host, session):
            if one is not None:
                one.in_flight += 1
        try:
            yield
        finally:
            for one in (host, session):
                if one is not None:
                    one.in_flight -= 1
            if key is not None and (known := self._sessions.get(key)) is not None:
                self._use(key, known)

    def states(self) -> list[HostState]:
        """Return each host as it is now."""
        self._forget_idle()
        now = self.clock()
        return [
            HostState(
                one.name,
                one.drained,
                one.sessions,
                one.in_flight,
                max(0.0, one.out_until - now) if one.is_out else None,
                one.error,
            )
            for one in self._hosts.values()
        ]

    def _usable(self, having: Collection[str] | None, tried: Collection[str]) -> list[_Host]:
        left = [host for host in self._hosts.values() if host.name not in tried]
        # Where nobody has the model, any host says so.
        return [host for host in left if not having or host.name in having]

    def _best(self, usable: Sequence[_Host], *, by_sessions: bool) -> _Host:
        """Return the host that has least to do; one that is out or drained only if need be."""
        up = [host for host in usable if not host.is_out]
        if not up:
            return min(usable, key=lambda host: (host.drained, host.out_until))
        fit = [host for host in up if not host.drained] or up
        if by_sessions:
            return min(fit, key=lambda host: (host.sessions, host.in_flight))
        return min(fit, key=lambda host: host.in_flight)

    def _put(self, key: _Key, host: _Host) -> None:
        session = self._sessions.get(key)
        if session is None:
            session = self._sessions[key] = _Session(host.name, self.clock())
        else:
            self._left(session)
            session.host = host.name
        host.sessions += 1
        self._use(key, session)
        while len(self._sessions) > MAX_SESSIONS:
            self._left(self._sessions.popitem(last=False)[1])

    def _use(self, key: _Key, session: _Session) -> None:
        session.used = self.clock()
        self._sessions.move_to_end(key)

    def _left(self, session: _Session) -> None:
        host = self._hosts.get(session.host)
        if host is not None:
            host.sessions -= 1

    def _forget_idle(self) -> None:
        since = self.clock() - IDLE_SECONDS
        while self._sessions:
            key, session = next(iter(self._sessions.items()))
            if session.used > since:
                return
            if session.in_flight:
                self._use(key, session)
                continue
            del self._sessions[key]
            self._left(session)
