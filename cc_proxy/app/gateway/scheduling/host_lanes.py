"""The hosts of one upstream: a lane for each, and which of them a request may go to."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.host_group import Host, HostGroup, asked
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.gateway.scheduling.host_table import HostPlacement, HostTable
from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.slot_keeper import SlotKeeper

log = logging.getLogger(__name__)


@dataclass
class Lane:
    """A server with the queue in front of it, and the keeper of its engines' slots.

    `host` names the server where its upstream has several.
    """

    upstream: Upstream
    queue: Queue
    slots: SlotKeeper
    host: str = ""


NewLane = Callable[[Upstream, str], Lane]


class HostLanes:
    """The lanes of a group's hosts, and what is known of the hosts: their models, who is away."""

    def __init__(self, group: HostGroup, new_lane: NewLane, table: HostTable | None = None) -> None:
        self.group = group
        self.table = table or HostTable()
        self._new_lane = new_lane
        self._lanes: dict[str, Lane] = {}
        # Names of models by host; a host that was not asked, or did not answer, has none here.
        self._models: dict[str, frozenset[str]] = {}
        self._questions: dict[str, asyncio.Task[None]] = {}
        self.use()

    def use(self) -> None:
        """Have the group's hosts of now, and ask each again which models it has."""
        hosts = self.group.hosts
        self.table.use({host.name: host.drained for host in hosts})
        self._lanes = {
            host.name: self._lanes.get(host.name) or self._new_lane(host.upstream, host.name)
            for host in hosts
        }
        self._models.clear()

    @property
    def lanes(self) -> list[Lane]:
        """The lanes of all hosts."""
        return list(self._lanes.values())

    def lane(self, host: str) -> Lane:
        """Return the lane of a host, the first one where a reload has taken it away."""
        return self._lanes.get(host) or self.lanes[0]

    async def place(
        self, session: str, model: str, tried: frozenset[str] = frozenset()
    ) -> HostPlacement | None:
        """Return the host for a request of a session; None when all were tried."""
        having = await self.having(model)
        if self.group.affinity == "none":
            session = ""
        return self.table.place(session, full_name(model), having, tried)

    def next_lane(self, model: str) -> Lane:
        """Return the lane that a new session will be on, as far as the hosts' models are known."""
        return self.lane(self.table.next_host(self._known(full_name(model)) or None))

    def lacks(self, host: str, model: str) -> None:
        """Note that a host does not have a model, whatever its list says."""
        self._models[host] = self._models.get(host, frozenset()) - {full_name(model)}

    def other_is_free(self, host: str) -> bool:
        """Tell whether another host takes requests and has none waiting."""
        out = {state.host for state in self.table.states() if state.retry_seconds is not None}
        return any(
            lane.queue.waiting == 0
            for name, lane in self._lanes.items()
            if name != host and name not in out
        )

    async def having(self, model: str) -> frozenset[str] | None:
        """Return the hosts that may have a model, None where all may.

        Each host is asked once for its list, and again when nobody is known to have the model.
        """
        for name in self.table.due():
            # Nobody's prompt has to find out whether the host is back.
            self._ask(name)
        name = full_name(model)
        if not self._known(name):
            self._models.clear()
            out = {state.host for state in self.table.states() if state.retry_seconds is not None}
            asking = [self._ask(host.name) for host in self.group.hosts if host.name not in out]
            if asking:
                await asyncio.wait(asking)
        return self._known(name) or None

    async def close(self) -> None:
        """End the questions that are still out."""
        tasks = list(self._questions.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _known(self, name: str) -> frozenset[str]:
        return frozenset(host for host, models in self._models.items() if name in models)

    def _ask(self, name: str) -> asyncio.Task[None]:
        task = self._questions.get(name)
        if task is None:
            host = next(host for host in self.group.hosts if host.name == name)
            task = self._questions[name] = asyncio.create_task(self._ask_models(host))
            task.add_done_callback(lambda _: self._questions.pop(name, None))
        return task

    async def _ask_models(self, host: Host) -> None:
        try:
            models = await asked(host, host.upstream.models())
        except UpstreamError as error:
            self.table.failed(host.name, error.message)
            log.warning("%s of %s is left out: %s", host.name, self.group.name, error.log_text)
            return
        self._models[host.name] = frozenset(full_name(model.name) for model in models)
        if host.name in self.table.due():
            log.info("%s of %s is back, for new sessions", host.name, self.group.name)
            self.table.answered(host.name)
