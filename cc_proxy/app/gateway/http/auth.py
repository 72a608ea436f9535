"""The key: asked for always, compared in constant time; and what a team's key may do."""

import hmac

from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.gateway.http.client_keys import ClientKeys
from cc_proxy.app.gateway.http.page_access import PageAccess
from cc_proxy.app.gateway.http.page_files import FILES

# Claude Code asks these before it has a key to send; they tell nothing.
_FIRST = {("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello")}
# The same under a base URL that ends in /v1.
_FIRST_OF_V1 = {("GET", "/v1"), ("HEAD", "/v1"), ("HEAD", "/v1/api/hello")}
# A browser asks for the page before the page can send a key; its files tell nothing either.
_PAGE = {("GET", path) for path in FILES}
OPEN = frozenset(_FIRST | _FIRST_OF_V1 | _PAGE)


# All that a key with a name can reach, beside what begins with /v1/ and /api/: the rest changes the
# proxy for everybody, or shows the sessions of all.
_FOR_ALL = frozenset({"/health", "/activity", "/why", "/metrics", "/openapi.json"})

# The name of the key that came with a request; "" is the proxy's own.
KEY_NAME = web.RequestKey("KEY_NAME", str)


def check(request: web.Request, key: str, keys: ClientKeys, page: PageAccess) -> bool:
    """Let a request pass that carries a key as a bearer token or as `x-api-key`.

    `key` is the proxy's own, `keys` are those with a name, and `page` knows that of the page of
    `cc-proxy ui`, which counts as the proxy's own for what it opens. Returns whether the request
    carries one, under `KEY_NAME`; a few questions pass without.

    Raises:
        ApiError: 401, said not to be retried, since a wrong key stays wrong; 403 for a key with a
            name where only the proxy's own will do.

    """
    if (request.method, request.path) in OPEN:
        return False
    authorization = request.headers.get("Authorization", "")
    scheme, _, token = authorization.partition(" ")
    text = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    offered = text.encode("utf-8", "surrogateescape")
    is_ours = hmac.compare_digest(offered, key.encode())
    if is_ours or page.opens(request.method, request.path, offered):
        name: str | None = ""
    else:
        name = keys.name_of(offered)
    if name is None:
        found = "a key that is not this proxy's" if text else "no key"
        raise ApiError(
            401,
            "authentication_error",
            f"Expected this proxy's key as `Authorization: Bearer` or `x-api-key`, found {found}."
            " `cc-proxy claude` sets it; `cc-proxy claude --print-env` shows how.",
            retry=False,
        )
    if name and not (request.path in _FOR_ALL or request.path.startswith(("/v1/", "/api/"))):
        raise ApiError(
            403,
            "permission_error",
            f"Expected the proxy's own key for {request.path}, found the key of {name}.",
            retry=False,
        )
    request[KEY_NAME] = name
    return True
