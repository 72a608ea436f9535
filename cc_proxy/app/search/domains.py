"""Keeping a search to some sites, or away from them."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from cc_proxy.app.translate.web_search.offer import WebSearchTool
from cc_proxy.app.translate.web_search.search_results import SearchResults


def query_for(query: str, tool: WebSearchTool) -> str:
    """Return the query with the allowed sites in it, as search engines understand them.

    Not every engine does, so what comes back is sifted all the same.
    """
    sites = [
        f"site:{domain.partition('*')[0].rstrip('/')}" for domain in tool.allowed_domains or ()
    ]
    if not sites:
        return query
    return f"{query} {sites[0]}" if len(sites) == 1 else f"{query} ({' OR '.join(sites)})"


def filter_by_domain(found: Iterable[SearchResults], tool: WebSearchTool) -> list[SearchResults]:
    """Return the results that a request may see; a domain stands for its subdomains too."""
    allowed, blocked = tool.allowed_domains or (), tool.blocked_domains or ()
    return [
        one
        for one in found
        if (not allowed or _is_on(one.url, allowed)) and not _is_on(one.url, blocked)
    ]


def _is_on(url: str, domains: Iterable[str]) -> bool:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    return any(_matches(host, parts.path or "/", domain.lower()) for domain in domains)


def _matches(host: str, path: str, domain: str) -> bool:
    name, slash, below = domain.partition("/")
    if host != name and not host.endswith(f".{name}"):
        return False
    return not slash or _is_below(path.lower(), below.rstrip("/"))


def _is_below(path: str, top: str) -> bool:
    """Tell whether a path is at or below another, in which one `*` stands for anything."""
    before, star, after = top.partition("*")
    if not path.startswith(f"/{before}"):
        return False
    rest = path[len(before) + 1 :]
    if not star:
        return not top or not rest or rest.startswith("/")
    return f"{after}/" in rest or rest.endswith(after)
