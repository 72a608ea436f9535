"""`GET /why`: where the time of a request went, and why its prompt was read again."""

import msgspec
from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.gateway.activity.explanation import explain, find
from cc_proxy.app.gateway.activity.tracker import MAX_ENDED
from cc_proxy.app.gateway.context import SHARED
from cc_proxy.app.gateway.http.auth import KEY_NAME


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with a `Why`.

    `?request=ID`, or the end of an id, names a request; without it, it is the last one that was
    slow. A key with a name gets its own requests alone. `?words=1` adds the words around the byte
    that changed, if they are still in memory.

    Raises:
        ApiError: 404, there is no such request.

    """
    shared = request.app[SHARED]
    name = request.query.get("request", "")
    key = request[KEY_NAME]
    found = find(shared.activity, name, key)
    if found is None:
        text = "No request has been answered yet."
        if name:
            text = f"Expected one of the last {MAX_ENDED} requests, found no {name[:100]!r}."
        raise ApiError(404, "not_found_error", text, retry=False)
    words = request.query.get("words") == "1"
    why = explain(shared.activity, shared.tokens.prefill_seconds, found, words=words, key=key)
    return web.Response(body=msgspec.json.encode(why), content_type="application/json")
