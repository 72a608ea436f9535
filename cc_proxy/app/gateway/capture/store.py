"""Writing the exchanges of a session to a file, while somebody has asked for that."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from cc_proxy import __version__
from cc_proxy.app import private_files
from cc_proxy.app.control.capture import (
    FORMAT,
    CapturedAnswer,
    CapturedRequest,
    CaptureHeader,
    CaptureStart,
)
from cc_proxy.app.control.wire import CaptureState
from cc_proxy.app.errors import CcProxyError, log_text
from cc_proxy.app.gateway.capture.secrets import ExchangeRedactor
from cc_proxy.app.gateway.storage.background import Background

log = logging.getLogger(__name__)

FOLDER = "captures"
MAX_PENDING_BYTES = 64 * 1024 * 1024
_CUT_SHORT = frozenset({"full", "failed"})
_ENDED = {"time": "its time is over", "full": "its file is full", "failed": "it cannot be written"}


class CaptureRefusedError(CcProxyError):
    """A capture cannot begin: nothing is kept on disk, or one is on."""


@dataclass(frozen=True)
class _Running:
    """A capture that is on; `until` is a moment of `time.time`."""

    path: Path
    session: str
    started: float
    until: float
    max_bytes: int
    redactor: ExchangeRedactor


class Capture:
    """At most one capture at a time, off until it is asked for, and off after a restart.

    `folder` is the state folder, None where nothing is kept on disk.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._running: _Running | None = None
        self._last: _Running | None = None
        self._ended = ""
        self._bytes = 0
        self._requests = 0
        self._pending: list[tuple[_Running, bytes]] = []
        self._pending_bytes = 0
        self._writer = Background(self._next)

    @property
    def is_on(self) -> bool:
        """True while exchanges are written."""
        running = self._running
        if running is not None and self._clock() >= running.until:
            self._end("time")
            return False
        return running is not None

    def start(
        self, asked: CaptureStart, secrets: Iterable[str], digests: Collection[bytes] = ()
    ) -> CaptureState:
        """Begin a capture in a new file; `secrets`, and keys with such a SHA-256, stay out of it.

        Raises:
            CaptureRefusedError: one is on, or there is no folder for it.
            OSError: the file cannot be made.

        """
        if self._folder is None:
            raise CaptureRefusedError(
                "Expected a state folder to write a capture to, found server.keep_on_disk: false.",
                code="capture_refused",
                hint="Set server.keep_on_disk: true, then: cc-proxy restart",
            )
        if self.is_on:
            raise CaptureRefusedError(
                "Expected no capture, found one that is on.",
                code="capture_refused",
                hint="To end it: cc-proxy capture stop",
            )
        now = self._clock()
        folder = self._folder / FOLDER
        private_files.make_folder(folder)
        private_files.check_own_folder(folder)
        name = dt.datetime.fromtimestamp(now, dt.UTC).strftime("capture-%Y%m%d-%H%M%S-%f.jsonl")
        running = _Running(
            folder / name,
            asked.session,
            now,
            now + asked.seconds,
            asked.max_bytes,
            ExchangeRedactor(secrets, digests),
        )
        header = CaptureHeader(
            format=FORMAT, version=__version__, started=_time(now), session=asked.session
        )
        line = msgspec.json.encode(header) + b"\n"
        private_files.create(running.path, line)
        self._running = self._last = running
        self._ended, self._bytes, self._requests = "", len(line), 0
        whose = f"session {asked.session}" if asked.session else "all sessions"
        log.warning("a capture of %s is written to %s", whose, running.path)
        return self.state()

    async def stop(self) -> CaptureState:
        """End the capture, and return what it came to once all is written."""
        # What is still to be written may fill the file.
        await self._writer.close()
        if self.is_on:
            self._end("stopped")
        return self.state()

    async def close(self) -> None:
        """Return once all is written."""
        await self.stop()

    def state(self) -> CaptureState:
        """Return the capture that is on, or the last one."""
        on, last = self.is_on, self._last
        if last is None:
            return CaptureState(on=False)
        return CaptureState(
            on=on,
            file=str(last.path),
            session=last.session,
            started=_time(last.started),
            until=_time(last.until),
            bytes=self._bytes,
            max_bytes=last.max_bytes,
            requests=self._requests,
            ended=self._ended,
        )

    def wants(self, session: str) -> bool:
        """Tell whether the requests of a session are written."""
        # Once: the thread that writes may end the capture at any moment.
        running = self._running
        return running is not None and self.is_on and running.session in ("", session)

    def add(self, line: CapturedRequest | CapturedAnswer) -> None:
        """Write a line, redacted; a request is held until it is on disk."""
        running = self._running
        if running is None:
            return
        data = msgspec.json.encode(line)
        if self._pending_bytes + len(data) > MAX_PENDING_BYTES:
            self._end("failed")
            return
        self._requests += isinstance(line, CapturedRequest)
        self._pending.append((running, data))
        self._pending_bytes += len(data)
        self._writer.more()

    def now(self) -> str:
        """Return this moment as the lines have it."""
        return _time(self._clock())

    def _next(self) -> Callable[[], None] | None:
        if not self._pending:
            return None
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        return lambda: self._write(pending)

    def _write(self, pending: list[tuple[_Running, bytes]]) -> None:
        # In a thread: to look through a long conversation takes a while.
        for running, line in pending:
            if running is not self._last or self._ended in _CUT_SHORT:
                continue
            # A body may be written on several lines.
            data = running.redactor.json(msgspec.json.format(line, indent=-1)) + b"\n"
            if self._bytes + len(data) > running.max_bytes:
                self._end("full")
                continue
            try:
                private_files.append(running.path, data)
            except OSError as error:
                log.warning("the capture %s: %s", running.path, log_text(error))
                self._end("failed")
                continue
            self._bytes += len(data)

    def _end(self, reason: str) -> None:
        if self._running is not None:
            self._running, self._ended = None, reason
            log.warning("the capture has ended: %s", _ENDED.get(reason, "it was stopped"))


def _time(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="seconds")


CAPTURE = web.AppKey("CAPTURE", Capture)
