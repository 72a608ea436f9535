"""Another model answers when the server of the first one fails before the first event."""

from collections.abc import Callable
from contextlib import aclosing

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import UpstreamError, is_of_server
from cc_proxy.app.gateway.answer.rounds import Events
from cc_proxy.app.gateway.routes.exchange import Asking, MessageExchange


class FallbackRequest:
    """Holds a request as it came until its answer begins, so that another model can be asked.

    `release` is called when it is held no longer.
    """

    def __init__(self, asking: Asking, body: bytes, release: Callable[[], None]) -> None:
        self._asking = asking
        self._body: bytes | None = body
        self._release = release

    async def events(self, exchange: MessageExchange, first: Events) -> Events:
        """Yield the events of `first`, or those of the fallback, which `exchange` then is.

        Raises:
            ApiError, UpstreamError: those of `first`, if no fallback can answer either; those of a
                fallback once it has begun to answer.

        """
        events: Events | None = first
        target, failed = exchange.target, None
        while events is not None:
            try:
                async with aclosing(events) as batches:
                    async for batch in batches:
                        if batch:
                            self._let_go()
                        yield batch
            except UpstreamError as error:
                if self._body is None:
                    raise
                failed, cause = failed or error, error
            else:
                return
            events = await self._of_fallback(exchange, cause)
        self._let_go()
        exchange.target = target
        assert failed is not None  # noqa: S101 - the loop ends without an answer after an error only
        raise failed

    async def _of_fallback(self, exchange: MessageExchange, error: UpstreamError) -> Events | None:
        """Return the events of the next model, None where there is none that could answer."""
        fallbacks, record = exchange.shared.models.fallbacks, exchange.record
        if self._body is None or not (is_of_server(error) and fallbacks.has(exchange.target)):
            return None
        record.trouble(f"{exchange.target.model.name} has failed: {error.log_text}")
        try:
            target = await fallbacks.instead_of(exchange.target)
            other, translated = await self._asking.exchange(requests.decode(self._body), target)
        except (ApiError, UpstreamError) as trouble:
            record.trouble(f"its fallback cannot answer: {trouble.log_text}")
            return None
        translated.prompt.release_text()
        exchange.go_on_with(other)
        return other.events

    def _let_go(self) -> None:
        if self._body is not None:
            self._body = None
            self._release()
