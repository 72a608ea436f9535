"""A queue for each upstream: a busy one keeps nobody from another."""

from dataclasses import dataclass

from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.gateway.scheduling.fillers import ReadingWatch, unwatched
from cc_proxy.app.gateway.scheduling.queue import Queue
from cc_proxy.app.gateway.scheduling.slot_keeper import SlotKeeper
from cc_proxy.app.gateway.tokens.counter import TokenCounter


@dataclass
class Lane:
    """An upstream with the queue in front of it, and the keeper of its engines' slots."""

    upstream: Upstream
    queue: Queue
    slots: SlotKeeper


class Lanes:
    """The lane of each upstream."""

    def __init__(self, upstreams: Upstreams, tokens: TokenCounter) -> None:
        self._upstreams = upstreams
        self.watch: ReadingWatch = unwatched
        self._by_name = {
            one.name: Lane(one, Queue(one), SlotKeeper(one, tokens)) for one in upstreams
        }

    def watch_reading(self, watch: ReadingWatch) -> None:
        """Have `watch` note what the models read for nobody yet."""
        self.watch = watch
        for lane in self._by_name.values():
            lane.slots.watch = watch

    @property
    def first(self) -> Lane:
        """The lane of the first upstream."""
        return self._by_name[self._upstreams.first.name]

    def of(self, target: Target) -> Lane:
        """Return the lane of a target."""
        return self._by_name[self._upstreams.named(target.upstream).name]

    @property
    def waiting(self) -> int:
        """The number of requests that wait, in all queues."""
        return sum(lane.queue.waiting for lane in self._by_name.values())

    def seen(self) -> list[tuple[str, int, int]]:
        """Return each model with its latest sessions and its slots, as far as seen."""
        return [
            (model, sessions, slots)
            for lane in self._by_name.values()
            for model, (sessions, slots) in lane.slots.seen().items()
        ]

    def parallel(self, model: str) -> int:
        """Return how many requests of a model were seen to run side by side, on one upstream."""
        return max(lane.slots.slots(model) for lane in self._by_name.values())
