"""The last request that failed, for `status`."""

import datetime as dt

from cc_proxy.app.control.wire import LastError

# A wrong key or path is the client's fault, and says nothing about cc-proxy or Ollama.
_CLIENT_FAULTS = frozenset({401, 404, 405})


class ErrorRecorder:
    """Remembers the last error that a client got."""

    def __init__(self) -> None:
        self.last: LastError | None = None

    def note(self, request_id: str, message: str) -> None:
        """Record an error that a client got."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.last = LastError(at=at, request_id=request_id, message=message)

    def note_answer(self, request_id: str, path: str, status: int, message: str) -> None:
        """Record an error that was an HTTP status, unless only its client is at fault."""
        if status not in _CLIENT_FAULTS or (status != 401 and path == "/v1/messages"):  # noqa: PLR2004
            self.note(request_id, message)
