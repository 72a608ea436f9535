"""A body that is a web page, or plain text, where an answer of a server was expected."""

import re

_MAX_QUOTED = 400
_MAX_TITLE = 80
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_TITLE = re.compile("<title", re.IGNORECASE)
_TITLE_END = re.compile("</title", re.IGNORECASE)


def is_web_page(body: bytes) -> bool:
    """Tell whether a body, or the beginning of one, is HTML."""
    return _WEB_PAGE.match(body) is not None


def plain_words(body: bytes, server: str) -> str:
    """Return what a person can read of a body that is not the JSON of `server`, by its name."""
    text = body.decode(errors="replace")
    if not is_web_page(body):
        return text.strip()[:_MAX_QUOTED] or "(empty body)"
    words = " ".join(_without_tags(_title(text) or text).split())[:_MAX_TITLE]
    return f'a web page, which is not {server}\'s own: "{words}"'


def _title(page: str) -> str:
    """Return the text of a page's title; nothing if it has none."""
    # Not with one expression: for a title without an end its work grows as the cube.
    opened = _TITLE.search(page)
    start = page.find(">", opened.end()) + 1 if opened else 0
    closed = _TITLE_END.search(page, start) if start else None
    return page[start : closed.start()] if closed else ""


def _without_tags(page: str) -> str:
    text, *parts = page.split("<")
    return " ".join([text, *(part.partition(">")[2] for part in parts)])
