"""The record of requests to the server, with the end of each."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from cc_proxy.app.practice.model.speed import clock

_MOST_RECORDS = 2_000

EndedBy = Literal["done", "refused", "client closed", "died", "cut", "server stopped"]


@dataclass
class Record:
    """One request. Times are seconds of the event loop's clock, tokens as the meter counts.

    `prompt_tokens` is the whole prompt: `reused_tokens` of it were known, `read_tokens` were
    read. `loaded` tells whether the model had to be loaded for it. `ended_by` is None until it
    has ended.
    """

    number: int
    method: str
    path: str
    headers: dict[str, str]
    started: float
    body: Any = None
    status: int = 0
    model: str = ""
    num_ctx: int = 0
    loaded: bool = False
    prompt_tokens: int = 0
    reused_tokens: int = 0
    read_tokens: int = 0
    output_tokens: int = 0
    text: str = ""
    calls: list[str] = field(default_factory=list)
    first_token: float | None = None
    finished: float | None = None
    ended_by: EndedBy | None = None

    @property
    def seconds(self) -> float:
        """The duration of the request, up to now if it still runs."""
        return (clock() if self.finished is None else self.finished) - self.started


class Journal:
    """The records in the order of their arrival, and a way to wait for one."""

    def __init__(self, observer: Callable[[Record], None] | None = None) -> None:
        self.records: list[Record] = []
        self._observer = observer
        self._changed = asyncio.Event()
        self._arrived = 0

    def open(self, method: str, path: str, headers: dict[str, str]) -> Record:
        """Return the record of a request that has just arrived."""
        self._arrived += 1
        record = Record(self._arrived, method, path, headers, started=clock())
        self.records.append(record)
        del self.records[:-_MOST_RECORDS]
        self.changed(record)
        return record

    def close(self, record: Record, ended_by: EndedBy) -> None:
        """Note how a request ended, unless that is known already."""
        record.finished = clock()
        record.ended_by = record.ended_by or ended_by
        self.changed(record)

    def changed(self, record: Record) -> None:
        """Tell whoever waits or watches."""
        self._changed.set()
        self._changed = asyncio.Event()
        if self._observer is not None:
            self._observer(record)

    async def wait_for(
        self, predicate: Callable[[Record], bool], timeout_seconds: float = 5.0
    ) -> Record:
        """Return the first record that satisfies `predicate`, as soon as there is one.

        Raises:
            TimeoutError: there was none in time; its text lists what there was.

        """
        try:
            async with asyncio.timeout(timeout_seconds):
                while (found := next(filter(predicate, self.records), None)) is None:
                    await self._changed.wait()
        except TimeoutError as error:
            seen = "\n".join(
                f"{r.number} {r.method} {r.path} {r.status} {r.ended_by}" for r in self.records
            )
            raise TimeoutError(f"no such request in {timeout_seconds} s; seen:\n{seen}") from error
        return found

    def as_json(self, *, bodies: bool) -> dict[str, Any]:
        """Return the records as plain values; without the bodies they stay small."""
        records = [asdict(record) for record in self.records]
        for record in records:
            if not bodies:
                del record["body"]
        return {"records": records}
