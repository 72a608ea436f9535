"""The last request that went wrong, for whoever asks how things are."""

import datetime as dt

import msgspec

# What says something of the asker, not of cc-proxy or what is behind it: a wrong key, an
# address that nobody serves.
_OF_THE_ASKER = frozenset({401, 404, 405})


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One error that a client was told; `at` is UTC in ISO 8601."""

    at: str
    request_id: str
    message: str


class Faults:
    """Remembers the latest."""

    def __init__(self) -> None:
        self.last: Fault | None = None

    def note(self, request_id: str, message: str) -> None:
        """Take in an error that a client was told."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self.last = Fault(at=at, request_id=request_id, message=message)

    def note_answer(self, request_id: str, path: str, status: int, message: str) -> None:
        """Take in an error that came as an HTTP status, if it tells of more than its asker."""
        if status not in _OF_THE_ASKER or (status != 401 and path == "/v1/messages"):  # noqa: PLR2004
            self.note(request_id, message)
