"""`python -m bench routing`: what of the prompts is cached, by how sessions are placed on hosts.

A simulation with the assumptions below; the table is the one of the product.
"""

import hashlib
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import click

from cc_proxy.app.gateway.scheduling.host_table import HostTable

DRAWS = 20


@dataclass(frozen=True)
class Assumptions:
    """The team and its hosts; lengths in tokens.

    Each person has one session for the day, and all are at work at the same pace, in random order.
    A prompt begins with `front`, which all sessions share, and grows by `step` each turn; at
    `most` Claude Code compacts it, and it begins again. A host holds the latest `slots` prompts.
    What is not held shares the front with any that is.
    """

    people: int = 16
    hosts: int = 4
    slots: int = 4
    front: int = 12_000
    step: int = 1_000
    most: int = 64_000
    requests: int = 4_000


@dataclass
class Result:
    """The tokens that were sent and those that were read before, and the requests of each host."""

    sent: int = 0
    reused: int = 0
    by_host: dict[int, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share of the tokens that were in a cache."""
        return self.reused / self.sent

    @property
    def busiest(self) -> float:
        """The requests of the busiest host, in those of the mean one."""
        return max(self.by_host.values()) * len(self.by_host) / sum(self.by_host.values())


Route = Callable[[str], int]


def simulate(route: Route, given: Assumptions, seed: int) -> Result:
    """Return what a day of a team comes to, with requests placed by `route`."""
    rng = random.Random(seed)  # noqa: S311 - a simulation
    caches: list[OrderedDict[str, int]] = [OrderedDict() for _ in range(given.hosts)]
    lengths = [rng.randrange(given.front, given.most) for _ in range(given.people)]
    found = Result(by_host=dict.fromkeys(range(given.hosts), 0))
    for _ in range(given.requests):
        person = rng.randrange(given.people)
        session, before = f"session {seed}.{person}", lengths[person]
        length = before + given.step
        if length > given.most:
            before, length = given.front, given.front + given.step
        host = route(session)
        cache = caches[host]
        found.sent += length
        held = cache.pop(session, given.front if cache else 0)
        found.reused += min(held, before)
        found.by_host[host] += 1
        cache[session] = lengths[person] = length
        while len(cache) > given.slots:
            cache.popitem(last=False)
    return found


def by_table(given: Assumptions, seed: int) -> Route:
    """Return cc-proxy's own way: each session on the host with the fewest."""
    del seed
    now = 0.0
    table = HostTable(lambda: now)
    table.use({str(number): False for number in range(given.hosts)})

    def route(session: str) -> int:
        nonlocal now
        # Each person asks once a minute.
        now += 60 / given.people
        placement = table.place(session)
        assert placement is not None  # noqa: S101 - none was tried
        return int(placement.host)

    return route


def by_hash(given: Assumptions, seed: int) -> Route:
    """Return the way of a balancer that hashes the session."""
    del seed

    def route(session: str) -> int:
        digest = hashlib.blake2b(session.encode(), digest_size=8).digest()
        return int.from_bytes(digest) % given.hosts

    return route


def at_random(given: Assumptions, seed: int) -> Route:
    """Return the way of a balancer that knows nothing of sessions."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    return lambda _: chance.randrange(given.hosts)


WAYS = {"table": by_table, "hash of the session": by_hash, "at random": at_random}


def results(given: Assumptions, draws: int) -> dict[str, tuple[float, float]]:
    """Return for each way the share that was cached, and the load of the busiest host.

    Both are means of `draws` runs; the load is in that of the mean host.
    """
    found = {}
    for name, way in WAYS.items():
        runs = [simulate(way(given, seed), given, seed) for seed in range(draws)]
        found[name] = (sum(r.share for r in runs) / draws, sum(r.busiest for r in runs) / draws)
    return found


@click.command()
@click.option("--people", default=Assumptions.people, show_default=True, help="Sessions at work.")
@click.option("--hosts", default=Assumptions.hosts, show_default=True, help="Hosts.")
@click.option("--slots", default=Assumptions.slots, show_default=True, help="Prompts a host holds.")
@click.option("--draws", default=DRAWS, show_default=True, help="Runs; the means are shown.")
def main(people: int, hosts: int, slots: int, draws: int) -> None:
    """Print what of the prompts is cached, by how sessions are placed on hosts."""
    given = Assumptions(people=people, hosts=hosts, slots=slots)
    told = ", ".join(f"{one.name}={getattr(given, one.name):,}" for one in fields(given))
    click.echo(f"assumptions: {told}")
    click.echo(f"{'placed by':22}{'cached':>8}{'busiest host':>15}")
    for name, (share, busiest) in results(given, draws).items():
        click.echo(f"{name:22}{share:8.0%}{busiest:11.2f} x mean")


if __name__ == "__main__":
    main()
