"""A request in the bytes of one server's wire."""

from collections.abc import Callable
from dataclasses import dataclass

from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.target import Target


@dataclass(frozen=True)
class EncodedRequest:
    """A request for `target`, encoded once however often it is sent.

    Only the bytes are held: a request can be megabytes, and its answer take an hour. `decode`
    gives the request back, for another try or another server; `encode` has made the bytes.
    """

    body: bytes
    target: Target
    decode: Callable[[bytes], ChatRequest]
    encode: "Encode"

    @property
    def size(self) -> int:
        """Return the number of its bytes."""
        return len(self.body)

    def request(self) -> ChatRequest:
        """Return the request that was encoded."""
        return self.decode(self.body)

    def again(self, request: ChatRequest) -> "EncodedRequest":
        """Return another request to the same target, in the same wire."""
        return self.encode(request, self.target)


Encode = Callable[[ChatRequest, Target], EncodedRequest]
