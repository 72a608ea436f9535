"""The request to stop: the time that answers have, and whether a new process follows."""

from pathlib import Path

import msgspec

from cc_proxy.app import private_files
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths


class StopRequest(msgspec.Struct, frozen=True):
    """Meant for one instance, `comes_back` when another is to follow.

    A file, since a signal carries no number, and Windows has none.
    """

    instance_id: str
    drain_seconds: float
    comes_back: bool = False


def write(paths: Paths, request: StopRequest) -> None:
    """Leave a request; it takes effect with the signal (on Windows, by itself).

    Raises:
        DaemonError: it cannot be written.

    """
    with explained(paths.stop_file, STATE_FLAG):
        private_files.replace(paths.stop_file, msgspec.json.encode(request))


def read(path: Path, instance_id: str) -> StopRequest | None:
    """Return the request to this instance, None if there is none."""
    try:
        request = msgspec.json.decode(private_files.read(path), type=StopRequest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return request if request.instance_id == instance_id else None
