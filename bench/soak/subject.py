"""The cc-proxy under test, as a process of its own, seen from outside."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bench.speed.processes import Process, free_port
from cc_proxy.tests.faults.stage import KEY

_SETTLE_SECONDS = 30.0


class Subject:
    """Runs `cc-proxy start --foreground` of this checkout over an upstream."""

    def __init__(self, upstream_port: int, folder: Path, silence_seconds: float) -> None:
        folder.mkdir()
        self.port = free_port()
        self.files_at_start = 0
        self.log = folder / "output.log"
        self._log_dir = folder / "logs"
        environment = {
            "HOME": str(folder),
            "CC_PROXY_AUTH_KEY": KEY,
            "CC_PROXY_STATE_DIR": str(folder / "state"),
            "CC_PROXY_LOG_DIR": str(self._log_dir),
            "OLLAMA_BASE_URL": f"http://127.0.0.1:{upstream_port}",
            "OLLAMA_TIMEOUT_SECONDS": str(silence_seconds),
        }
        command = [sys.executable, "-m", "cc_proxy", "start", "--foreground"]
        command += ["--port", str(self.port)]
        self._process = Process(command, environment, self.port, self.log)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            DidNotStartError: it ended, or did not answer in time.

        """
        self._process.start()
        self.files_at_start = self.open_files()

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    @property
    def resident_mb(self) -> float:
        """Its resident memory in MB (10^6 bytes)."""
        return self._process.resident_mb()

    @property
    def cpu_s(self) -> float:
        """The CPU seconds it has taken."""
        return self._process.cpu_s()

    def open_files(self) -> int:
        """Return how many file descriptors it holds."""
        return self._process.open_files()

    def faults(self) -> list[str]:
        """Return the lines of its log that report an internal error."""
        texts = [self.log.read_text(encoding="utf-8")]
        texts += [path.read_text(encoding="utf-8") for path in self._log_dir.glob("*.log")]
        marks = ("Traceback", "nternal error", "never retrieved", "was destroyed")
        return [
            line for text in texts for line in text.splitlines() if any(m in line for m in marks)
        ]

    async def health(self) -> dict[str, Any]:
        """Return what it says of itself."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(
            b"GET /health?upstream=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            + f"X-Api-Key: {KEY}\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
        return found

    async def settled(self) -> dict[str, Any]:
        """Return what it says of itself once nothing is under way, or after 30 seconds."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _SETTLE_SECONDS
        while True:
            health = await self.health()
            idle = not health["requests_in_flight"] and not health["queued"]
            if idle or loop.time() > give_up:
                return health
            await asyncio.sleep(0.1)
