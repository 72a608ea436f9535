"""`GET /activity`: the sessions and requests of this moment."""

import msgspec
from aiohttp import web

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.gateway.activity.view import ActivityView
from cc_proxy.app.gateway.context import SHARED
from cc_proxy.app.gateway.http.auth import KEY_NAME
from cc_proxy.app.gateway.routes.health import loaded_models

_MOST_DIGITS = 16


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with an `Activity`.

    A key with a name gets its own sessions and requests alone. `?upstream=0` does not ask Ollama
    which models it has loaded; `?session=ID` reports on that session alone; `?ended_after=N` has
    the requests that ended after the first N (`ended` of an earlier answer), in place of the
    latest ten.

    Raises:
        ApiError: 400 when N is no number.

    """
    shared = request.app[SHARED]
    loaded = None
    if request.query.get("upstream") != "0":
        loaded = await loaded_models(shared)
    key = request[KEY_NAME]
    found = ActivityView(shared.activity, shared.tokens.prefill_seconds).activity(
        shared.started,
        session=request.query.get("session"),
        key=key,
        ended_after=_count(request.query.get("ended_after")),
        errors=() if key else shared.errors.latest,
        loaded=loaded,
    )
    return web.Response(body=msgspec.json.encode(found), content_type="application/json")


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS):
        raise invalid_request(
            f"ended_after: expected a whole number from 0 on, found {text[:_MOST_DIGITS]!r}."
        )
    return int(text)
