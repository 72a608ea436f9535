"""Whether the files of TLS that the settings name can be used, before a server is asked."""

import ssl
from collections.abc import Iterator, Mapping

from cc_proxy.app.certificates import TlsFiles
from cc_proxy.app.config.errors import Problem
from cc_proxy.app.config.settings import Ollama


def problems(ollama: Ollama, origins: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with the files; `origins` has where each setting came from."""
    if ollama.client_key and not ollama.client_cert:
        yield Problem(
            where=origins["ollama.client_key"],
            what="ollama.client_cert is missing",
            expected="the certificate that belongs to ollama.client_key",
        )
        return
    if ollama.ca_file:
        yield from _unusable("ca_file", TlsFiles(ca_file=ollama.ca_file), origins)
    if ollama.client_cert:
        own = TlsFiles(client_cert=ollama.client_cert, client_key=ollama.client_key)
        yield from _unusable("client_cert", own, origins)


def _unusable(name: str, files: TlsFiles, origins: Mapping[str, str]) -> Iterator[Problem]:
    where, key = origins[f"ollama.{name}"], f"ollama.{name}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        files.add_to(context)
    except ssl.SSLError as error:
        wanted = "certificates in PEM" if name == "ca_file" else _PAIR
        yield Problem(
            where=where,
            what=f"{key}: the file cannot be used",
            expected=wanted,
            found=error.reason or "something else",
        )
    except OSError as error:
        yield Problem(
            where=where,
            what=f"{key}: the file cannot be used",
            expected="a file that can be read",
            found=f"{error.strerror or error}: {error.filename or files.shown}",
        )


_PAIR = "a certificate and its key, in PEM, of one another, and the key without a passphrase"
