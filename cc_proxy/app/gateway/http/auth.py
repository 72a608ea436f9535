"""The key: asked for always, compared in constant time."""

import hmac

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError

# Claude Code asks these before it has a key to send; they tell nothing.
_FIRST = {("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello")}
# The same under a base URL that ends in /v1.
_FIRST_OF_V1 = {("GET", "/v1"), ("HEAD", "/v1"), ("HEAD", "/v1/api/hello")}
OPEN = frozenset(_FIRST | _FIRST_OF_V1)


def check(request: web.Request, key: str) -> bool:
    """Let a request pass that carries the key as a bearer token or as `x-api-key`.

    Returns whether it does; a few questions pass without.

    Raises:
        ApiError: 401, said not to be retried, since a wrong key stays wrong.

    """
    if (request.method, request.path) in OPEN:
        return False
    authorization = request.headers.get("Authorization", "")
    scheme, _, token = authorization.partition(" ")
    offered = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not hmac.compare_digest(offered.encode("utf-8", "surrogateescape"), key.encode()):
        found = "a key that is not this proxy's" if offered else "no key"
        raise ApiError(
            401,
            "authentication_error",
            f"Expected this proxy's key as `Authorization: Bearer` or `x-api-key`, found {found}."
            " `cc-proxy claude` sets it; `cc-proxy claude --print-env` shows how.",
            retry=False,
        )
    return True
