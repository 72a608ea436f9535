"""Checks of the certificate that cc-proxy shows to other machines."""

import os
import shlex
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from cc_proxy.app import server_certificate
from cc_proxy.app.cli.doctor.check import Check, ok, warn
from cc_proxy.app.config import Server

_NAME = "tls_certificate"
_DAY_SECONDS = 24 * 3600
# Authorities with certificates for 90 days have them renewed 30 days before the end.
_FEW_DAYS = 14


def checks(server: Server) -> Iterator[Check]:
    """Yield what is to say about the certificate and its key; nothing where there is none."""
    if server.tls_certificate is None or server.tls_key is None:
        return
    try:
        found = server_certificate.facts(server.tls_certificate, server.tls_key)
    except server_certificate.UnusableCertificateError as error:
        # The configuration was right an instant ago.
        yield warn(_NAME, f"{server.tls_certificate}: {error}", "cc-proxy doctor")
        return
    names = ", ".join(found.names) or "no name"
    text = f"for {names}, until {found.last_day}"
    days = (found.valid_until - time.time()) / _DAY_SECONDS
    refused = [name for name in server.allowed_hosts if not _accepts(server, name)]
    if days < _FEW_DAYS:
        left = f"{text}: less than {int(days) + 1} days"
        yield warn(_NAME, left, "Renew it, then: cc-proxy reload")
    elif refused:
        more = f"{text}; clients refuse it for {', '.join(refused)} of server.allowed_hosts"
        yield warn(_NAME, more, "Get one for these names as well, then: cc-proxy reload")
    else:
        yield ok(_NAME, text)
    yield from _open_key(Path(server.tls_key))


def _accepts(server: Server, name: str) -> bool:
    certificate, key = server.tls_certificate, server.tls_key
    # A pattern may have none of its names in use.
    if certificate is None or key is None or "*" in name:
        return True
    return server_certificate.is_for_name(certificate, key, name)


def _open_key(key: Path) -> Iterator[Check]:
    """Yield a warning about a key that every user of the machine can read.

    A group may: that is how some systems give services their keys.
    """
    if os.name != "posix":
        return
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & stat.S_IROTH:
        text = f"every user of this machine can read {key} ({mode:04o})"
        yield warn("tls_key", text, f"chmod o= {shlex.quote(str(key))}")
