"""A client of `GET /health`: find out which program listens at an address."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode

import msgspec

from cc_proxy.app.control.wire import Health

# What the gateway answers to everybody at `/`.
_GREETING = b"cc-proxy is running"
_GREETING_SECONDS = 1.0

ProbeOutcome = Literal["ok", "wrong key", "stranger", "silent", "nobody"]


@dataclass(frozen=True)
class Probe:
    """The result of a probe of an address.

    `ok`: a cc-proxy that accepts our key; `health` is its answer. `wrong key`: a cc-proxy that
    does not. `stranger`: another program. `silent`: something that does not answer in time.
    `nobody`: nothing listens.
    """

    outcome: ProbeOutcome
    health: Health | None = None


def ask(  # noqa: PLR0913 - one address, and what is asked of it by keyword
    host: str,
    port: int,
    key: str,
    *,
    upstream: bool = False,
    model: str | None = None,
    timeout_seconds: float = 2.0,
) -> Probe:
    """Ask `/health` with the key; `upstream` lets the proxy ask Ollama for its part of it.

    `model`: the answer tells about this one instead of the one that answers for `claude-*`.

    To be asked only of a process that is known to be ours: whoever listens is shown the key.
    """
    query = {"upstream": "0"} if not upstream else {"model": model} if model else {}
    target = f"/health?{urlencode(query)}" if query else "/health"
    answer = _get(host, port, target, key, timeout_seconds)
    if isinstance(answer, Probe):
        return answer
    status, body = answer
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Probe("wrong key")
    try:
        return Probe("ok", msgspec.json.decode(body, type=Health))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Probe("stranger")


def is_cc_proxy(host: str, port: int) -> bool:
    """Tell whether some cc-proxy listens there, without showing it a key."""
    answer = _get(host, port, "/", None, _GREETING_SECONDS)
    return not isinstance(answer, Probe) and answer[1].startswith(_GREETING)


def _get(
    host: str, port: int, target: str, key: str | None, timeout_seconds: float
) -> tuple[int, bytes] | Probe:
    from http.client import HTTPException  # noqa: PLC0415 - slow: see spawn.spawn

    from cc_proxy.app.control.http_exchange import exchange  # noqa: PLC0415 - as above

    try:
        return exchange(host, port, target, key=key, timeout_seconds=timeout_seconds)
    except TimeoutError:
        return Probe("silent")
    except ConnectionRefusedError:
        return Probe("nobody")
    except HTTPException:
        return Probe("stranger")
    except OSError:  # it hung up, or the address has gone away
        return Probe("nobody")
