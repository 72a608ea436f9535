"""The system's certificates, read when a server is first reached over https.

aiohttp reads them when it is imported. That takes a third of the time in which a proxy starts,
and a proxy whose Ollama is on the same machine never needs them.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

# Where OpenSSL looks instead of in its own places, if they are set.
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@contextmanager
def skip_eager_ca_load() -> Iterator[None]:
    """Let an import of aiohttp in here read no certificates.

    aiohttp's own SSL context then trusts nobody, so every https connection must be given
    `verified()`; one that is not given it fails.
    """
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class TlsFiles:
    """Files in PEM: further authorities to trust, and the certificate that this side shows.

    `client_key` None: the key is in the file of the certificate.
    """

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None

    @property
    def shown(self) -> str:
        """The paths, for people."""
        return ", ".join(filter(None, (self.ca_file, self.client_cert, self.client_key)))

    def add_to(self, context: ssl.SSLContext) -> None:
        """Let a context use the files.

        Raises:
            OSError: one cannot be read.
            ssl.SSLError: one has something else, the key is another's, or has a passphrase.

        """
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        if self.client_cert:
            # Without a password at hand OpenSSL would ask for it on the terminal.
            context.load_cert_chain(self.client_cert, self.client_key, password="")


NO_FILES = TlsFiles()


@cache
def default_context(files: TlsFiles = NO_FILES) -> ssl.SSLContext:
    """Return the SSL context for https; the first call reads the certificates, some 50 ms.

    Raises:
        OSError: one of `files` cannot be read.
        ssl.SSLError: one of them cannot be used.

    """
    context = ssl.create_default_context()
    # As aiohttp's own: without it a server may choose HTTP/2, which aiohttp does not speak.
    context.set_alpn_protocols(("http/1.1",))
    files.add_to(context)
    return context
