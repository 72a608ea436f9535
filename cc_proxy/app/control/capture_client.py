"""A client of `/capture`."""

from http import HTTPStatus
from http.client import HTTPException

import msgspec

from cc_proxy.app.control.capture import CaptureStart
from cc_proxy.app.control.http_exchange import exchange, reason_of
from cc_proxy.app.control.wire import CaptureState

_SECONDS = 15.0


def start(host: str, port: int, key: str, asked: CaptureStart) -> CaptureState | str | None:
    """Begin a capture; a string is the proxy's reason why it cannot, None: it does not answer.

    To be asked only of a process that is known to be ours, as all of these.
    """
    return _ask(host, port, key, "/capture", msgspec.json.encode(asked))


def stop(host: str, port: int, key: str) -> CaptureState | str | None:
    """End the capture; the answer as in `start`."""
    return _ask(host, port, key, "/capture/stop", b"")


def state(host: str, port: int, key: str) -> CaptureState | str | None:
    """Return the capture that is on, or the last one; the answer as in `start`."""
    return _ask(host, port, key, "/capture", None)


def _ask(
    host: str, port: int, key: str, target: str, body: bytes | None
) -> CaptureState | str | None:
    try:
        status, found = exchange(host, port, target, key=key, body=body, timeout_seconds=_SECONDS)
        if status == HTTPStatus.OK:
            return msgspec.json.decode(found, type=CaptureState)
        return reason_of(found)
    except (OSError, HTTPException, msgspec.DecodeError, UnicodeDecodeError):
        return None
