"""Sending the requests of a capture to a model, through the proxy that runs."""

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

import msgspec

from cc_proxy.app.addresses import to_connect
from cc_proxy.app.cli.replay.capture_file import Exchange
from cc_proxy.app.control import why_client
from cc_proxy.app.control.http_exchange import exchange, reason_of
from cc_proxy.app.control.why import Why

_MAX_BYTES = 64 * 1024 * 1024
_MODEL_SECONDS = 60.0


class _Block(msgspec.Struct):
    type: str
    name: str = ""


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0


class _Message(msgspec.Struct):
    content: list[_Block] = []
    usage: _Usage = msgspec.field(default_factory=_Usage)


@dataclass
class Replayed:
    """One answer: the tools that it called, its cost, and what the proxy knows of it."""

    calls: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    written_tokens: int = 0
    seconds: float = 0.0
    error: str | None = None
    why: Why | None = None


def refusal(host: str, port: int, key: str, model: str) -> str | None:
    """Return why the proxy cannot ask a model; None if it can, or does not say.

    To be asked only of a process that is known to be ours.
    """
    target = f"/v1/models/{quote(model, safe='')}"
    try:
        status, found = exchange(host, port, target, key=key, timeout_seconds=_MODEL_SECONDS)
    except (OSError, HTTPException):
        return None
    return None if status == HTTPStatus.OK else _reason(found, status)


def ask(  # noqa: PLR0913 - one address, and what is asked there by keyword
    host: str, port: int, key: str, asked: Exchange, *, model: str, timeout_seconds: float
) -> Replayed:
    """Ask `model` what was asked in a capture, whole instead of as a stream.

    To be asked only of a process that is known to be ours.
    """
    body = json.loads(bytes(asked.request.body)) | {"model": model, "stream": False}
    body.pop("diagnostics", None)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "X-Claude-Code-Session-Id": f"replay-{asked.request.session}",
    }
    began = time.monotonic()
    connection = HTTPConnection(to_connect(host), port, timeout=timeout_seconds)
    try:
        connection.request("POST", "/v1/messages", json.dumps(body).encode(), headers)
        response = connection.getresponse()
        name, found = response.headers.get("request-id", ""), response.read(_MAX_BYTES)
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        # ValueError: the name of a session that cannot be a header.
        return Replayed(seconds=time.monotonic() - began, error=str(error) or type(error).__name__)
    finally:
        connection.close()
    seconds = time.monotonic() - began
    if response.status != HTTPStatus.OK:
        return Replayed(seconds=seconds, error=_reason(found, response.status))
    try:
        message = msgspec.json.decode(found, type=_Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Replayed(seconds=seconds, error=f"an answer that cannot be read: {error}")
    why = why_client.ask(host, port, key, request=name) if name else None
    usage = message.usage
    return Replayed(
        calls=[block.name for block in message.content if block.type == "tool_use"],
        prompt_tokens=usage.input_tokens
        + usage.cache_creation_input_tokens
        + usage.cache_read_input_tokens,
        written_tokens=usage.output_tokens,
        seconds=seconds,
        why=why if isinstance(why, Why) else None,
    )


def _reason(body: bytes, status: int) -> str:
    try:
        return reason_of(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"status {status}"
