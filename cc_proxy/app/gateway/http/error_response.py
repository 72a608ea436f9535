"""An error as an HTTP response in the API's form."""

import secrets

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError


def new_request_id() -> str:
    """Return an id as the API has them."""
    return "req_" + secrets.token_hex(12)


def error_response(error: ApiError, request_id: str) -> web.Response:
    """Return the response that tells a client of `error`, under the id that the log has too."""
    return web.Response(
        status=error.status,
        body=error.body(request_id),
        content_type="application/json",
        headers={"request-id": request_id, **error.headers()},
    )


def closing_answer(error: ApiError, status: str, header: str = "") -> bytes:
    """Return the bytes of the only answer of a connection, which is closed after it.

    `status` is the code and its words, `header` one more header.
    """
    body = error.body(new_request_id())
    more = f"{header}\r\n" if header else ""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
