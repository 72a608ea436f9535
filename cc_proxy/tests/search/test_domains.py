"""Which results a request may see, and what the query says of it."""

import pytest

from cc_proxy.app.search.domains import filter_by_domain, query_for
from cc_proxy.app.translate.web_search.offer import WebSearchTool
from cc_proxy.app.translate.web_search.search_results import SearchResults


def tool(*, allowed: tuple[str, ...] = (), blocked: tuple[str, ...] = ()) -> WebSearchTool:
    return WebSearchTool(
        "web_search_20250305", "web_search", allowed_domains=allowed, blocked_domains=blocked
    )


@pytest.mark.parametrize(
    ("domain", "url", "is_on"),
    [
        ("a.example", "https://a.example", True),
        ("a.example", "http://a.example:8080/x", True),
        ("a.example", "https://www.a.example/x", True),
        ("A.Example", "https://a.example./x", True),
        ("a.example", "https://ba.example/", False),
        ("a.example", "https://a.example.evil/", False),
        ("a.example", "https://evil/?a.example", False),
        ("a.example", "https://a.example@evil/", False),
        ("a.example/", "https://a.example/x", True),
        ("a.example/b", "https://a.example/b", True),
        ("a.example/b", "https://a.example/b/c", True),
        ("a.example/b/", "https://a.example/b/c", True),
        ("a.example/b", "https://a.example/bc", False),
        ("a.example/b", "https://a.example/", False),
        ("a.example/*/c", "https://a.example/b/c", True),
        ("a.example/*/c", "https://a.example/b/d", False),
        ("a.example/*", "https://a.example/b", True),
        ("a.example/b*d", "https://a.example/b/c/d/e", True),
        ("a.example/b*d", "https://a.example/b/c/de", False),
        ("a.example/*" + "a" * 16_000 + "b", "https://a.example/" + "a" * 100_000, False),
    ],
)
def test_a_domain_stands_for_its_subdomains_and_a_path_for_what_is_below(
    domain: str, url: str, *, is_on: bool
) -> None:
    found = [SearchResults(title="t", url=url)]
    assert filter_by_domain(found, tool(allowed=(domain,))) == (found if is_on else [])
    assert filter_by_domain(found, tool(blocked=(domain,))) == ([] if is_on else found)


def test_without_domains_everything_may_be_seen() -> None:
    found = [SearchResults(title="t", url="https://a.example")]
    assert filter_by_domain(found, tool()) == found
    assert query_for("q", tool()) == "q"


def test_allowed_sites_are_in_the_query_and_blocked_ones_are_not() -> None:
    assert query_for("q", tool(allowed=("a.b/c/*",))) == "q site:a.b/c"
    assert query_for("q", tool(allowed=("a.b", "c.d"))) == "q (site:a.b OR site:c.d)"
    assert query_for("q", tool(blocked=("a.b",))) == "q"
