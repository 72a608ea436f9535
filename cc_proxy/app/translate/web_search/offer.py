"""The API's web search tool: how it is declared, and how the model is told of it.

The API runs this tool on its server. Here the model gets a plain function of the same name,
and whoever runs the request runs the searches.
"""

import re
from typing import Any

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.byte_cache import ByteCache, json_bytes

NAME = "web_search"
# Every version so far has its date behind this: 20250305, 20260209, 20260318.
_TYPE = "web_search_"
# The API sets no limit of its own, but a small model can search without an end.
DEFAULT_MAX_USES = 10
MAX_QUERY_CHARS = 1000
# Claude Code's WebSearch sends a request of its own with these words (seen with 2.1).
_SIDE_REQUEST = "Perform a web search for the query:"
# One wildcard is allowed, and only in the path.
_DOMAIN = re.compile(r"[^\s/:?#*]+(/[^\s?#*]*(?:\*[^\s?#*]*)?)?")


class UserLocation(msgspec.Struct, frozen=True):
    """The user's approximate location; `type` is approximate."""

    type: str = "approximate"
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class WebSearchTool(msgspec.Struct, frozen=True):
    """The tool as the client declares it; domains are without a scheme, maybe with a path."""

    type: str
    name: str
    max_uses: int | None = None
    allowed_domains: tuple[str, ...] | None = None
    blocked_domains: tuple[str, ...] | None = None
    user_location: UserLocation | None = None

    @property
    def most_searches(self) -> int:
        """The number of searches one request may have."""
        return DEFAULT_MAX_USES if self.max_uses is None else self.max_uses


class Offer(msgspec.Struct, frozen=True):
    """A `tools` field as the model is offered it; `alone`: there is no other tool."""

    search: WebSearchTool
    tools: msgspec.Raw
    alone: bool


class _Named(msgspec.Struct):
    name: str | None = None
    type: str | None = None


_INPUT_SCHEMA = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to search for."}},
    "required": ["query"],
}
CACHE_BYTES = 8 * 1024 * 1024

_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_named_decoder = msgspec.json.Decoder(_Named)
_tool_decoder = msgspec.json.Decoder(WebSearchTool)


def _held_by(tools: bytes, offered: Offer) -> int:
    # The domains are texts of their own.
    return len(tools) + len(bytes(offered.tools)) + json_bytes(tools)


_offers: ByteCache[bytes, Offer] = ByteCache(CACHE_BYTES, _held_by)


def offer(tools: bytes) -> Offer | None:
    """Return how a `tools` field with a web search tool is offered, None when it has none.

    Raises:
        ApiError: 400 when the tool is declared in a way that the API forbids.

    """
    # Asked first: to look for it takes a fraction of what it takes to remember tools by.
    if _TYPE.encode() not in tools:
        return None
    offered = _offers.get(tools) or _offered(tools)
    if offered is not None:
        _offers.put(tools, offered)
    return offered


def _offered(tools: bytes) -> Offer | None:
    try:
        raws = _list_decoder.decode(tools)
        named = [_named_decoder.decode(raw) for raw in raws]
    except msgspec.DecodeError:
        return None  # said better by whoever reads all tools
    places = [n for n, tool in enumerate(named) if (tool.type or "").startswith(_TYPE)]
    if not places:
        return None
    if [tool.name for tool in named].count(NAME) != 1 or len(places) > 1:
        raise invalid_request(
            f"tools: expected one tool of type {named[places[0]].type}, with the name {NAME} that"
            " no other tool has.",
            quotes=(str(named[places[0]].type),),
        )
    place = places[0]
    search = _checked(place, raws[place])
    raws[place] = msgspec.Raw(msgspec.json.encode(_function(search)))
    return Offer(search, msgspec.Raw(msgspec.json.encode(raws)), alone=len(raws) == 1)


def query_of_side_request(request: MessagesRequest) -> str | None:
    """Return the query when a request is nothing but Claude Code's order to search for it."""
    turns = [message for message in request.messages if message.role != "system"]
    if not turns or turns[-1].role != "user":
        return None
    content = turns[-1].content
    texts = [content] if isinstance(content, str) else [block.text or "" for block in content]
    orders = (text.strip() for text in texts if text.lstrip().startswith(_SIDE_REQUEST))
    return next(
        filter(None, (order.removeprefix(_SIDE_REQUEST).lstrip() for order in orders)), None
    )


def query_in(arguments: bytes) -> str | None:
    """Return the query in the arguments of a call, None when there is none that can be used."""
    try:
        query = msgspec.json.decode(arguments, type=dict[str, Any]).get("query")
    except msgspec.DecodeError:
        return None
    return query.strip() or None if isinstance(query, str) else None


def _checked(place: int, raw: msgspec.Raw) -> WebSearchTool:
    where = f"tools.{place}"
    try:
        tool = _tool_decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise invalid_request(f"{where}: not a web search tool: {error}.") from error
    if tool.max_uses is not None and tool.max_uses < 1:
        raise invalid_request(
            f"{where}.max_uses: expected a whole number of 1 or more, found {tool.max_uses}."
        )
    if tool.allowed_domains and tool.blocked_domains:
        raise invalid_request(
            f"{where}: expected allowed_domains or blocked_domains, found both. Leave one out."
        )
    for domain in (*(tool.allowed_domains or ()), *(tool.blocked_domains or ())):
        if not _DOMAIN.fullmatch(domain):
            raise invalid_request(
                f"{where}: expected domains such as example.com or example.com/blog, without a"
                f" scheme, found {domain!r}.",
                quotes=(repr(domain),),
            )
    if tool.user_location is not None and tool.user_location.type != "approximate":
        raise invalid_request(
            f"{where}.user_location.type: expected approximate, found {tool.user_location.type!r}.",
            quotes=(repr(tool.user_location.type),),
        )
    return tool


def _function(tool: WebSearchTool) -> dict[str, Any]:
    said = ["Search the web. Gives titles, addresses and extracts of the pages that are found."]
    if tool.allowed_domains:
        said.append(f"Only these sites are searched: {', '.join(tool.allowed_domains)}.")
    if tool.blocked_domains:
        said.append(f"These sites are left out: {', '.join(tool.blocked_domains)}.")
    if place := _place(tool.user_location):
        said.append(f"The user is in {place}: name the place in the query where it matters.")
    return {"name": NAME, "description": " ".join(said), "input_schema": _INPUT_SCHEMA}


def _place(location: UserLocation | None) -> str:
    if location is None:
        return ""
    place = ", ".join(part for part in (location.city, location.region, location.country) if part)
    return f"{place} (time zone {location.timezone})" if place and location.timezone else place
