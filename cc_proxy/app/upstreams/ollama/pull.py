"""The lines of `/api/pull`: a model on its way from Ollama's registry to its disk."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable

import msgspec

from cc_proxy.app.chat.errors import UpstreamBrokeError
from cc_proxy.app.upstreams.ollama.lines import LineSplitter, LineTooLongError
from cc_proxy.app.upstreams.ollama.refusals import from_text

_QUOTED = 120
# A line of Ollama's has some 150 bytes, and a model some ten layers.
_MAX_LINE_BYTES = 64 * 1024
_MAX_BLANK_BYTES = 1024 * 1024
_MAX_LAYERS = 1000
_MAX_STATUS = 200


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
        UpstreamRefusedError: it reports an error, after the 200 that a pull begins with.
        UpstreamBrokeError: it is not what Ollama writes.

    """
    try:
        found = msgspec.json.decode(line, type=PullLine)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = line[:_QUOTED].decode(errors="replace")
        raise UpstreamBrokeError(f"Ollama sent a line that is not its JSON: {shown!r}") from error
    if found.error is not None:
        raise from_text(200, found.error)
    return msgspec.structs.replace(found, status=found.status[:_MAX_STATUS])


def interrupted(name: str) -> UpstreamBrokeError:
    """Return the error for a download of a model that ended early."""
    return UpstreamBrokeError(
        "Ollama ended the download before it was complete.",
        hint=f"What has come is kept; to go on from there: cc-proxy models pull {name}",
    )


async def read_lines(
    pieces: AsyncIterable[bytes], redacted: Callable[[bytes], bytes]
) -> AsyncIterator[PullLine]:
    """Yield the lines of an answer that comes in pieces; `redacted` takes the secrets out of one.

    Raises:
        UpstreamRefusedError: as read_line().
        UpstreamBrokeError: as read_line(), or a line, or the answer, has no end.

    """
    splitter = LineSplitter(_MAX_LINE_BYTES)
    layers: set[str] = set()
    blank = 0
    async for piece in pieces:
        try:
            lines = splitter.feed(piece).split(b"\n")
        except LineTooLongError as error:
            raise UpstreamBrokeError("Ollama sent a line without an end.") from error
        for line in lines:
            if not line or line.isspace():
                blank += len(line) + 1
                continue
            blank = 0
            found = read_line(redacted(line))
            layers.add(found.digest)
            yield found
        if blank > _MAX_BLANK_BYTES:
            raise UpstreamBrokeError("Ollama sent nothing but blank lines.")
        if len(layers) > _MAX_LAYERS:
            raise UpstreamBrokeError(f"Ollama sent more than {_MAX_LAYERS} layers of one model.")
    if rest := splitter.rest().strip():
        yield read_line(redacted(rest))


def summed(layers: Iterable[PullLine]) -> tuple[int, int]:
    """Return how many bytes of the layers are there, and how many in all."""
    known = tuple(layers)
    return sum(layer.completed for layer in known), sum(layer.total for layer in known)
