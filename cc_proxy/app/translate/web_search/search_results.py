"""Search results on their way to the client, and in words to the model.

The client sends a result back with every later turn. Its text travels in `encrypted_content`,
which is opaque to clients, so that the model is told the same words each time and nothing has
to be remembered here.
"""

import base64
import binascii

import msgspec

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.requests import Block
from cc_proxy.app.translate.request.content import ContentReader

_OURS = "cc-proxy:"
_CUT = " […]"
# A provider's answer is 8 MB at most, and all of it could be in one title.
_MAX_TITLE = 300
_MAX_URL = 2000
_MAX_AGE = 100

# What the model is told for each error code of the API.
_FAILED = {
    "unavailable": "The web search is not available now. Answer without it, and say so.",
    "too_many_requests": "The search service refuses more searches for now. Go on without them.",
    "max_uses_exceeded": "No more searches are allowed. Answer now with what you have.",
    "query_too_long": "The query is too long. Search again with a few words.",
    "invalid_tool_input": 'The call had no text in "query". Call again with a query.',
}


class SearchResults(msgspec.Struct, frozen=True):
    """One page as a provider found it; `age` is a date or None, `text` an extract."""

    title: str
    url: str
    text: str = ""
    age: str | None = None


def result_blocks(found: list[SearchResults], max_chars: int) -> list[ev.WebSearchResult]:
    """Return the API's form of results, the extracts cut to `max_chars` all together.

    A title or a date that is too long is cut; a result with such an address is left out.
    """
    found = [one for one in found if len(one.url) <= _MAX_URL]
    each = max_chars // max(1, len(found))
    return [
        ev.WebSearchResult(
            title=_cut(" ".join(one.title.split()), _MAX_TITLE) or one.url,
            url=one.url,
            encrypted_content=_packed(_cut(one.text.strip(), each)),
            page_age=one.age and _cut(one.age, _MAX_AGE),
        )
        for one in found
    ]


def result_text(block: Block, reader: ContentReader) -> str:
    """Return what the model is told for a `web_search_tool_result` block.

    `reader` notes the texts that another server closed.
    """
    content = block.content
    if isinstance(content, dict):
        code = str(content.get("error_code"))
        return _FAILED.get(code, f"The web search failed: {code}.")
    if isinstance(content, str):
        return content
    if not content:
        return "Nothing was found."
    return "\n\n".join(_told(number, one, reader) for number, one in enumerate(content, 1))


def _told(number: int, result: Block, reader: ContentReader) -> str:
    lines = [f"{number}. {result.title or result.url}", f"URL: {result.url}"]
    if result.page_age:
        lines.append(f"Age: {result.page_age}")
    text = _unpacked(result.encrypted_content or "")
    if text is None:
        reader.drop("text of a search result that another server encrypted")
    elif text:
        lines.append(text)
    return "\n".join(lines)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[:limit].rstrip() + _CUT


def _packed(text: str) -> str:
    return _OURS + base64.b64encode(text.encode()).decode()


def _unpacked(content: str) -> str | None:
    """Return the text that was packed here, None when it was not."""
    if not content:
        return ""
    if not content.startswith(_OURS):
        return None
    try:
        return base64.b64decode(content.removeprefix(_OURS), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
