"""`GET /v1/models` and `/v1/models/{id}`: which names can be asked for, and what is behind them."""

from typing import Any

import msgspec
from aiohttp import web

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.gateway.context import SHARED, Shared
from cc_proxy.app.ollama.models import from_tags
from cc_proxy.app.translate.errors import api_error_for
from cc_proxy.app.translate.request import Target

# The API requires a date of release; a local model has none that means anything.
_NO_DATE = "1970-01-01T00:00:00Z"
_MAX_LIMIT = 1000
_DEFAULT_LIMIT = 20


async def one(request: web.Request) -> web.Response:
    """Answer what a name stands for: the model, its window in tokens, what it can do.

    Raises:
        ApiError: the model is not there, or Ollama cannot be asked.

    """
    name = request.match_info["name"]
    shared = request.app[SHARED]
    with api_error_for(name):
        target = await shared.models.target(name)
    return _json(_entry(name, target))


async def many(request: web.Request) -> web.Response:
    """List the aliases that are plain names, and the pulled models, in the API's pages.

    Raises:
        ApiError: a page parameter is wrong, or Ollama cannot be asked.

    """
    shared = request.app[SHARED]
    limit = _limit(request)
    names = await _names(shared)
    if after := request.query.get("after_id"):
        names = names[names.index(after) + 1 :] if after in names else []
    page = names[:limit]
    return _json(
        {
            "data": [
                {"type": "model", "id": n, "display_name": n, "created_at": _NO_DATE} for n in page
            ],
            "has_more": len(names) > limit,
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }
    )


async def _names(shared: Shared) -> list[str]:
    with api_error_for("the list of models"):
        pulled = await shared.ollama.ask("/api/tags", from_tags)
    aliases = shared.context.settings.aliases
    plain = [name for name in aliases if "*" not in name and name != "default"]
    return list(dict.fromkeys([*plain, *(model.name for model in pulled)]))


def _limit(request: web.Request) -> int:
    asked = request.query.get("limit", str(_DEFAULT_LIMIT))
    if not asked.isdecimal() or not 1 <= int(asked) <= _MAX_LIMIT:
        raise invalid_request(f"limit: expected 1 to {_MAX_LIMIT}, found {asked!r}.")
    return int(asked)


def _entry(name: str, target: Target) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": _NO_DATE,
        "max_input_tokens": target.window,
        "upstream_model": target.model.name,
        "capabilities": sorted(target.model.capabilities),
    }


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
