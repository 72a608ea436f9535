"""The last requests that failed, for `status` and `top`."""

import datetime as dt
from collections import deque

from cc_proxy.app.control.wire import LastError

MAX_ERRORS = 10
# A wrong key or path is the client's fault, and says nothing about cc-proxy or Ollama.
_CLIENT_FAULTS = frozenset({401, 404, 405})


class ErrorRecorder:
    """Remembers the last errors that clients got."""

    def __init__(self) -> None:
        self._errors: deque[LastError] = deque(maxlen=MAX_ERRORS)

    @property
    def last(self) -> LastError | None:
        """The last error that a client got."""
        return self._errors[-1] if self._errors else None

    @property
    def latest(self) -> tuple[LastError, ...]:
        """The latest errors, the last one first."""
        return tuple(reversed(self._errors))

    def note(self, request_id: str, message: str) -> None:
        """Record an error that a client got."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._errors.append(LastError(at=at, request_id=request_id, message=message))

    def note_answer(self, request_id: str, path: str, status: int, message: str) -> None:
        """Record an error that was an HTTP status, unless only its client is at fault."""
        if status not in _CLIENT_FAULTS or (status != 401 and path == "/v1/messages"):  # noqa: PLR2004
            self.note(request_id, message)
