"""One HTTP request to a cc-proxy on this machine, and its answer."""

import http.client

import msgspec

from cc_proxy.app.addresses import to_connect

_MOST_BYTES = 1 << 20


class _ErrorText(msgspec.Struct):
    message: str


class _ErrorBody(msgspec.Struct):
    error: _ErrorText


def exchange(  # noqa: PLR0913 - one address, and what is asked there by keyword
    host: str,
    port: int,
    target: str,
    *,
    key: str | None,
    body: bytes | None = None,
    timeout_seconds: float,
) -> tuple[int, bytes]:
    """Ask for `target` (path and query), and return the status and the first MiB of the answer.

    With `body`, even an empty one, it is a POST, else a GET. `key` goes along as a bearer token:
    give one only for a process that is known to be ours. Nothing is sent through the HTTP proxies
    that the environment names. `timeout_seconds` is for each wait, not for all of them.

    Raises:
        TimeoutError: connecting, or the next bytes, took too long.
        OSError: the connection was refused, or broke.
        http.client.HTTPException: what answers does not speak HTTP.

    """
    headers = {"Connection": "close"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    connection = http.client.HTTPConnection(to_connect(host), port, timeout=timeout_seconds)
    try:
        connection.request("GET" if body is None else "POST", target, body, headers)
        response = connection.getresponse()
        return response.status, response.read(_MOST_BYTES)
    finally:
        connection.close()


def reason_of(body: bytes) -> str:
    """Return the message of an answer that is an error of the API.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: it is none.

    """
    return msgspec.json.decode(body, type=_ErrorBody).error.message
