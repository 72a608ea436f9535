"""Signals, and the stop request where there are none."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from cc_proxy.app.daemon.process import stop_request

_POLL_SECONDS = 0.2

StopSignal = Callable[[signal.Signals], None]


@contextlib.contextmanager
def handled(asked: StopSignal, reload: Callable[[], object]) -> Iterator[None]:
    """Call `asked` in the event loop for each signal that means to stop, `reload` for SIGHUP.

    To a process in a terminal SIGHUP says that the terminal has closed, and ends it.
    """
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        names = [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
        for name in names:
            signal.signal(
                name,
                lambda number, _frame: loop.call_soon_threadsafe(asked, signal.Signals(number)),
            )
        yield
        return
    stopping = [signal.SIGINT, signal.SIGTERM]
    if _in_terminal():
        stopping.append(signal.SIGHUP)
    else:
        loop.add_signal_handler(signal.SIGHUP, reload)
    for name in stopping:
        loop.add_signal_handler(name, asked, name)
    try:
        yield
    finally:
        for name in {*stopping, signal.SIGHUP}:
            loop.remove_signal_handler(name)


def _in_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:  # detached by `start`, or by a service manager or container
        return False
    return True


async def watch_stop_request(path: Path, instance_id: str, asked: StopSignal) -> None:
    """Call `asked` once a stop request for this instance is there: Windows has no signal for it."""
    while stop_request.read(path, instance_id) is None:  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(_POLL_SECONDS)
    asked(signal.SIGTERM)
