"""Asking the process of a state file whether it is the one: by its answer to our key."""

import time

from cc_proxy.app.control import health
from cc_proxy.app.control.wire import Health
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.process import identity
from cc_proxy.app.daemon.process.state import ProcessState

_PAUSE_SECONDS = 0.05


def confirm(now: ProcessState, key: str, *, timeout_seconds: float) -> Health | None:
    """Return the health of the process that `now` describes, None if it ends before it answers.

    Raises:
        DaemonError: it does not take this key, or has not answered in time.

    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        probe = health.ask(now.host, now.port, key)
        if probe.health is not None and probe.health.instance_id == now.instance_id:
            return probe.health
        if not identity.is_alive(now.pid, now.process_start_time):
            return None
        if probe.outcome == "wrong key":
            raise refused(now)
        if time.monotonic() > deadline or identity.is_suspended(now.pid):
            raise silent(now)
        time.sleep(_PAUSE_SECONDS)


def refused(now: ProcessState) -> DaemonError:
    """Return the error for a process that does not take our key."""
    return DaemonError(
        f"The cc-proxy that runs (pid {now.pid}, {now.url}) was started with another key.",
        code="auth_refused",
        exit_code=4,
        hint="Set CC_PROXY_AUTH_KEY as it was at its start, or give it today's: cc-proxy restart",
    )


def silent(now: ProcessState) -> DaemonError:
    """Return the error for a process that is there and does not answer."""
    if now.stopping_until is not None:
        return stopping(now)
    if identity.is_suspended(now.pid):
        return DaemonError(
            f"The cc-proxy that runs (pid {now.pid}, {now.url}) is suspended, as after Ctrl-Z.",
            code="not_answering",
            hint=f"To have it go on: fg in its terminal, or: kill -CONT {now.pid}",
        )
    return DaemonError(
        f"The cc-proxy that runs (pid {now.pid}, {now.url}) does not answer.",
        code="not_answering",
        hint=f"Its log is {now.log_file}; replace it: cc-proxy restart",
    )


def stopping(now: ProcessState) -> DaemonError:
    """Return the error for a process that was asked to stop and still has answers to finish."""
    return DaemonError(
        f"cc-proxy (pid {now.pid}) is stopping. It takes no new requests, and running answers have"
        f" until {now.stopping_until} to finish.",
        code="stopping",
        exit_code=3,
        hint="To use it again, wait until it has ended, then: cc-proxy start",
    )
