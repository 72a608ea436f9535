"""A package index on loopback that has nothing but what is put into it."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from release.commands import ReleaseError

PATIENCE_SECONDS = 30.0


@contextmanager
def serve_index(packages: Path) -> Iterator[str]:
    """Serve a folder of packages, open to uploads, for as long as the block runs.

    Yields: the address of the index; its simple pages are under `/simple/`.

    Raises:
        ReleaseError: it does not answer within `PATIENCE_SECONDS`.

    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pypiserver", "run", "--disable-fallback"]
    command += [
        "--interface",
        "127.0.0.1",
        "--port",
        str(port),
        "-P",
        ".",
        "-a",
        ".",
        str(packages),
    ]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(  # noqa: S603 -- our own interpreter
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(f"{address}/health", server)
            yield address
        finally:
            server.terminate()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 -- loopback
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise ReleaseError(f"expected a package index at {address}, found none")
