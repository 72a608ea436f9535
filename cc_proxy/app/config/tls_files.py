"""Checks of the files of TLS that the settings name, before a server is asked.

Whether a key belongs to the certificate for an upstream is seen with the first request: every
command would wait for OpenSSL to be loaded. The certificate of cc-proxy itself is checked at once.
"""

import base64
import binascii
import datetime as dt
import errno
import os
import stat
import time
from collections.abc import Iterator, Mapping

from cc_proxy.app.config.errors import Problem
from cc_proxy.app.config.settings import Ollama, Server, UpstreamSettings

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"
_LOCKED = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")
# All authorities of a system together take half a megabyte.
_MOST_BYTES = 4 * 1024 * 1024
# A named pipe would wait for somebody at its other end.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_BEGIN, _END = b"-----BEGIN ", b"-----END "
# What is in a block of PEM is a sequence in DER.
_SEQUENCE = b"\x30"
_PAIR = "a certificate and its key in PEM, and the key without a passphrase"
_EXPECTED = {
    (_CERTIFICATE,): "certificates in PEM",
    (_KEY,): "a private key in PEM, without a passphrase",
    (_CERTIFICATE, _KEY): _PAIR,
}
_OWN_CERTIFICATE, _OWN_KEY = "server.tls_certificate", "server.tls_key"
_ANEW = "get a new one, then: cc-proxy reload"


def problems(
    section: str, server: Ollama | UpstreamSettings, origins: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the faults of a server's files.

    `section` is its place in the file, `origins` has where each setting came from.
    """
    if server.ca_file:
        yield from _unusable(f"{section}.ca_file", (server.ca_file,), (_CERTIFICATE,), origins)
    if server.client_cert:
        files = tuple(filter(None, (server.client_cert, server.client_key)))
        yield from _unusable(f"{section}.client_cert", files, (_CERTIFICATE, _KEY), origins)
    elif server.client_key:
        name = f"{section}.client_key"
        yield Problem(
            where=f"{name} ({origins[name]})",
            what=f"{section}.client_cert is missing",
            expected="a key that comes with its certificate",
        )


def own_problems(server: Server, origins: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the faults of the files of cc-proxy's own certificate."""
    certificate, key = server.tls_certificate, server.tls_key
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        given, missing = (
            (_OWN_KEY, _OWN_CERTIFICATE) if certificate is None else (_OWN_CERTIFICATE, _OWN_KEY)
        )
        yield Problem(
            where=f"{given} ({origins[given]})",
            what=f"{missing} is missing",
            expected="one of a pair, a certificate and its key",
            fix=f"set {missing} as well: both, or neither for plain HTTP",
        )
        return
    unusable = [
        *_unusable(_OWN_CERTIFICATE, (certificate,), (_CERTIFICATE,), origins),
        *_unusable(_OWN_KEY, (key,), (_KEY,), origins),
    ]
    yield from unusable or _unfit_pair(certificate, key, origins)


def _unfit_pair(certificate: str, key: str, origins: Mapping[str, str]) -> Iterator[Problem]:
    from cc_proxy.app import server_certificate  # noqa: PLC0415 - ssl costs only those with TLS

    try:
        found = server_certificate.facts(certificate, key)
    except server_certificate.UnusableCertificateError as error:
        if error.is_other_key:
            expected = f"the private key of the first certificate in {certificate}"
            yield _problem(_OWN_KEY, origins, expected, f"another one: {key}")
        else:
            found_text = f"one that OpenSSL refuses ({error}): {certificate}"
            yield _problem(_OWN_CERTIFICATE, origins, "the certificate of a server", found_text)
        return
    now, expected = time.time(), "a certificate that is valid now"
    if now >= found.valid_until:
        text = f"one that expired on {found.last_day}: {certificate}"
        yield _problem(_OWN_CERTIFICATE, origins, expected, text, _ANEW)
    elif now < found.valid_from:
        text = f"one that is valid from {_minute(found.valid_from)} on: {certificate}"
        fix = f"{_ANEW}. Or set the clock of this machine, which says {_minute(now)}"
        yield _problem(_OWN_CERTIFICATE, origins, expected, text, fix)


def _minute(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _unusable(
    name: str, files: tuple[str, ...], parts: tuple[bytes, ...], origins: Mapping[str, str]
) -> Iterator[Problem]:
    expected = _EXPECTED[parts]
    shown = ", ".join(files)
    try:
        content = b"\n".join(map(_content, files))
    except OSError as error:
        found = f"{error.strerror}: {error.filename}"
        yield _problem(name, origins, "a file that can be read", found)
        return
    if any(locked in content for locked in _LOCKED):
        yield _problem(name, origins, expected, f"a key with a passphrase: {shown}")
    elif not all(part in content for part in parts):
        yield _problem(name, origins, expected, f"something else: {shown}")
    elif len(content) < _MOST_BYTES and (damaged := _damaged_line(content)):
        yield _problem(name, origins, expected, f"damage in line {damaged}: {shown}")


def _damaged_line(content: bytes) -> int | None:
    """Return the line, from 1, at which a block of PEM cannot be read; None if all can."""
    kind, body = b"", b""
    number = 0
    for number, line in enumerate(map(bytes.strip, content.splitlines()), 1):
        if line.startswith(_BEGIN):
            if kind:
                return number
            kind, body = line.removeprefix(_BEGIN), b""
        elif line.startswith(_END):
            if line.removeprefix(_END) != kind or not _is_der(body):
                return number
            kind = b""
        elif kind and b":" not in line:
            body += line
    return number if kind else None


def _is_der(body: bytes) -> bool:
    try:
        return base64.b64decode(body, validate=True).startswith(_SEQUENCE)
    except binascii.Error:
        return False


def _content(file: str) -> bytes:
    handle = os.open(file, os.O_RDONLY | _NO_WAIT)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", file)
        return os.read(handle, _MOST_BYTES)
    finally:
        os.close(handle)


def _problem(
    name: str, origins: Mapping[str, str], expected: str, found: str, fix: str | None = None
) -> Problem:
    return Problem(
        where=f"{name} ({origins[name]})",
        what="it cannot be used",
        expected=expected,
        found=found,
        fix=fix,
    )
