"""The one HTTP client towards the search provider."""

import os

import aiohttp
import msgspec

from cc_proxy import __version__
from cc_proxy.app import certificates
from cc_proxy.app.config import RefusedValueError, Settings, proxy_for
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.redaction import Redactor, login_secrets, without_secrets, without_user_info
from cc_proxy.app.search import domains, providers
from cc_proxy.app.translate.web_search.offer import WebSearchTool
from cc_proxy.app.translate.web_search.search_results import SearchResults

MAX_ANSWER_BYTES = 8 * 1024 * 1024
# A sifted search asks for more than it shows: ten is the most that Ollama gives.
MOST_RESULTS = 10

_PIECE_BYTES = 64 * 1024
_OK, _FORBIDDEN, _TOO_MANY = 200, 403, 429


class SearchError(CcProxyError):
    """A search did not work; `error_code` is the API's for it, the message is for the log."""

    code = "search_failed"

    def __init__(self, message: str, *, error_code: str = "unavailable") -> None:
        super().__init__(message)
        self.error_code = error_code


class SearchClient:
    """Asks the configured provider, over connections that are made with the first search."""

    def __init__(self, settings: Settings) -> None:
        self.use(settings)
        self._session: aiohttp.ClientSession | None = None

    def use(self, settings: Settings) -> None:
        """Ask as these settings say from the next search on."""
        self._settings = settings.web_search
        self._api_key = settings.ollama.api_key
        logins = login_secrets(settings.web_search.url or "")
        self._redactor = Redactor([self._api_key or "", *logins])

    @property
    def missing(self) -> str | None:
        """The setting that a search still needs from the user; None if nothing is missing."""
        match self._settings.provider:
            case "ollama" if not self._api_key:
                return "The provider ollama needs a key of ollama.com: set OLLAMA_API_KEY."
            case "searxng" if not self._settings.url:
                return "The provider searxng needs an address: set web_search.url."
            case "none":
                return (
                    "No search provider is configured. Set web_search.provider in"
                    " cc-proxy.user.yaml to ollama (with OLLAMA_API_KEY), or to searxng (with"
                    " web_search.url)."
                )
        return None

    async def search(self, query: str, tool: WebSearchTool) -> list[SearchResults]:
        """Return what the provider finds on the sites that `tool` allows, best first.

        Raises:
            SearchError: it is not configured, does not answer, refuses, or answers nonsense.

        """
        if self.missing:
            raise SearchError(self.missing)
        question = self._question(domains.query_for(query, tool), tool)
        try:
            answer = await self._ask(question)
        except TimeoutError as error:
            raise self._failed(
                f"gave no answer in {self._settings.timeout_seconds:g} seconds"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._failed(f"cannot be reached ({_reason(error)})") from error
        try:
            found = providers.read(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._failed(f"answered something that is no list of results: {error}") from error
        return domains.filter_by_domain(found, tool)[: self._settings.max_results]

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    @property
    def _url(self) -> str:
        return self._settings.url or providers.OLLAMA_URL

    def _question(self, query: str, tool: WebSearchTool) -> providers.Question:
        if self._settings.provider == "searxng":
            return providers.ask_searxng(self._url, query)
        sifts = tool.allowed_domains or tool.blocked_domains
        results = MOST_RESULTS if sifts else self._settings.max_results
        return providers.ask_ollama(self._url, self._api_key or "", query, results)

    async def _ask(self, question: providers.Question) -> bytes:
        try:
            proxy = proxy_for(question.url, os.environ)
        except RefusedValueError as error:
            raise self._failed(f"cannot be reached: HTTP(S)_PROXY: {error.fix}") from error
        async with self._opened().request(
            "GET" if question.body is None else "POST",
            question.url,
            params=question.params,
            headers=question.headers,
            data=question.body,
            # The key must not follow a redirect to another host.
            allow_redirects=False,
            proxy=proxy,
        ) as response:
            if response.status != _OK:
                raise self._refused(response)
            answer = bytearray()
            async for piece in response.content.iter_chunked(_PIECE_BYTES):
                answer += piece
                if len(answer) > MAX_ANSWER_BYTES:
                    raise self._failed(f"answered more than {MAX_ANSWER_BYTES} bytes")
            return bytes(answer)

    def _refused(self, response: aiohttp.ClientResponse) -> SearchError:
        if response.status == _TOO_MANY:
            return self._failed("answered 429", error_code="too_many_requests")
        if response.status == _FORBIDDEN and self._settings.provider == "searxng":
            return self._failed("answered 403: add json to search.formats in its settings.yml")
        if where := response.headers.get("Location"):
            return self._failed(f"leads on to {without_secrets(where)}: set web_search.url to it")
        return self._failed(f"answered {response.status}")

    def _failed(self, what: str, *, error_code: str = "unavailable") -> SearchError:
        name = f"{self._settings.provider} at {without_user_info(self._url)}"
        message = f"The search provider {name} {self._redactor.text(what)}."
        return SearchError(message, error_code=error_code)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=certificates.default_context()),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_seconds),
                headers={"User-Agent": f"cc-proxy/{__version__}", "Accept": "application/json"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        # Its text has the address, and with that what is searched for.
        return "what came is not HTTP"
    return str(error) or type(error).__name__
