"""Limits for each client, so that one cannot use up the resources of all."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of the HTTP server; docs/reference/limits.md states them.

    `connections`: many times what the sessions of one person need. `keyless_…`: of those that
    have not shown the key: how many, how long after an answer, and how much they may send.
    `header_seconds`: from
    connecting to the end of the first request's headers. `idle_seconds`: from an answer to the end
    of the next request's headers, longer than clients keep a connection. `line_bytes`: of the first
    line, and of each header. `all_bodies_bytes`: of all bodies that are being read or translated.
    `stall_seconds`: in which a client takes nothing of its answer; the
    model would be held for it, and Claude Code itself waits for 300.
    """

    connections: int = 2048
    keyless_connections: int = 256
    keyless_idle_seconds: float = 10.0
    keyless_bytes: int = 2 * MIB
    header_seconds: float = 30.0
    idle_seconds: float = 600.0
    line_bytes: int = 8190
    headers: int = 128
    body_bytes: int = 64 * MIB
    all_bodies_bytes: int = 256 * MIB
    body_seconds: float = 120.0
    stall_seconds: float = 300.0
