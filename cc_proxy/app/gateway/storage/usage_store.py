"""The totals of usage, written in the background, at most once a second."""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cc_proxy.app.gateway.activity.tracked import Outcome, TrackedRequest
from cc_proxy.app.gateway.storage.background import Background
from cc_proxy.app.gateway.storage.kept_file import KeptFile
from cc_proxy.app.gateway.storage.usage_table import (
    KEPT_DAYS,
    UsageAmounts,
    UsageFileError,
    UsageKey,
    add_rows,
)

log = logging.getLogger(__name__)

# Between two writes; sessions and models are named by clients.
MAX_PENDING = 1000
# So many are written at once, that there is room for those that come meanwhile.
MANY_PENDING = MAX_PENDING // 2
# A write opens the file, and takes a third of the processor time of a whole request. Its thread
# has the next request wait for the interpreter besides.
SECONDS_BETWEEN_WRITES = 1.0

SecondsToRead = Callable[[str, int], float | None]
_Rows = dict[UsageKey, UsageAmounts]


class UsageStore:
    """Keeps the totals in the file `path`; without a path it keeps none.

    `seconds_to_read` returns what reading so many tokens takes, None where that is not known.
    """

    def __init__(
        self,
        path: Path | None,
        seconds_to_read: SecondsToRead,
        today: Callable[[], dt.date] = dt.date.today,
    ) -> None:
        self._path = path
        self._file = KeptFile(path, "usage")
        self._seconds_to_read = seconds_to_read
        self._today = today
        self._rows: _Rows = {}
        self._folders: dict[str, str] = {}
        self._writer = Background(self._next)
        self._due: asyncio.TimerHandle | None = None
        self._written = float("-inf")
        self._has_failed = False
        # Opened once: a file that others could read is closed to them from then on.
        self._file.read()

    def add(self, request: TrackedRequest, folder: str) -> None:
        """Take in a request that has ended; on disk at once, or a second after the last write."""
        if self._path is None or request.outcome is Outcome.PROBE or not request.model:
            return
        key = UsageKey(
            self._today().isoformat(),
            request.session,
            request.model,
            request.request_class,
            request.key,
        )
        if key not in self._rows and len(self._rows) >= MAX_PENDING:
            return  # so many at once are nobody's work
        self._folders[request.session] = folder
        self._rows.setdefault(key, UsageAmounts()).add(self._amounts(request))
        if len(self._rows) >= MANY_PENDING:
            self._begin_writing()
        elif self._due is None:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._written + SECONDS_BETWEEN_WRITES - loop.time())
            self._due = loop.call_later(wait, self._begin_writing)

    async def close(self) -> None:
        """Write what is not written yet, and return once all is."""
        self._begin_writing()
        await self._writer.close()

    def _begin_writing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._written = asyncio.get_running_loop().time()
        self._writer.more()

    def _amounts(self, request: TrackedRequest) -> UsageAmounts:
        amounts = UsageAmounts(requests=1, failed=int(request.outcome is Outcome.FAILED))
        if counts := request.counts:
            reused = counts.reused or 0
            amounts.read, amounts.reused, amounts.written = counts.read, reused, counts.written
            if reused:
                amounts.seconds_saved = self._seconds_to_read(request.model, reused) or 0.0
        calls = request.calls
        amounts.calls, amounts.rescued, amounts.repaired = (
            calls.all,
            calls.rescued,
            calls.repaired,
        )
        return amounts

    def _next(self) -> Callable[[], None] | None:
        if not self._rows or self._path is None:
            return None
        rows, folders = self._rows, self._folders
        self._rows, self._folders = {}, {}
        return partial(self._write, self._path, rows, folders)

    def _write(self, path: Path, rows: _Rows, folders: dict[str, str]) -> None:
        oldest = (self._today() - dt.timedelta(days=KEPT_DAYS)).isoformat()
        try:
            add_rows(path, rows, folders, oldest)
        except UsageFileError as error:
            if error.is_damaged:
                self._file.put_aside(str(error), "the totals begin anew")
            # A full disk would be in the log after every answer.
            elif not self._has_failed:
                log.warning("usage: %s cannot be written: %s", self._path, error)
            self._has_failed = not error.is_damaged
        else:
            self._has_failed = False
