"""`GET /ui`: the page of `cc-proxy ui`, and the exchange of a ticket for the page's key.

The files need no key, as they tell nothing. `POST /ui/ticket` needs the proxy's key, and
`POST /ui/key` such a ticket in its place.
"""

import msgspec
from aiohttp import web

from cc_proxy.app.control.page import PageKey, PageTicket
from cc_proxy.app.gateway.http import page_files
from cc_proxy.app.gateway.http.page_access import PAGE, TICKET_SECONDS


def add_to(app: web.Application) -> None:
    """Add the routes."""
    for path in page_files.FILES:
        app.router.add_get(path, _file, allow_head=False)
    app.router.add_post("/ui/ticket", _ticket)
    app.router.add_post("/ui/key", _key)


async def _file(request: web.Request) -> web.Response:
    return page_files.response(request.path)


async def _ticket(request: web.Request) -> web.Response:
    ticket = request.app[PAGE].new_ticket()
    return _json(PageTicket(ticket=ticket, seconds=TICKET_SECONDS))


async def _key(request: web.Request) -> web.Response:
    return _json(PageKey(key=request.app[PAGE].key))


def _json(answer: msgspec.Struct) -> web.Response:
    headers = {"Cache-Control": "no-store", "Content-Type": "application/json"}
    return web.Response(body=msgspec.json.encode(answer), headers=headers)
