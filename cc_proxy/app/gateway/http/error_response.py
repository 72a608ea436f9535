"""An error as an HTTP response in the API's form."""

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError


def error_response(error: ApiError, request_id: str) -> web.Response:
    """Return the response that tells a client of `error`, under the id that the log has too."""
    return web.Response(
        status=error.status,
        body=error.body(request_id),
        content_type="application/json",
        headers={"request-id": request_id, **error.headers()},
    )
