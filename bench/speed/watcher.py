"""A reader of `GET /activity`, as `cc-proxy top` and an open page of `cc-proxy ui` together are."""

import http.client
import json
import threading
from types import TracebackType
from typing import Self

_INTERVAL_SECONDS = 1.0
_ASKS_UPSTREAM = 5
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
        ended = 0
        while True:
            self._read("/activity")
            # A page asks for all that ended since, and now and then for the loaded models.
            upstream = "" if self.reads % _ASKS_UPSTREAM == 0 else "&upstream=0"
            ended = json.loads(self._read(f"/activity?ended_after={ended}{upstream}"))["ended"]
            self.reads += 1
            if self._stop.wait(_INTERVAL_SECONDS):
                return

    def _read(self, target: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        connection.request("GET", target, headers={"Authorization": self._authorization})
        answer = connection.getresponse().read()
        connection.close()
        return answer
