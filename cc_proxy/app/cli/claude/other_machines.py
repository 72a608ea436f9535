"""The address of the proxy for other machines: warnings about it, and variables for its TLS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cc_proxy.app import server_certificate
from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.cli.claude.launch import Launch
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.config import Server
from cc_proxy.app.gateway.http.browser import is_own_name

_AUTHORITIES = "NODE_EXTRA_CA_CERTS"


@dataclass(frozen=True)
class AddressNotes:
    """The warnings about an address, and the variables that Claude Code needs beside it."""

    warnings: tuple[ErrorItem, ...]
    variables: dict[str, str]

    def added_to(
        self, prepared: Launch, warnings: tuple[ErrorItem, ...]
    ) -> tuple[Launch, tuple[ErrorItem, ...]]:
        """Return what is prepared and its warnings, with these."""
        return prepared.with_variables(self.variables), (*warnings, *self.warnings)


def notes(url: str | None, server: Server, port: int) -> AddressNotes:
    """Return what to know about `url`; None is the address for programs on this machine.

    `server` has the settings of the proxy, which listens on `port`.
    """
    if url is None:
        return AddressNotes(tuple(_for_others(server, port)), {})
    warnings = [*_not_its_own(url, server.allowed_hosts)]
    variables: dict[str, str] = {}
    if server.tls_certificate is not None and server.tls_key is not None:
        about, variables = _about_tls(url, server.tls_certificate, server.tls_key)
        warnings += about
    return AddressNotes(tuple(warnings), variables)


def _not_its_own(url: str, allowed_hosts: Sequence[str]) -> Iterator[ErrorItem]:
    host = urlsplit(url).hostname or ""
    if not is_own_name(host, allowed_hosts):
        yield ErrorItem(
            "host_not_allowed",
            f"cc-proxy refuses requests for the name {host}, unless a web server in front of it"
            " gives them another: it is not among server.allowed_hosts.",
            f"export CC_PROXY_ALLOWED_HOSTS={host} and then: cc-proxy restart",
        )


def _for_others(server: Server, port: int) -> Iterator[ErrorItem]:
    if server.tls_certificate is None or server.tls_key is None or is_loopback(server.host):
        return
    names = server_certificate.facts(server.tls_certificate, server.tls_key).names
    name = next((name for name in names if not is_loopback(name) and "*" not in name), "HOST")
    host = f"[{name}]" if ":" in name else name
    yield ErrorItem(
        "this_machine_only",
        "This address is for programs on this machine; other machines must use https.",
        f"For them: --url https://{host}:{port}",
    )


def _about_tls(
    url: str, certificate: str, key: str
) -> tuple[tuple[ErrorItem, ...], dict[str, str]]:
    split = urlsplit(url)
    host = split.hostname or ""
    if split.scheme == "http":
        if is_loopback(host):
            return (), {}
        text = "cc-proxy has a certificate, and refuses plain HTTP from other machines."
        return (ErrorItem("plain_http", text, f"--url https{url.removeprefix('http')}"),), {}
    if not server_certificate.is_for_name(certificate, key, host):
        names = ", ".join(server_certificate.facts(certificate, key).names) or "no name"
        item = ErrorItem(
            "name_not_in_certificate",
            f"Clients refuse the certificate for {host}, unless a web server in front of it has"
            f" another: {certificate} is for {names}.",
            f"Get a certificate for {host}, or name the proxy as it does: --url",
        )
        return (item,), {}
    if server_certificate.is_trusted_by_system(certificate, key):
        return (), {}
    if server_certificate.has_its_root(certificate, key):
        item = ErrorItem(
            "private_authority",
            f"The other machine must have {certificate}, and {_AUTHORITIES} must name it there.",
            "For Anthropic's SDK for Python, SSL_CERT_FILE must name it as well.",
        )
        return (item,), {_AUTHORITIES: certificate}
    item = ErrorItem(
        "private_authority",
        "No authority that this system trusts has signed the certificate, and its file does not"
        " have the authority's own.",
        f"On the other machine: export {_AUTHORITIES}=FILE, with the authority's certificate",
    )
    return (item,), {}
