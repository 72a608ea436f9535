"""The lines of `/api/pull`: a model on its way from Ollama's registry to its disk."""

from collections.abc import Iterable

import msgspec

from cc_proxy.app.upstreams.ollama.errors import UpstreamBrokeError, from_text

_QUOTED = 120


class PullLine(msgspec.Struct, frozen=True):
    """One line. `digest`, `total` and `completed` (bytes) come with a layer that is fetched."""

    status: str = ""
    digest: str = ""
    total: int = 0
    completed: int = 0
    error: str | None = None

    @property
    def is_last(self) -> bool:
        """Tell whether the model is there."""
        return self.status == "success"


def read_line(line: bytes) -> PullLine:
    """Read one line.

    Raises:
        UpstreamRefusedError: it tells of an error; after the 200 that a pull begins with.
        UpstreamBrokeError: it is not what Ollama writes.

    """
    try:
        found = msgspec.json.decode(line, type=PullLine)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        shown = line[:_QUOTED].decode(errors="replace")
        raise UpstreamBrokeError(f"Ollama sent a line that is not its JSON: {shown!r}") from error
    if found.error is not None:
        raise from_text(200, found.error)
    return found


def summed(layers: Iterable[PullLine]) -> tuple[int, int]:
    """Return how many bytes of the layers are there, and how many there are to be."""
    known = tuple(layers)
    return sum(layer.completed for layer in known), sum(layer.total for layer in known)
