"""The request to each search provider, and the reading of its answer."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from cc_proxy.app.translate.web_search.search_results import SearchResults

OLLAMA_URL = "https://ollama.com"


@dataclass(frozen=True)
class Question:
    """An HTTP request; with `body` a POST of JSON, without one a GET."""

    url: str
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


class _Result(msgspec.Struct):
    url: str = ""
    title: str | None = None
    content: str | None = None
    published: str | None = msgspec.field(default=None, name="publishedDate")


class _Results(msgspec.Struct):
    results: list[_Result]


def ask_ollama(url: str, api_key: str, query: str, results: int) -> Question:
    """Return the question for Ollama's web search API (docs.ollama.com, Web search)."""
    return Question(
        url=f"{url}/api/web_search",
        headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
        body=msgspec.json.encode({"query": query, "max_results": results}),
    )


def ask_searxng(url: str, query: str) -> Question:
    """Return the question for a SearXNG server (docs.searxng.org, Search API).

    It has no parameter for the number of results.
    """
    return Question(url=f"{url}/search", params={"q": query, "format": "json"})


def read(answer: bytes) -> list[SearchResults]:
    """Return the results in an answer; both providers write them alike.

    Raises msgspec.DecodeError or UnicodeDecodeError when the answer is something else.
    """
    return [
        SearchResults(
            title=result.title or "",
            url=result.url,
            text=result.content or "",
            age=result.published,
        )
        for result in msgspec.json.decode(answer, type=_Results).results
        if _can_be_shown(result.url)
    ]


def _can_be_shown(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
