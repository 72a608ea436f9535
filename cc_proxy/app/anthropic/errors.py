"""Errors as the Messages API states them.

What the clients do with each status is the reason for `retry` (seen with Claude Code 2.1):
429, 500, 503 and 529 are tried 11 times over about three minutes, 401 as long; a header
`x-should-retry: false` stops that at once. So what will not get better by itself says so.
"""

import msgspec

from cc_proxy.app.errors import CcProxyError


class ApiError(CcProxyError):
    """An answer other than success: HTTP status, the API's error type, and whether to retry.

    `retry` False sends `x-should-retry: false`; None leaves it to the client.
    `retry_after` is in seconds.
    """

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        retry: bool | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, code=error_type)
        self.status = status
        self.error_type = error_type
        self.retry = retry
        self.retry_after = retry_after

    def body(self, request_id: str) -> bytes:
        """Return the JSON error body."""
        return msgspec.json.encode(
            {
                "type": "error",
                "error": {"type": self.error_type, "message": self.message},
                "request_id": request_id,
            }
        )

    def headers(self) -> dict[str, str]:
        """Return the headers that tell a client whether and when to try again."""
        headers = {}
        if self.retry is not None:
            headers["x-should-retry"] = "true" if self.retry else "false"
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return headers


def invalid_request(message: str) -> ApiError:
    """400: the same request can never succeed."""
    return ApiError(400, "invalid_request_error", message, retry=False)


def prompt_too_long(tokens: int, maximum: int) -> ApiError:
    """400 in the one wording on which every Claude Code seen compacts and goes on."""
    return invalid_request(f"prompt is too long: {tokens} tokens > {maximum} maximum")
