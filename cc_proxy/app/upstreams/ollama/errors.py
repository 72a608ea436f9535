"""What can go wrong on Ollama's side, each with the words that a person needs.

The error texts of Ollama 0.32 are in the tests (recordings 15-35, 78, 83f, 91).
"""

import re

import msgspec

from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.upstreams.ollama.error_words import quoted_in
from cc_proxy.app.upstreams.ollama.missing_model import missing_model, pull_command

CHECK_ADDRESS = "Check OLLAMA_BASE_URL: it must point at an Ollama server."


class UpstreamError(CcProxyError):
    """Ollama did not do what was asked."""

    code = "upstream_error"


class UpstreamUnreachableError(UpstreamError):
    """Nothing answers at Ollama's address."""

    code = "upstream_unreachable"
    exit_code = 5


class UpstreamStalledError(UpstreamError):
    """Ollama was silent for longer than the configuration allows."""

    code = "upstream_stalled"


class UpstreamBrokeError(UpstreamError):
    """The answer ended early or was not what Ollama writes."""

    code = "upstream_broke"


class NotOllamaError(UpstreamBrokeError):
    """Something else answers at Ollama's address, and will go on doing so."""


class UpstreamRefusedError(UpstreamError):
    """Ollama answered with an error status; `status` and its own words in `text`."""

    code = "upstream_refused"

    def __init__(
        self, status: int, text: str, hint: str | None = None, message: str | None = None
    ) -> None:
        answered = message or f"Ollama answered {status}: {text}"
        super().__init__(answered, hint=hint, quotes=(quoted_in(text),))
        self.status = status
        self.text = text


class ModelNotFoundError(UpstreamRefusedError):
    """Ollama does not have `model`, which is the name that it was asked for."""

    def __init__(self, status: int, text: str, model: str) -> None:
        super().__init__(status, text, pull_command(model), missing_model(model))
        self.model = model


class UpstreamBusyError(UpstreamRefusedError):
    """Ollama's queue is full (`OLLAMA_MAX_QUEUE`); the request was not begun."""


class ContextOverflowError(UpstreamRefusedError):
    """The prompt does not fit the window; both in tokens."""

    code = "context_overflow"

    def __init__(self, status: int, text: str, prompt_tokens: int, window: int) -> None:
        super().__init__(status, text)
        self.prompt_tokens = prompt_tokens
        self.window = window


class _Body(msgspec.Struct):
    error: str


class _Nested(msgspec.Struct):
    message: str = ""
    type: str = ""
    n_prompt_tokens: int = 0
    n_ctx: int = 0


class _NestedBody(msgspec.Struct):
    error: _Nested


_MAX_QUOTED = 400
_MAX_TITLE = 80
_UNAVAILABLE = 503
_NOT_FOUND = 404
# Ollama names the model as it was asked for: an alias has been resolved by then.
_NO_MODEL = re.compile(r"model '([^']+)' not found")
# Ollama 0.32: "server busy, please try again.  maximum pending requests exceeded"
_BUSY = "maximum pending requests exceeded"
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_TITLE = re.compile("<title", re.IGNORECASE)
_TITLE_END = re.compile("</title", re.IGNORECASE)
_OVERFLOW = re.compile(
    r"request \((\d{1,18}) tokens\) exceeds the available context size \((\d{1,18})\b"
)


def refused(status: int, body: bytes) -> UpstreamRefusedError:
    """Return the error for a non-200 answer, its body's text unwrapped.

    The runner's own errors come as JSON inside the text (recording 31b).
    """
    try:
        text = msgspec.json.decode(body, type=_Body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UpstreamRefusedError(status, _plain(body), CHECK_ADDRESS)
    return from_text(status, text)


def from_text(status: int, text: str) -> UpstreamRefusedError:
    """Return the error for Ollama's error text, from a body or from a line in mid-stream."""
    try:
        nested = msgspec.json.decode(text, type=_NestedBody).error
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        nested = _Nested(message=text)
    if nested.type == "exceed_context_size_error":
        return ContextOverflowError(status, nested.message, nested.n_prompt_tokens, nested.n_ctx)
    if overflow := _OVERFLOW.search(nested.message):
        return ContextOverflowError(status, nested.message, int(overflow[1]), int(overflow[2]))
    if status == _UNAVAILABLE and _BUSY in nested.message:
        return UpstreamBusyError(status, nested.message)
    if status == _NOT_FOUND and (missing := _NO_MODEL.search(nested.message)):
        return ModelNotFoundError(status, nested.message, missing[1])
    return UpstreamRefusedError(status, nested.message)


def is_web_page(body: bytes) -> bool:
    """Tell whether a body, or the beginning of one, is HTML."""
    return _WEB_PAGE.match(body) is not None


def _plain(body: bytes) -> str:
    """Return what a person can read of a body that is not Ollama's JSON."""
    text = body.decode(errors="replace")
    if not is_web_page(body):
        return text.strip()[:_MAX_QUOTED] or "(empty body)"
    words = " ".join(_without_tags(_title(text) or text).split())[:_MAX_TITLE]
    return f'a web page, which is not Ollama\'s own: "{words}"'


def _title(page: str) -> str:
    """Return what stands between the tags of a page's title; nothing if it has none."""
    # Not with one expression: for a title without an end its work grows as the cube.
    opened = _TITLE.search(page)
    start = page.find(">", opened.end()) + 1 if opened else 0
    closed = _TITLE_END.search(page, start) if start else None
    return page[start : closed.start()] if closed else ""


def _without_tags(page: str) -> str:
    text, *parts = page.split("<")
    return " ".join([text, *(part.partition(">")[2] for part in parts)])
