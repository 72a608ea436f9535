"""`POST /reload`: have the configuration read again."""

import msgspec
from aiohttp import web

from cc_proxy.app.gateway.context import SHARED


async def handle(request: web.Request) -> web.Response:
    """Answer 200 with a `Reloaded`, whether the new configuration can be used or not.

    Raises:
        HTTPNotFound: this process has no configuration to read again.

    """
    reloader = request.app[SHARED].context.reloader
    if reloader is None:
        raise web.HTTPNotFound
    return web.Response(
        body=msgspec.json.encode(reloader.reload()), content_type="application/json"
    )
