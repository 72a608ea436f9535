"""Passing Claude Code's telemetry to a collector, or dropping it.

Claude Code sends OTLP over HTTP (`/v1/metrics`, `/v1/logs`, `/v1/traces`) to the address in
OTEL_EXPORTER_OTLP_ENDPOINT, as JSON or protobuf. It is answered at once: no exporter waits for the
collector, and no request for an answer waits for either.
"""

import asyncio
import io
import logging
from collections import deque
from dataclasses import dataclass

import aiohttp

from cc_proxy import __version__
from cc_proxy.app import certificates
from cc_proxy.app.config import TelemetrySettings
from cc_proxy.app.errors import log_text

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_WAITING_BYTES = 16 * 1024 * 1024
OWN_USER_AGENT = "cc-proxy/"
_SECONDS = 10.0
_REFUSED_FROM = 300


@dataclass(frozen=True)
class Export:
    """One request of an exporter: its path, the media type of the body, and the body."""

    path: str
    content_type: str
    body: bytes


class TelemetryForwarder:
    """Sends exports on, one after the other; what comes while too much waits is dropped."""

    def __init__(self, *, max_bytes: int = MAX_WAITING_BYTES) -> None:
        self._settings = TelemetrySettings()
        self._max_bytes = max_bytes
        self._waiting: deque[Export] = deque()
        self._waiting_bytes = 0
        self._sending: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._has_failed = False
        self.dropped = 0

    def take(self, export: Export, settings: TelemetrySettings) -> None:
        """Send an export on as soon as those before it are sent; drop it without a collector.

        `settings` are those of this moment, by which earlier ones are sent from now on, too.
        """
        self._settings = settings
        if settings.otlp_url is None:
            return
        if self._waiting_bytes + len(export.body) > self._max_bytes:
            self.dropped += 1
            self._failed("it takes exports more slowly than they come")
            return
        self._waiting.append(export)
        self._waiting_bytes += len(export.body)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())

    async def close(self) -> None:
        """Drop what was not sent, and close the connections."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        if self._session is not None:
            await self._session.close()

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                export = self._waiting[0]
                await self._send(export)
                self._waiting.popleft()
                self._waiting_bytes -= len(export.body)
        finally:
            self._sending = None

    async def _send(self, export: Export) -> None:
        settings = self._settings
        if settings.otlp_url is None:
            return
        url = settings.otlp_url.rstrip("/") + export.path
        headers = {"Content-Type": export.content_type, **settings.headers}
        try:
            async with self._opened().post(
                url, data=io.BytesIO(export.body), headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # TimeoutError is an OSError; ValueError: a host name that cannot be put into a request.
            self._failed(log_text(error) or type(error).__name__)
            return
        if status >= _REFUSED_FROM:
            self._failed(f"it answered {status}")
        else:
            self._has_failed = False

    def _failed(self, reason: str) -> None:
        # Exports come every few seconds: one line until one gets through again.
        if not self._has_failed:
            log.warning("telemetry is not passed on to telemetry.otlp_url: %s", reason)
        self._has_failed = True

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=certificates.default_context()),
                headers={"User-Agent": f"{OWN_USER_AGENT}{__version__}"},
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session
