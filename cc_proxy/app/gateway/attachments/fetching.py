"""Fetching what a conversation names by URL: only if allowed, only from the public internet."""

import asyncio
from typing import Final

import aiohttp
from yarl import URL

from cc_proxy import __version__
from cc_proxy.app import certificates
from cc_proxy.app.config import ImageSettings
from cc_proxy.app.errors import log_text
from cc_proxy.app.gateway.attachments.name_lookup import NameLookup
from cc_proxy.app.gateway.attachments.public_addresses import (
    Allowed,
    PrivateAddressError,
    checked_sockets,
    is_public,
)

FETCH_SECONDS = 20.0
MAX_HOPS = 5
IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
PDF_TYPES: Final = frozenset({"application/pdf"})

_AT_ONCE = 4
_PIECE_BYTES = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200


class NotFetchedError(Exception):
    """A URL was not fetched; the message says why, for the log."""


class Fetcher:
    """Fetches one URL at a time for whoever asks; at most a few at once.

    `allowed` decides which addresses may be connected to, `seconds` is the time for one URL
    with all its redirects.
    """

    def __init__(
        self,
        settings: ImageSettings,
        *,
        allowed: Allowed = is_public,
        seconds: float = FETCH_SECONDS,
    ) -> None:
        self._settings = settings
        self._allowed = allowed
        self._seconds = seconds
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    def use(self, settings: ImageSettings) -> None:
        """Fetch as these settings say from now on."""
        self._settings = settings

    async def fetch(self, url: str, types: frozenset[str]) -> tuple[str, bytes]:
        """Return the media type, one of `types`, and the bytes of what is at `url`.

        Raises:
            NotFetchedError: it is not allowed, not there, too large, too slow, or another type.

        """
        if not self._settings.fetch_urls:
            raise NotFetchedError("images.fetch_urls is false in the configuration")
        try:
            async with self._at_once, asyncio.timeout(self._seconds):
                return await self._follow(_parsed(url), types)
        except TimeoutError as error:
            raise NotFetchedError(f"it took more than {self._seconds:g} seconds") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PrivateAddressError):
                raise NotFetchedError(error.os_error.strerror) from error
            raise NotFetchedError(
                f"its server cannot be reached ({log_text(error.os_error)})"
            ) from error
        except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
            # Their texts have the whole address, which belongs to the conversation.
            raise NotFetchedError("the answer is not HTTP, or redirects to no address") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: a host name or a header that cannot be put into a request.
            raise NotFetchedError(log_text(error)) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def _follow(self, url: URL, types: frozenset[str]) -> tuple[str, bytes]:
        for _ in range(MAX_HOPS):
            async with self._opened().get(url, allow_redirects=False) as response:
                where = response.headers.get("Location")
                if response.status not in _REDIRECTS or not where:
                    return await self._read(response, types)
                # Each hop is checked as the first URL was.
                url = _parsed(str(url.join(URL(where))))
        raise NotFetchedError(f"it leads on more than {MAX_HOPS} times")

    async def _read(
        self, response: aiohttp.ClientResponse, types: frozenset[str]
    ) -> tuple[str, bytes]:
        if response.status != _OK:
            raise NotFetchedError(f"its server answered {response.status}")
        if response.content_type not in types:
            raise NotFetchedError(
                f"expected {', '.join(sorted(types))}, found {response.content_type}"
            )
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise NotFetchedError("it came compressed, which was not asked for")
        limit = self._settings.max_bytes
        data = bytearray()
        async for piece in response.content.iter_chunked(_PIECE_BYTES):
            data += piece
            if len(data) > limit:
                raise NotFetchedError(f"it is larger than {limit} bytes (images.max_bytes)")
        if not data:
            raise NotFetchedError("it is empty")
        return response.content_type, bytes(data)

    def _opened(self) -> aiohttp.ClientSession:
        # Made with the first URL: most conversations have none.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    socket_factory=checked_sockets(self._allowed),
                    ssl=certificates.default_context(),
                    resolver=NameLookup(),
                ),
                headers={
                    "User-Agent": f"cc-proxy/{__version__}",
                    "Accept-Encoding": "identity",
                },
                cookie_jar=aiohttp.DummyCookieJar(),
                # A small answer must not unpack into a large one.
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def shown(url: str) -> str:
    """Return the server of a URL for the log; the rest of it belongs to the conversation."""
    try:
        return str(URL(url).origin())[:200]
    except ValueError:
        return "a URL that is none"


def _parsed(url: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise NotFetchedError("it is not a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise NotFetchedError("expected a URL with http or https")
    if parsed.user is not None or parsed.password is not None:
        raise NotFetchedError("a URL with a user name in it is not fetched")
    return parsed
