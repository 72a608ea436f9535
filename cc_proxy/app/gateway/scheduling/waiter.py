"""A request in the queue, and the limits of the queue."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from cc_proxy.app.gateway.scheduling.caller import Caller

MIB = 1024 * 1024


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


@dataclass(eq=False)
class Waiter:
    """One request that waits; `lap` is how many of its session were before it.

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
