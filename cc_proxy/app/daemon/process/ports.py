"""Errors of binding an address, and the program that occupies a port."""

import errno
import os
import shlex
import socket
import sys

from cc_proxy.app.addresses import IPV6_LOOPBACK, to_bind
from cc_proxy.app.control import health
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.paths import STATE_FLAG
from cc_proxy.app.daemon.process import listeners
from cc_proxy.app.daemon.process.listeners import Listener
from cc_proxy.app.daemon.process.state import ProcessState

IN_USE = "port_in_use"
_PRIVILEGED = 1024
_LAST = 65535


def refuse_unusable(host: str, port: int) -> None:
    """Refuse an address that cannot be bound now; it is free again afterwards.

    Raises:
        DaemonError: as `bind_error`.

    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            to_bind(host), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            if os.name == "posix":  # else a port that has just been left would look taken
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen()
    except OSError as error:
        raise bind_error(error, host, port) from error


def refuse_unknown(host: str) -> None:
    """Refuse a name that has no address.

    Raises:
        DaemonError: code `host_unknown`.

    """
    try:
        socket.getaddrinfo(to_bind(host), None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise _unknown(host) from error


def bind_error(error: OSError, host: str, port: int) -> DaemonError:
    """Return the error to show for a bind that failed."""
    host = to_bind(host)
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return _in_use(host, port)
    if isinstance(error, socket.gaierror):
        return _unknown(host)
    if error.errno == errno.EADDRNOTAVAIL:
        return DaemonError(
            f"Expected {host} to be an address of this machine, found that it is not.",
            code="address_not_available",
            hint="Name one that is: --host 127.0.0.1",
        )
    if error.errno in {errno.EACCES, errno.EPERM} and port < _PRIVILEGED:
        return DaemonError(
            f"Expected to listen on {where}, found that this user may not use a port that low.",
            code="port_not_permitted",
            hint=f"Name a port from {_PRIVILEGED} up: --port 3456",
        )
    return DaemonError(
        f"Expected to listen on {where}, found: {error.strerror or error}.",
        code="bind_failed",
        hint="Name another address: --host 127.0.0.1 --port 0 (0: any free port)",
    )


def _unknown(host: str) -> DaemonError:
    return DaemonError(
        f"Expected {host} to be an address of this machine, found a name that is not known.",
        code="host_unknown",
        hint="Name an address: --host 127.0.0.1",
    )


def _in_use(host: str, port: int) -> DaemonError:
    found = listeners.find(host, port)
    is_cc_proxy = health.is_cc_proxy(host, port)
    choose = f"--port {port + 1 if port < _LAST else 0}, CC_PROXY_PORT or server.port in the"
    choose += " configuration"
    if found is not None and found.uid != _own_uid():
        hint = f"To use another port: {choose}"
    elif is_cc_proxy:
        hint = f"To use another port: {choose}. {_how_to_stop(found)}"
    else:
        hint = f"End that program, or choose another port: {choose}"
    return DaemonError(
        f"Expected port {port} on {host} to be free, found it in use by"
        f" {_described(found, is_cc_proxy=is_cc_proxy)}.",
        code=IN_USE,
        hint=hint,
    )


def occupant(host: str, port: int) -> str:
    """Return who has a port, as far as it is known: `pid N (its command)`."""
    host = to_bind(host)
    is_cc_proxy = health.is_cc_proxy(host, port)
    return _described(listeners.find(host, port), is_cc_proxy=is_cc_proxy)


def _described(found: Listener | None, *, is_cc_proxy: bool) -> str:
    if not is_cc_proxy:
        return str(found or "another program")
    if found is not None and found.uid != _own_uid():
        return f"the cc-proxy of the user {found.user}"
    named = f" (pid {found.pid})" if found is not None and found.pid is not None else ""
    return f"a cc-proxy with another state folder{named}"


def _how_to_stop(found: Listener | None) -> str:
    if found is not None and found.state_dir is not None:
        return f"To stop it: cc-proxy stop {STATE_FLAG} {shlex.quote(found.state_dir)}"
    if found is not None and found.pid is not None:
        return f"To stop it: kill {found.pid}"
    return "Run cc-proxy stop as the user and with the --state-dir that started it."


def _own_uid() -> int:
    return os.getuid() if sys.platform != "win32" else 0


def shadowed(now: ProcessState) -> tuple[Notice, ...]:
    """Return a warning if `localhost` may point to another program than this cc-proxy."""
    if not now.shadowed:
        return ()
    by = listeners.find(IPV6_LOOPBACK, now.port) or "another program"
    text = (
        f"Port {now.port} on {IPV6_LOOPBACK} is in use by {by}, and http://localhost:{now.port} may"
        f" lead there. Use {now.url} instead."
    )
    return (Notice("localhost_is_shared", text, "Or end that program, then: cc-proxy restart"),)
