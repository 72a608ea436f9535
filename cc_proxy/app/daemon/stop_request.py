"""What the one who stops a process has to tell it: how long running answers may take."""

from pathlib import Path

import msgspec

from cc_proxy.app.daemon import files
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths


class StopRequest(msgspec.Struct, frozen=True):
    """Meant for one instance; a file, since a signal carries no number, and Windows has none."""

    instance_id: str
    drain_seconds: float


def write(paths: Paths, request: StopRequest) -> None:
    """Leave a request; it takes effect with the signal (on Windows, by itself).

    Raises:
        DaemonError: it cannot be written.

    """
    with files.explained(paths.stop_file, STATE_FLAG):
        files.replace(paths.stop_file, msgspec.json.encode(request))


def read(path: Path, instance_id: str) -> StopRequest | None:
    """Return the request to this instance, None if there is none."""
    try:
        request = msgspec.json.decode(files.read(path), type=StopRequest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return request if request.instance_id == instance_id else None
