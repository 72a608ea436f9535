"""A queue for each server: a busy one keeps nobody from another."""

import asyncio
from collections.abc import Callable, Iterator

from cc_proxy.app.chat.host_group import HostGroup
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.gateway.scheduling.failover import HostPlace, OnlyPlace, Place
from cc_proxy.app.gateway.scheduling.fillers import ReadingWatch, unwatched
from cc_proxy.app.gateway.scheduling.host_lanes import HostLanes, Lane
from cc_proxy.app.gateway.scheduling.host_table import HostState
from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.slot_keeper import SlotKeeper
from cc_proxy.app.gateway.tokens.counter import TokenCounter


class Lanes:
    """The lane of each upstream, or of each of its hosts."""

    def __init__(self, upstreams: Upstreams, tokens: TokenCounter) -> None:
        self._upstreams = upstreams
        self.watch: ReadingWatch = unwatched
        self._tokens = tokens
        self._hosts = {
            one.name: HostLanes(one, self._new_lane)
            for one in upstreams
            if isinstance(one, HostGroup)
        }
        self._places = {
            one.name: OnlyPlace(self._new_lane(one, ""))
            for one in upstreams
            if one.name not in self._hosts
        }

    def use(self) -> None:
        """Have the hosts that the upstreams have now."""
        for hosts in self._hosts.values():
            hosts.use()

    async def place(self, target: Target, session: Callable[[], str]) -> Place:
        """Return the place of a request to a target.

        `session` names what stays on one host; it is asked where there is more than one.
        """
        name = self._upstreams.named(target.upstream).name
        if (only := self._places.get(name)) is not None:
            return only
        hosts, model, key = self._hosts[name], target.model.name, session()
        placement = await hosts.place(key, model)
        assert placement is not None  # noqa: S101 - none was tried
        return HostPlace(hosts, self._tokens, key, model, placement)

    def watch_reading(self, watch: ReadingWatch) -> None:
        """Have `watch` note what the models read for nobody yet."""
        self.watch = watch
        for lane in self._all():
            lane.slots.watch = watch

    @property
    def first(self) -> Lane:
        """The lane of the first upstream, or of its first host."""
        name = self._upstreams.first.name
        only = self._places.get(name)
        return only.lane if only is not None else self._hosts[name].lanes[0]

    def of(self, target: Target) -> Lane:
        """Return the lane that the next new session of a target will be on."""
        name = self._upstreams.named(target.upstream).name
        if (only := self._places.get(name)) is not None:
            return only.lane
        return self._hosts[name].next_lane(target.model.name)

    async def next_lane(self, target: Target) -> Lane:
        """Return what `of` returns once each host has said whether it has the model."""
        if (hosts := self._hosts.get(target.upstream)) is not None:
            await hosts.having(target.model.name)
        return self.of(target)

    async def close(self) -> None:
        """End what hosts are still asked."""
        await asyncio.gather(*(hosts.close() for hosts in self._hosts.values()))

    @property
    def waiting(self) -> int:
        """The number of requests that wait, in all queues."""
        return sum(lane.queue.waiting for lane in self._all())

    def seen(self) -> list[tuple[str, int, int]]:
        """Return each model with its latest sessions and its slots, as far as seen."""
        return [
            (model, sessions, slots)
            for lane in self._all()
            for model, (sessions, slots) in lane.slots.seen().items()
        ]

    def host_lanes(self, upstream: str) -> HostLanes:
        """Return the hosts of an upstream that has several.

        Raises:
            KeyError: it has one server.

        """
        return self._hosts[upstream]

    def hosts(self, upstream: str) -> list[tuple[HostState, int]]:
        """Return the hosts of an upstream, each with how many requests wait for it."""
        hosts = self._hosts.get(upstream)
        if hosts is None:
            return []
        return [(one, hosts.lane(one.host).queue.waiting) for one in hosts.table.states()]

    def parallel(self, model: str) -> int:
        """Return how many requests of a model were seen to run side by side, on one upstream."""
        single = (place.lane.slots.slots(model) for place in self._places.values())
        several = (
            sum(lane.slots.slots(model) for lane in hosts.lanes) for hosts in self._hosts.values()
        )
        return max(*single, *several, 1)

    def _new_lane(self, upstream: Upstream, host: str) -> Lane:
        slots = SlotKeeper(upstream, self._tokens, f"{upstream.name} {host}")
        slots.watch = self.watch
        return Lane(upstream, Queue(upstream), slots, host)

    def _all(self) -> Iterator[Lane]:
        yield from (place.lane for place in self._places.values())
        for hosts in self._hosts.values():
            yield from hosts.lanes
