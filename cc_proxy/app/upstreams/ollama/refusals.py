"""The errors that Ollama answers with.

The error texts of Ollama 0.32 are in the tests (recordings 15-35, 78, 83f, 91).
"""

import re
from dataclasses import replace

import msgspec

from cc_proxy.app.chat.errors import (
    ContextOverflowError,
    ModelNotFoundError,
    Refusal,
    UpstreamBusyError,
    UpstreamRefusedError,
    UsageLimitError,
)
from cc_proxy.app.upstreams.http.error_words import quoted_in
from cc_proxy.app.upstreams.http.gateways import gateway_error
from cc_proxy.app.upstreams.http.web_pages import plain_words
from cc_proxy.app.upstreams.ollama.missing_model import how_to_get, pull_command

SERVER = "Ollama"
BASE_URL = "OLLAMA_BASE_URL"
_WITHOUT_PATH = "without /v1 or /api at the end"


class _Body(msgspec.Struct):
    """An error. `signin_url` is where a person allows this Ollama to use cloud models."""

    error: str
    signin_url: str = ""


class _Nested(msgspec.Struct):
    message: str = ""
    type: str = ""
    n_prompt_tokens: int = 0
    n_ctx: int = 0


class _NestedBody(msgspec.Struct):
    error: _Nested


_UNAVAILABLE = 503
_UNAUTHORIZED = 401
_TOO_MANY = 429
# Of a cloud model: "you have reached your hourly usage limit, upgrade for higher limits".
_USAGE_LIMIT = re.compile(r"usage limit|quota|upgrade", re.IGNORECASE)
_NOT_FOUND = 404
# Ollama names the model as it was asked for: an alias has been resolved by then.
_NO_MODEL = re.compile(r"model '([^']+)' not found")
# Ollama 0.32: "server busy, please try again.  maximum pending requests exceeded"
_BUSY = "maximum pending requests exceeded"
_OVERFLOW = re.compile(
    r"request \((\d{1,18}) tokens\) exceeds the available context size \((\d{1,18})\b"
)


def check_address(setting: str = BASE_URL) -> str:
    """Return what to do if something else answers at the address that is set there."""
    return f"Check {setting}: it must point at an Ollama server."


def refused(
    status: int, body: bytes, software: str = "", setting: str = BASE_URL
) -> UpstreamRefusedError:
    """Return the error for a non-200 answer, its body's text unwrapped.

    The runner's own errors come as JSON inside the text (recording 31b). `software` is the
    `Server` header, which Ollama does not send, `setting` where its address is set.
    """
    try:
        found = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        refusal = _refusal(status, plain_words(body, SERVER), check_address(setting), setting)
        return gateway_error(refusal, software, body) or UpstreamRefusedError(refusal)
    if status == _UNAUTHORIZED:
        where = f", or open {found.signin_url}" if found.signin_url else ""
        hint = f"For a cloud model, run `ollama signin` on the machine of Ollama{where}."
        return UpstreamRefusedError(_refusal(status, found.error, hint))
    return from_text(status, found.error, setting)


def from_text(status: int, text: str, setting: str = BASE_URL) -> UpstreamRefusedError:
    """Return the error for Ollama's error text, from a body or from a line in mid-stream."""
    try:
        nested = msgspec.json.decode(text, type=_NestedBody).error
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        nested = _Nested(message=text)
    refusal = _refusal(status, nested.message, setting=setting)
    if nested.type == "exceed_context_size_error":
        return ContextOverflowError(refusal, nested.n_prompt_tokens, nested.n_ctx)
    if overflow := _OVERFLOW.search(nested.message):
        return ContextOverflowError(refusal, int(overflow[1]), int(overflow[2]))
    if status == _TOO_MANY and _USAGE_LIMIT.search(nested.message):
        return UsageLimitError(refusal)
    if status == _UNAVAILABLE and _BUSY in nested.message:
        return UpstreamBusyError(refusal)
    if status == _NOT_FOUND and (missing := _NO_MODEL.search(nested.message)):
        found = replace(refusal, hint=pull_command(missing[1]))
        return ModelNotFoundError(found, missing[1], how_to_get(missing[1]))
    return UpstreamRefusedError(refusal)


def _refusal(status: int, text: str, hint: str | None = None, setting: str = BASE_URL) -> Refusal:
    check_path = check_address(setting).removesuffix(".") + f", {_WITHOUT_PATH}."
    return Refusal(SERVER, status, text, check_path, hint, (quoted_in(text),))
