"""The errors of servers that speak OpenAI's chat API, and of the routers in front of them.

Four shapes: nested in `error` (llama-server, vLLM, Ray, SMG), flat with `object: "error"` (SGLang),
`detail` (FastAPI, under vLLM and Ray) and plain text (vllm-router, Envoy). The status comes first:
vllm-router and sglang-router label the error for a stream as text/event-stream.
"""

import re
from dataclasses import replace
from typing import TypeVar

import msgspec

from cc_proxy.app.chat.errors import (
    ContextOverflowError,
    GatewayError,
    ModelNotFoundError,
    Refusal,
    UpstreamBusyError,
    UpstreamRefusedError,
)
from cc_proxy.app.upstreams.http.error_words import quoted_in
from cc_proxy.app.upstreams.http.gateways import gateway_error
from cc_proxy.app.upstreams.http.web_pages import plain_words
from cc_proxy.app.upstreams.openai.overflow import Overflow, overflow_in

_Shape = TypeVar("_Shape")

SEE_MODELS = "See what it serves: cc-proxy models"
# A router has not noticed yet that a worker died: vllm-router 0.1 and sglang-router 0.3 answer 500
# to two requests before they take another worker.
_WORKER_GONE = re.compile(r"\berror sending request for url \(")
_NOT_FOUND = 404
_NO_ACCESS = frozenset({401, 403})
_BUSY = frozenset({429, 503})

# Ray Serve wraps the engine's words: "Message: … (Request ID: …), Internal exception: …".
_BEFORE, _ID, _BEHIND = "Message: ", " (Request ID: ", "), Internal exception: "
_NO_MODEL = re.compile(
    r"[Tt]he model [`'\"](?P<vllm>[^`'\"]+)[`'\"] (?:does not exist|not found)"
    r"|Got request for model \"(?P<ray>[^\"]+)\""
    r"|[Mm]odel [`'\"](?P<plain>[^`'\"]+)[`'\"] (?:does not exist|not found)"
)


class AnswerTooLongError(UpstreamRefusedError):
    """The prompt fits the window, but not together with the tokens that were asked for.

    SGLang and older versions of vLLM refuse that; others cut the answer. `room` is the number of
    tokens that are left for the answer.
    """

    def __init__(self, refusal: Refusal, prompt_tokens: int, window: int) -> None:
        super().__init__(refusal)
        self.prompt_tokens = prompt_tokens
        self.window = window
        self.room = window - prompt_tokens


class _Error(msgspec.Struct):
    message: str = ""
    type: str | None = None
    n_prompt_tokens: int = 0
    n_ctx: int = 0


class _Nested(msgspec.Struct):
    error: _Error | str


class _Flat(msgspec.Struct):
    message: str


class _Detail(msgspec.Struct):
    detail: str | list[msgspec.Raw]


def check_address(server: str) -> str:
    """Return what to do if something else answers at the address of the upstream `server`."""
    return f"Check upstreams.{server}.url: a server with OpenAI's chat API must answer there."


def refused(
    server: str, status: int, body: bytes, software: str = ""
) -> UpstreamRefusedError | GatewayError:
    """Return the error for an answer with an error status, whatever its Content-Type says.

    `server` is the name that a person knows it by, `software` the header `Server`.
    """
    known = _words(body)
    if known is None:
        refusal = Refusal(server, status, plain_words(body, server), check_address(server))
        return gateway_error(refusal, software, body) or _of_text(refusal)
    text, overflow = known
    overflow = overflow or overflow_in(text)
    if overflow is not None:
        return _too_long(Refusal(server, status, text), overflow)
    return _of_text(Refusal(server, status, text, check_address(server)))


def _of_text(refusal: Refusal) -> UpstreamRefusedError:
    server, status, text = refusal.server, refusal.status, refusal.text
    refusal = replace(refusal, quotes=(quoted_in(text),))
    if status in _BUSY or _WORKER_GONE.search(text):
        return UpstreamBusyError(refusal)
    if status == _NOT_FOUND and (missing := _NO_MODEL.search(text)):
        found = Refusal(server, status, text, check_address(server), SEE_MODELS)
        return ModelNotFoundError(found, next(filter(None, missing.groups())), SEE_MODELS)
    return UpstreamRefusedError(replace(refusal, hint=_hint(server, status)))


def _hint(server: str, status: int) -> str | None:
    if status == _NOT_FOUND:
        return check_address(server)
    return f"Check upstreams.{server}.api_key." if status in _NO_ACCESS else None


def in_stream(server: str, event: bytes) -> UpstreamRefusedError | GatewayError:
    """Return the error that an event reports, in a stream that began with a 200."""
    return refused(server, 200, event)


def _too_long(refusal: Refusal, overflow: Overflow) -> UpstreamRefusedError:
    prompt, window = overflow.prompt_tokens, overflow.window
    if overflow.is_exact and prompt < window:
        return AnswerTooLongError(refusal, prompt, window)
    return ContextOverflowError(refusal, prompt, window, is_exact=overflow.is_exact)


def _words(body: bytes) -> tuple[str, Overflow | None] | None:
    """Return the words of an error body, and the overflow that its fields report.

    None: it is in none of the shapes of such a server.
    """
    nested = _decoded(body, _Nested)
    if nested is not None:
        error = nested.error
        if isinstance(error, str):
            return _unwrapped(error), None
        if error.type == "exceed_context_size_error":
            return error.message, Overflow(error.n_prompt_tokens, error.n_ctx)
        return _unwrapped(error.message or error.type or "no reason given"), None
    if (flat := _decoded(body, _Flat)) is not None:
        return flat.message, None
    if (detail := _decoded(body, _Detail)) is not None and isinstance(detail.detail, str):
        return detail.detail, None
    return None


def _decoded(body: bytes, shape: type[_Shape]) -> _Shape | None:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _unwrapped(text: str) -> str:
    message, wrapped, rest = text.removeprefix(_BEFORE).partition(_ID)
    is_wrapped = text.startswith(_BEFORE) and wrapped and _BEHIND in rest
    return message if is_wrapped else text
