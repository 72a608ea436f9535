"""The system's certificates, read when a server is first reached over https.

aiohttp reads them when it is imported. That takes a third of the time in which a proxy starts,
and a proxy whose Ollama is on the same machine never needs them.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
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


@cache
def default_context() -> ssl.SSLContext:
    """Return the SSL context for https; the first call reads the certificates, some 50 ms."""
    context = ssl.create_default_context()
    # As aiohttp's own: without it a server may choose HTTP/2, which aiohttp does not speak.
    context.set_alpn_protocols(("http/1.1",))
    return context
