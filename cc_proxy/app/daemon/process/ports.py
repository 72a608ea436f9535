"""Why an address cannot be bound, and by whom a port is taken."""

import errno
import os
import shlex
import socket
import sys
from itertools import pairwise
from pathlib import Path

from cc_proxy.app.addresses import IPV6_LOOPBACK, to_bind
from cc_proxy.app.control import health
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.paths import STATE_FLAG
from cc_proxy.app.daemon.process.state import State

_LISTENING = "0A"  # net/tcp_states.h
_COMMAND_LENGTH = 100
_PRIVILEGED = 1024


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


def bind_error(error: OSError, host: str, port: int) -> DaemonError:
    """Return the error to show for a bind that failed."""
    host = to_bind(host)
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return _in_use(host, port)
    if isinstance(error, socket.gaierror):
        return DaemonError(
            f"Expected {host} to be an address of this machine, found a name that is not known.",
            code="host_unknown",
            hint="Name an address: --host 127.0.0.1",
        )
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


def _in_use(host: str, port: int) -> DaemonError:
    what = f"Expected port {port} on {host} to be free, found it in use"
    pid = _listening_pid(host, port)
    if health.is_cc_proxy(host, port):
        return _other_cc_proxy(what, pid)
    by = f"pid {pid} ({_command(pid)})" if pid is not None else "another program"
    return DaemonError(
        f"{what} by {by}.",
        code="port_in_use",
        hint=f"End that program, or choose another port: --port {port + 1 if port < 65535 else 0}",  # noqa: PLR2004 - the last port
    )


def _other_cc_proxy(what: str, pid: int | None) -> DaemonError:
    """Return the error for a port of a cc-proxy with another state folder.

    The hint names the command that stops it, where the system tells its arguments.
    """
    words = _words(pid) if pid is not None else []
    folders = [after for word, after in pairwise(words) if word == STATE_FLAG]
    named = f" (pid {pid})" if pid is not None else ""
    stop = "Run cc-proxy stop as the user and with the --state-dir that started it."
    if folders:
        stop = f"To stop it: cc-proxy stop {STATE_FLAG} {shlex.quote(folders[0])}"
    elif pid is not None:
        stop = f"To stop it: kill {pid}"
    return DaemonError(
        f"{what} by a cc-proxy with another state folder{named}.",
        code="port_in_use",
        hint=f"To use another port: --port 0 (any free one). {stop}",
    )


def shadowed(now: State) -> tuple[Notice, ...]:
    """Return a warning if `localhost` may lead to another program than this cc-proxy."""
    if not now.shadowed:
        return ()
    by = listener(IPV6_LOOPBACK, now.port) or "another program"
    text = (
        f"Port {now.port} on {IPV6_LOOPBACK} is in use by {by}, and http://localhost:{now.port} may"
        f" lead there. Use {now.url} instead."
    )
    return (Notice("localhost_is_shared", text, "Or end that program, then: cc-proxy restart"),)


def listener(host: str, port: int) -> str | None:
    """Return `pid N (its command)` of who listens at an address, None where it cannot be known."""
    pid = _listening_pid(host, port)
    return f"pid {pid} ({_command(pid)})" if pid is not None else None


def _listening_pid(host: str, port: int) -> int | None:
    if sys.platform != "linux":
        return None
    inodes = _listening_inodes(port, ipv6=":" in host)
    return _holder(inodes) if inodes else None


def _listening_inodes(port: int, *, ipv6: bool) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:  # no IPv6, or a sandbox that hides it: then the holder stays unknown
            continue
        # proc_net_tcp.txt: sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
        for fields in (row.split() for row in rows):
            address, _, number = fields[1].rpartition(":")
            # What listens on every address of IPv6 has those of IPv4 as well.
            concerned = (table == "tcp6") == ipv6 or (table == "tcp6" and not address.strip("0"))
            if concerned and fields[3] == _LISTENING and int(number, 16) == port:
                inodes.add(fields[9])
    return inodes


def _holder(inodes: set[str]) -> int | None:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            entries = list(folder.iterdir())
        except OSError:  # another user's, or gone in the meantime
            continue
        if any(_target(entry) in wanted for entry in entries):
            return int(folder.parent.name)
    return None


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:  # closed in the meantime
        return None


def _command(pid: int) -> str:
    """Return the program and as many whole arguments as fit; what is left out is an ellipsis."""
    words = ["".join(c if c.isprintable() else "?" for c in word) for word in _words(pid)]
    if not words:
        return "its command is not known"
    shown = words[0]
    for word in words[1:]:
        if len(shown) + len(word) >= _COMMAND_LENGTH:
            return f"{shown} …"
        shown += f" {word}"
    return shown


def _words(pid: int) -> list[str]:
    """Return the command line of a process; nothing if it has ended or is hidden."""
    try:
        found = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in found.rstrip(b"\0").split(b"\0") if word]
