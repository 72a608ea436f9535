"""A request in the bytes of one server's wire."""

from collections.abc import Callable
from dataclasses import dataclass

from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.target import Target


@dataclass(frozen=True)
class EncodedRequest:
    """A request for `target`, encoded once however often it is sent.

    Only the bytes are held: a request can be megabytes, and its answer take an hour. `decode`
    gives the request back, for another try or another server.
    """

    body: bytes
    target: Target
    decode: Callable[[bytes], ChatRequest]

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.body)

    def request(self) -> ChatRequest:
        """Return the request that was encoded."""
        return self.decode(self.body)
