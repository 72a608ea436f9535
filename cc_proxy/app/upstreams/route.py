"""The way to a server: through an HTTP proxy, with headers of its own, over TLS with own files."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from yarl import URL

from cc_proxy.app import certificates
from cc_proxy.app.certificates import NO_FILES, TlsFiles
from cc_proxy.app.chat.errors import UpstreamUnreachableError
from cc_proxy.app.config import NO_PROXY, Ollama, UpstreamSettings
from cc_proxy.app.redaction import login_secrets, without_user_info

_AUTHORIZATION = "authorization"


@dataclass(frozen=True)
class Route:
    """The parts of the way to `server`, its name for people.

    `proxy` is the address of an HTTP proxy, None for none.
    """

    proxy: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    files: TlsFiles = NO_FILES
    server: str = "Ollama"

    @classmethod
    def configured(cls, settings: Ollama | UpstreamSettings, server: str = "Ollama") -> Self:
        """Return the way to `server` that the user has configured."""
        return cls(
            proxy=None if settings.proxy in NO_PROXY else settings.proxy,
            headers=settings.headers,
            files=TlsFiles(settings.ca_file, settings.client_cert, settings.client_key),
            server=server,
        )

    @property
    def shown_proxy(self) -> str | None:
        """The address of the proxy for people and logs: without a login."""
        return without_user_info(self.proxy) if self.proxy else None

    def headers_for(self, url: str) -> dict[str, str]:
        """Return the headers of each request to a URL, whose login wins over a header for it."""
        if URL(url).user is None:
            return dict(self.headers)
        return {name: of for name, of in self.headers.items() if name.lower() != _AUTHORIZATION}

    def tls(self, url: str) -> ssl.SSLContext | bool:
        """Return what aiohttp needs as `ssl` for a URL; certificates are read for https only.

        Raises:
            UpstreamUnreachableError: a file that could be used before cannot be used any more.

        """
        if not url.startswith("https:") and not (self.proxy or "").startswith("https:"):
            return True
        try:
            return certificates.default_context(self.files)
        except OSError as error:  # ssl.SSLError is one
            raise UpstreamUnreachableError(
                f"The certificates for {self.server} cannot be used: {error.strerror or error}.",
                hint=f"Check {self.files.shown}, then: cc-proxy reload",
            ) from error

    def secrets(self) -> Iterator[str]:
        """Yield what must not be shown: the values of headers and the proxy's login."""
        yield from self.headers.values()
        yield from login_secrets(self.proxy or "")


DIRECT = Route()
