"""An upstream's errors as the API's."""

from collections.abc import Iterator
from contextlib import contextmanager

from cc_proxy.app.anthropic.errors import ApiError, invalid_request, overloaded, prompt_too_long
from cc_proxy.app.chat.errors import (
    ContextOverflowError,
    GatewayError,
    ModelNotFoundError,
    UpstreamError,
    UpstreamRefusedError,
    UpstreamStalledError,
    UpstreamUnreachableError,
    UsageLimitError,
    WrongServerError,
    missing_model,
)

_TOO_LARGE = 413


def api_error(error: UpstreamError, model: str) -> ApiError:
    """Return the error a client gets for an upstream error while `model` was asked.

    Only what may get better by itself is left to the client's retries.
    """
    if isinstance(error, ContextOverflowError):
        return prompt_too_long(error.prompt_tokens, error.window)
    if isinstance(error, GatewayError):
        return _of_gateway(error)
    if isinstance(error, UpstreamRefusedError):
        return _refused(error, model)
    text = error.message if error.hint is None else f"{error.message} {error.hint}"
    quotes = error.quotes
    if isinstance(error, UpstreamUnreachableError):
        return ApiError(503, "api_error", text, retry=False, quotes=quotes)
    if isinstance(error, UpstreamStalledError):
        return ApiError(504, "timeout_error", text, retry=False, quotes=quotes)
    retry = False if isinstance(error, WrongServerError) else None
    return ApiError(502, "api_error", text, retry=retry, quotes=quotes)


@contextmanager
def api_error_for(model: str) -> Iterator[None]:
    """Turn an upstream error from the block inside into the ApiError for `model`."""
    try:
        yield
    except UpstreamError as error:
        raise api_error(error, model) from error


def _refused(error: UpstreamRefusedError, model: str) -> ApiError:
    server, text, quotes = error.server, error.text, error.quotes
    match error.status:
        case 404:
            return _not_found(error, model)
        case 400:
            return invalid_request(f"{server} refused the request: {text}", quotes=quotes)
        case 401 | 403:
            # Never 401: to Claude Code that is its own login, and it asks for one.
            return ApiError(
                403,
                "permission_error",
                _with_hint(f"{server} refused access: {text or 'no reason given'}", error.hint),
                retry=False,
                quotes=quotes,
            )
        case 429 | 503:
            return _busy(error)
        case 502 | 504:
            # In its own words: of a cloud model that it cannot reach now.
            return ApiError(502, "api_error", f"{server} cannot be reached: {text}", quotes=quotes)
        case _:
            return ApiError(
                500, "api_error", f"{server} failed: {text}", retry=False, quotes=quotes
            )


def _with_hint(text: str, hint: str | None) -> str:
    if not hint:
        return text
    return f"{text} {hint}" if text.endswith((".", "!", "?")) else f"{text}. {hint}"


def _busy(error: UpstreamRefusedError) -> ApiError:
    if isinstance(error, UsageLimitError):
        text = f"{error.server} refused the request: {error.text}"
        return ApiError(429, "rate_limit_error", text, retry=False, quotes=error.quotes)
    return overloaded(f"{error.server} is busy: {error.text}", quotes=error.quotes)


def _of_gateway(error: GatewayError) -> ApiError:
    text, quotes = f"{error.message} {error.advice}", error.quotes
    if not error.is_lasting:
        # It may be about to come back.
        return ApiError(502, "api_error", text, quotes=quotes)
    if error.status == _TOO_LARGE:
        return ApiError(413, "request_too_large", text, retry=False, quotes=quotes)
    return ApiError(504, "timeout_error", text, retry=False, quotes=quotes)


def _not_found(error: UpstreamRefusedError, model: str) -> ApiError:
    if not isinstance(error, ModelNotFoundError):
        return ApiError(
            502,
            "api_error",
            f"What answers for {error.server} has no such address: {error.text}."
            f" {error.check_address}",
            retry=False,
            quotes=error.quotes,
        )
    text = f"{missing_model(error.server, error.model, model)} {error.remedy}"
    return ApiError(404, "not_found_error", text, retry=False)
