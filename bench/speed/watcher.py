"""A reader of `GET /activity`, as `cc-proxy top` is one: once a second, until it is stopped."""

import http.client
import threading
from types import TracebackType
from typing import Self

_INTERVAL_SECONDS = 1.0
_TIMEOUT_SECONDS = 10.0


class Watcher:
    """Reads while the block runs; `reads` counts the answers."""

    def __init__(self, port: int, authorization: str) -> None:
        self.reads = 0
        self._port = port
        self._authorization = authorization
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, once the answer is there that is on its way."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS
            )
            connection.request("GET", "/activity", headers={"Authorization": self._authorization})
            connection.getresponse().read()
            connection.close()
            self.reads += 1
            if self._stop.wait(_INTERVAL_SECONDS):
                return
