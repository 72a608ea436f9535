"""`GET /v1/models` and `/v1/models/{id}`: which names can be asked for, and what is behind them."""

import re
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from aiohttp import web

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.chat.models import ModelCard
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config.aliases import DISCOVERED
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.translate.answer.errors import api_error_for

# The API requires a date of release, and has the epoch for one that is not known.
_NO_DATE = "1970-01-01T00:00:00Z"
MAX_LIMIT = 1000
_LIMIT_DIGITS = 4
_DEFAULT_LIMIT = 20
# Claude Code 2.1.330 names itself so for its small questions; for messages it is claude-cli.
_CLAUDE_CODE = "claude-code/"
# What the model discovery of Claude Code 2.1.330 keeps of the names that it is told.
_KEPT = re.compile("claude|anthropic", re.IGNORECASE)

Entry = dict[str, Any]


class ModelEntry(msgspec.Struct):
    """A name that can be asked for; `max_input_tokens` where one model is asked about."""

    type: Literal["model"]
    id: str
    display_name: str
    description: str
    created_at: str
    lifecycle: str
    upstream_capabilities: list[str] | None
    max_input_tokens: int = 0
    upstream_model: str = ""


class Page(msgspec.Struct):
    """A part of the list."""

    data: list[ModelEntry]
    has_more: bool
    first_id: str | None
    last_id: str | None


async def one(request: web.Request) -> web.Response:
    """Answer what a name stands for: the model, its window in tokens, what it can do.

    Raises:
        ApiError: the model is not there, or its server cannot be asked.

    """
    name = request.match_info["name"]
    shared = request.app[SHARED]
    with api_error_for(name):
        target = await shared.models.target(name)
        window = await shared.models.longest_window(target)
    return _json(_detailed(name, target, window))


async def many(request: web.Request) -> web.Response:
    """List the aliases that are plain names, and the models of the servers, in the API's pages.

    Claude Code is also told each of them under a name that its model discovery keeps.

    Raises:
        ApiError: a page parameter is wrong, or no server can be asked.

    """
    entries = await _entries(request.app[SHARED])
    if request.headers.get("User-Agent", "").startswith(_CLAUDE_CODE):
        entries += _discovered(entries)
    page, has_more = _page(request, entries)
    return _json(
        {
            "data": page,
            "has_more": has_more,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }
    )


async def _entries(shared: Shared) -> list[Entry]:
    with api_error_for("the list of models"):
        pulled = await shared.models.pulled()
    aliases = shared.context.settings.aliases
    upstreams = shared.upstreams
    plain = [
        _entry(name, description=_on_its_server(upstreams, model))
        for name, model in aliases.items()
        if "*" not in name and name != "default"
    ]
    models = [
        _entry(
            model.name,
            description=_described(model, upstreams.pick(model.name)[0].title),
            upstream_capabilities=model.capabilities,
        )
        for model in pulled
        if model.name not in aliases
    ]
    return plain + models


def _discovered(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries once more that Claude Code would not keep, under names that it keeps.

    Models that cannot use tools are left out: it cannot work with them.
    """
    return [
        entry | {"id": DISCOVERED + entry["id"]}
        for entry in entries
        if not _KEPT.search(entry["id"])
        and "tools" in (entry["upstream_capabilities"] or ["tools"])
    ]


def _page(request: web.Request, entries: list[Entry]) -> tuple[list[Entry], bool]:
    """Return a page, and whether there is more in the direction that was asked for."""
    limit = _limit(request)
    places = {entry["id"]: place for place, entry in enumerate(entries)}
    after, before = request.query.get("after_id"), request.query.get("before_id")
    if before:
        end = places.get(before, 0)
        return entries[max(0, end - limit) : end], end > limit
    start = places.get(after, len(entries)) + 1 if after else 0
    return entries[start : start + limit], len(entries) > start + limit


def _limit(request: web.Request) -> int:
    asked = request.query.get("limit", str(_DEFAULT_LIMIT))
    if not asked.isdecimal() or len(asked) > _LIMIT_DIGITS or not 1 <= int(asked) <= MAX_LIMIT:
        raise invalid_request(f"limit: expected 1 to {MAX_LIMIT}, found {asked!r}.")
    return int(asked)


def _detailed(name: str, target: Target, window: int) -> Entry:
    return _entry(
        name,
        description=f"{target.model.name} on {target.server}",
        upstream_capabilities=sorted(target.model.capabilities),
        max_input_tokens=window,
        upstream_model=target.model.name,
    )


def _entry(
    name: str, *, description: str, upstream_capabilities: list[str] | None = None, **more: object
) -> Entry:
    return {
        "type": "model",
        "id": name,
        "display_name": name.removeprefix(DISCOVERED),
        "description": description,
        "created_at": _NO_DATE,
        "lifecycle": "active",
        "upstream_capabilities": upstream_capabilities,
        **more,
    }


def _on_its_server(upstreams: Upstreams, model: str) -> str:
    upstream, name = upstreams.pick(model)
    return f"{name} on {upstream.title}"


def _described(model: ModelCard, server: str) -> str:
    """Return what Claude Code shows beside a name: `Ollama · 4.9 GB · tools, thinking`."""
    able = [name for name in model.capabilities or () if name != "completion"]
    parts = [server, f"{model.size / 1e9:.1f} GB" if model.size else "", ", ".join(able)]
    return " · ".join(part for part in parts if part)


def _json(body: Entry) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
