"""The id of the current request, for every line of the log."""

from contextvars import ContextVar

# A task that a request begins inherits it, so what is done for several is told of the first.
CURRENT: ContextVar[str | None] = ContextVar("request_id", default=None)
