"""The background process, as `spawn` begins it: its arguments, and how its start went.

A program of its own: the command line takes a while to import, and nobody types this.
"""

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cc_proxy.app import garbage, readers
from cc_proxy.app.config import LaunchOptions, load
from cc_proxy.app.daemon import auth_key, paths
from cc_proxy.app.daemon.process.handshake import Ready, encode
from cc_proxy.app.daemon.process.state import ProcessState
from cc_proxy.app.daemon.serve import Service, serve
from cc_proxy.app.errors import CcProxyError

_STDOUT = 1


def main(arguments: Sequence[str]) -> int:
    """Serve with the arguments of `spawn.command`; how that went is one line on stdout.

    Returns the exit code.
    """
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    try:
        return _serve(given)
    except CcProxyError as error:
        _say_last(encode(error))
        return error.exit_code


def _serve(given: Mapping[str, str]) -> int:
    """Serve as the process that `start.in_background` has made, and holds the lock for."""
    config = given.get("--config")
    folders = paths.find(
        state_dir=Path(given["--state-dir"]),
        log_dir=Path(given["--log-dir"]),
        environ=os.environ,
    )
    read = functools.partial(
        load,
        config_file=Path(config) if config is not None else None,
        options=LaunchOptions.of_arguments(given),
        environ=os.environ,
    )
    loaded = read()
    auth_key.refuse_open_bind(loaded.settings)
    folders.make_folders()
    key = auth_key.effective(loaded.settings, folders)
    notices = tuple(filter(None, [key.notice]))
    service = Service(folders, loaded, read, key.value, background=True, notices=notices)
    return serve(service, _ready)


def _ready(now: ProcessState) -> None:
    _say_last(encode(Ready(now.pid, now.host, now.port, now.instance_id)))


def _say_last(line: bytes) -> None:
    """Write a line to stdout, and nothing after it: nobody reads on."""
    try:
        os.write(_STDOUT, line)
    except OSError as error:
        if not readers.is_broken_pipe(error):
            raise
        # Whoever started this process has given up; it serves all the same.
        sys.stderr.write("nobody waits for this start any more\n")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDOUT)
    os.close(null)


if __name__ == "__main__":
    garbage.relax_gc()
    sys.exit(main(sys.argv[1:]))
