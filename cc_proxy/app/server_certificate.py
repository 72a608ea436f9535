"""The certificate that cc-proxy itself shows to its clients, read by OpenSSL.

It brings `ssl`, which takes a while to import: only a configuration with a certificate imports it.
"""

import datetime as dt
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

# As a certificate's fields are there only after a handshake that trusts it, one is made in memory,
# with a client for which its dates do not matter: X509_V_FLAG_NO_CHECK_TIME of OpenSSL's
# x509_vfy.h, for which Python has no name.
_NO_CHECK_TIME = 0x200000
# In TLS 1.3 a client is done after two steps, in TLS 1.2 after three.
_STEPS = 6
_OTHER_KEY = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


class UnusableCertificateError(ValueError):
    """OpenSSL does not take the files; the message is its reason.

    `is_other_key`: each is right, and the key belongs to another certificate.
    """

    def __init__(self, reason: str, *, is_other_key: bool = False) -> None:
        super().__init__(reason)
        self.is_other_key = is_other_key


@dataclass(frozen=True)
class CertificateFacts:
    """The contents of a certificate: DNS names and addresses, and the times (Unix, in seconds)."""

    names: tuple[str, ...]
    valid_from: float
    valid_until: float

    @property
    def last_day(self) -> str:
        """The day in UTC on which it expires, as 2026-11-29."""
        return dt.datetime.fromtimestamp(self.valid_until, dt.UTC).date().isoformat()


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return the context with which a server shows a certificate; both are paths of PEM files.

    Raises:
        UnusableCertificateError: the files are no pair that OpenSSL takes.

    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Without it a client may choose HTTP/2, which aiohttp does not speak.
    context.set_alpn_protocols(("http/1.1",))
    try:
        # Without a password at hand OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        is_other = error.reason in _OTHER_KEY
        raise UnusableCertificateError(_reason(error), is_other_key=is_other) from error
    except OSError as error:
        raise UnusableCertificateError(error.strerror or str(error)) from error
    return context


def facts(certificate: str, key: str) -> CertificateFacts:
    """Return what a certificate says, valid or not.

    Raises:
        UnusableCertificateError: the files are no pair that OpenSSL takes, or it is no server's.

    """
    server = server_context(certificate, key)
    client = _client(lambda context: context.load_verify_locations(certificate))
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    try:
        found = _handshake(server, client, None)
    except ssl.SSLError as error:
        raise UnusableCertificateError(_reason(error)) from error
    shown = found.getpeercert() or {}
    # Pairs of a kind (DNS, IP Address) and a name.
    names = [pair[1] for pair in shown.get("subjectAltName", ())]
    return CertificateFacts(
        tuple(map(str, names)),
        ssl.cert_time_to_seconds(str(shown["notBefore"])),
        ssl.cert_time_to_seconds(str(shown["notAfter"])),
    )


def is_for_name(certificate: str, key: str, host: str) -> bool:
    """Return whether clients of `https://host`, which trust the authority, accept the certificate.

    Raises:
        UnusableCertificateError: as `facts`.

    """
    client = _client(lambda context: context.load_verify_locations(certificate))
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    return _is_accepted(server_context(certificate, key), client, host)


def is_trusted_by_system(certificate: str, key: str) -> bool:
    """Return whether an authority that this system trusts has signed the certificate.

    Raises:
        UnusableCertificateError: as `facts`.

    """
    client = _client(ssl.SSLContext.load_default_certs)
    client.check_hostname = False
    return _is_accepted(server_context(certificate, key), client, None)


def has_its_root(certificate: str, key: str) -> bool:
    """Return whether the file has the root as well, as that of a self-signed certificate does.

    Node does not trust a certificate by itself, only by its root: with this file and no other in
    NODE_EXTRA_CA_CERTS it works.

    Raises:
        UnusableCertificateError: as `facts`.

    """
    client = _client(lambda context: context.load_verify_locations(certificate))
    client.check_hostname = False
    return _is_accepted(server_context(certificate, key), client, None)


def _client(trust: Callable[[ssl.SSLContext], None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust(context)
    return context


def _is_accepted(server: ssl.SSLContext, client: ssl.SSLContext, host: str | None) -> bool:
    try:
        _handshake(server, client, host)
    except ssl.SSLCertVerificationError:
        return False
    except ssl.SSLError as error:
        raise UnusableCertificateError(_reason(error)) from error
    return True


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str | None) -> ssl.SSLObject:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    asking = client.wrap_bio(to_client, to_server, server_hostname=host)
    for _ in range(_STEPS):
        with suppress(ssl.SSLWantReadError):
            asking.do_handshake()
            return asking
        with suppress(ssl.SSLWantReadError):
            answering.do_handshake()
    raise ssl.SSLError(ssl.SSL_ERROR_SSL, "the handshake does not end")


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or str(error)).replace("_", " ").lower()
