"""Answers that outlast the time they are given when the proxy stops: cut off, and told so."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cc_proxy.app.anthropic.errors import ApiError

log = logging.getLogger(__name__)


class ActiveAnswers:
    """The requests that are being answered, so that all can be ended with an error."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()
        self._cut: ApiError | None = None

    @contextmanager
    def track(self) -> Iterator[None]:
        """Count the task that runs among them."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler runs in a task
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    @contextmanager
    def convert_cancellation(self) -> Iterator[None]:
        """Let a cut be an error that a client can be told.

        Raises:
            ApiError: the proxy stops, and this answer has had its time.

        """
        try:
            yield
        except asyncio.CancelledError:
            if self._cut is None:  # the client has left
                raise
            raise self._cut from None

    def abort_all(self, *, comes_back: bool) -> None:
        """End every answer: what is streamed gets an error event, the rest a status.

        After words of an answer Claude Code 2.1.330 keeps them at such an event and asks the model
        to go on; 2.1.197 shows the error's text and ends.

        `comes_back`: the proxy is being restarted, so that it is worth asking again.
        """
        self._cut = restarted() if comes_back else stopped()
        if self._running:
            log.warning("answers that still ran have been cut off: %d", len(self._running))
        for task in self._running:
            task.cancel()


def restarted() -> ApiError:
    """503 `api_error`, to be tried again: Claude Code does for minutes, a restart takes seconds."""
    return ApiError(
        503, "api_error", "cc-proxy is being restarted in the middle of this answer.", retry=True
    )


def stopped() -> ApiError:
    """529 `overloaded_error`, not to be tried again: there will be nobody to answer."""
    return ApiError(
        529,
        "overloaded_error",
        "cc-proxy was stopped before the model had finished. To start it again: cc-proxy start",
        retry=False,
    )
