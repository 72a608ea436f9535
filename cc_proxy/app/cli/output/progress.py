"""A progress line on stderr."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cc_proxy.app.cli.output import result
from cc_proxy.app.cli.output.amounts import duration, size

# What goes faster than this needs no words.
_AT_ONCE_SECONDS = 0.5
_TICK_SECONDS = 1.0
_REDRAW_SECONDS = 0.1
# The rate is that of the last seconds: what was downloaded by an earlier try has none.
_RATE_SECONDS = 8.0
_BAR_CELLS = 24
# Without a terminal, one line each time that another tenth has come.
_STEPS = 10


def on_terminal() -> bool:
    """Tell whether a line on stderr can take the place of the last one."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show `what` and the seconds for as long as the block takes; nothing without a terminal."""
    if not on_terminal():
        yield
        return
    began, over = time.monotonic(), threading.Event()

    def tick() -> None:
        pause = _AT_ONCE_SECONDS
        while not over.wait(pause):
            result.transient(f"{what} …  {duration(time.monotonic() - began)}")
            pause = _TICK_SECONDS

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        result.transient("")


class Download:
    """Shows how much of a download has come: a bar on a terminal, else a line each tenth."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bar = on_terminal()
        self._seen: deque[tuple[float, int]] = deque()
        self._drawn = -_REDRAW_SECONDS
        self._status = ""
        self._told = 0

    def status(self, text: str) -> None:
        """Show what is done now, in words."""
        if text == self._status:
            return
        self._status = text
        if self._bar:
            result.transient(text)
        else:
            result.note(text)

    def amount(self, done: int, total: int) -> None:
        """Show how many of the bytes are there."""
        now = self._clock()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _RATE_SECONDS:
            self._seen.popleft()
        if not self._bar:
            self._tell(done, total)
        elif now - self._drawn >= _REDRAW_SECONDS or done == total:
            self._drawn = now
            result.transient(self._line(done, total))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar:
            result.transient("")

    def _tell(self, done: int, total: int) -> None:
        tenths = done * _STEPS // total if total else 0
        if tenths > self._told:
            self._told = tenths
            result.note(f"{tenths * 100 // _STEPS} %  {size(done)} of {size(total)}")

    def _line(self, done: int, total: int) -> str:
        share = done / total if total else 0.0
        cells = "#" * int(share * _BAR_CELLS)
        line = f"{share:4.0%} [{cells:<{_BAR_CELLS}}] {size(done)} of {size(total)}"
        began, first = self._seen[0]
        seconds, came = self._seen[-1][0] - began, done - first
        if seconds <= 0 or came <= 0:
            return line
        rate = came / seconds
        return f"{line}  {size(int(rate))}/s  {duration((total - done) / rate)} left"


class Steps:
    """Shows what is done now: in one place on a terminal, else a line each."""

    def __init__(self) -> None:
        self._terminal = on_terminal()

    def show(self, text: str) -> None:
        """Show the step that begins."""
        (result.transient if self._terminal else result.note)(text)

    def close(self) -> None:
        """Take the last one away."""
        if self._terminal:
            result.transient("")
