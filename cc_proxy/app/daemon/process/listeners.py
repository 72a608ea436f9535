"""The program that listens at an address of this machine, as far as Linux shows it."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cc_proxy.app.daemon.paths import STATE_FLAG

_LISTENING = "0A"  # net/tcp_states.h
_COMMAND_LENGTH = 100


@dataclass(frozen=True)
class Listener:
    """A listening program; for another user's, `pid` and `words` (its command) are unknown."""

    uid: int
    pid: int | None = None
    words: tuple[str, ...] = ()

    @property
    def user(self) -> str:
        """The name of its user, or the number of one without a name."""
        if sys.platform == "win32":
            return str(self.uid)
        import pwd  # noqa: PLC0415 - Windows has none

        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    @property
    def state_dir(self) -> str | None:
        """The state folder that its command names, if it is a cc-proxy in the background."""
        return next((after for word, after in pairwise(self.words) if word == STATE_FLAG), None)

    def __str__(self) -> str:
        """Return `pid N (its command)`, or whose it is."""
        if self.pid is None:
            return f"a program of the user {self.user}"
        return f"pid {self.pid} ({_shown(self.words)})"


def find(host: str, port: int) -> Listener | None:
    """Return who listens on a TCP port of an IP address, None where it cannot be known."""
    if sys.platform != "linux":
        return None
    uids = dict(_sockets(port, ipv6=":" in host))
    if not uids:
        return None
    for folder in Path("/proc").glob("[0-9]*/fd"):
        for inode in _open_sockets(folder):
            if inode in uids:
                pid = int(folder.parent.name)
                return Listener(uids[inode], pid, _words(pid))
    return Listener(next(iter(uids.values())))


def _sockets(port: int, *, ipv6: bool) -> Iterator[tuple[str, int]]:
    """Yield inode and user id of each socket that listens on a port."""
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
                yield fields[9], int(fields[7])


def _open_sockets(folder: Path) -> Iterator[str]:
    """Yield the inodes of a process's sockets."""
    try:
        links = list(folder.iterdir())
    except OSError:  # another user's, or gone in the meantime
        return
    for link in links:
        try:
            target = str(link.readlink())
        except OSError:  # closed in the meantime
            continue
        if target.startswith("socket:["):
            yield target[len("socket:[") : -1]


def _words(pid: int) -> tuple[str, ...]:
    """Return the command line of a process; nothing if it has ended or is hidden."""
    try:
        found = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(os.fsdecode(word) for word in found.rstrip(b"\0").split(b"\0") if word)


def _shown(words: tuple[str, ...]) -> str:
    """Return the program and as many whole arguments as fit; an ellipsis if some do not."""
    plain = ["".join(c if c.isprintable() else "?" for c in word) for word in words]
    if not plain:
        return "its command is not known"
    shown = plain[0]
    for word in plain[1:]:
        if len(shown) + len(word) >= _COMMAND_LENGTH:
            return f"{shown} …"
        shown += f" {word}"
    return shown
