"""Errors as the Messages API states them.

What the clients do with each status is the reason for `retry` (seen with Claude Code 2.1):
429, 500, 503 and 529 are tried 11 times over about three minutes, 401 as long; a header
`x-should-retry: false` stops that at once. So what will not get better by itself says so.
"""

from collections.abc import Iterable

import msgspec

from cc_proxy.app.errors import CcProxyError

# What Claude Code 2.1 waits at least before it tries again; over about 60 it gives up.
RETRY_AFTER_SECONDS = 5
# What was found is quoted, and may be megabytes: a person reads the beginning.
LONGEST_MESSAGE = 2000


class ApiError(CcProxyError):
    """An answer other than success: HTTP status, the API's error type, and whether to retry.

    `retry` False sends `x-should-retry: false`; None leaves it to the client.
    `retry_after` is in seconds; `detail_code` is what the SDKs act on in `error.details`;
    `quotes` as in CcProxyError.
    """

    def __init__(  # noqa: PLR0913 - the parts of an error, most by keyword
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        retry: bool | None = None,
        retry_after: int | None = None,
        detail_code: str | None = None,
        quotes: Iterable[str] = (),
    ) -> None:
        super().__init__(message, code=error_type, quotes=quotes)
        self.message = _cut(self.message)
        self.log_text = _cut(self.log_text)
        self.status = status
        self.error_type = error_type
        self.retry = retry
        self.retry_after = retry_after
        self.detail_code = detail_code

    def body(self, request_id: str) -> bytes:
        """Return the JSON error body."""
        error: dict[str, object] = {"type": self.error_type, "message": self.message}
        if self.detail_code is not None:
            error["details"] = {"error_code": self.detail_code}
        return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})

    def headers(self) -> dict[str, str]:
        """Return the headers that tell a client whether and when to try again."""
        headers = {}
        if self.retry is not None:
            headers["x-should-retry"] = "true" if self.retry else "false"
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return headers


def invalid_request(message: str, *, quotes: Iterable[str] = ()) -> ApiError:
    """400: the same request can never succeed. `quotes` as in CcProxyError."""
    return ApiError(400, "invalid_request_error", message, retry=False, quotes=quotes)


def prompt_too_long(tokens: int, maximum: int) -> ApiError:
    """400 in the one wording on which every Claude Code seen compacts and goes on."""
    return invalid_request(f"prompt is too long: {tokens} tokens > {maximum} maximum")


def overloaded(message: str, *, quotes: Iterable[str] = ()) -> ApiError:
    """529: the same request may well succeed in a while. `quotes` as in CcProxyError."""
    return ApiError(
        529,
        "overloaded_error",
        message,
        retry=True,
        retry_after=RETRY_AFTER_SECONDS,
        quotes=quotes,
    )


def fault() -> ApiError:
    """500: cc-proxy itself has failed, and its log says where."""
    return ApiError(
        500, "api_error", "Internal error in cc-proxy; its log has the details.", retry=False
    )


def thread_unsupported() -> ApiError:
    """400 on which the SDKs (Python 2.12) send the whole conversation instead of its last turn."""
    return ApiError(
        400,
        "invalid_request_error",
        "thread: cc-proxy keeps no conversations; send all messages with each request.",
        retry=False,
        detail_code="thread_unsupported_request",
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} [...]"
