"""The lines of an answer, and what is said of those that are none of Ollama's."""

import msgspec

from cc_proxy.app.chat.counts import bounded
from cc_proxy.app.chat.errors import UpstreamBrokeError, UpstreamError, WrongServerError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.upstreams.http.decoder import ReadBatch
from cc_proxy.app.upstreams.http.web_pages import is_web_page
from cc_proxy.app.upstreams.ollama.lines import LineSplitter, LineTooLongError
from cc_proxy.app.upstreams.ollama.refusals import check_address, from_text
from cc_proxy.app.upstreams.ollama.wire import decode_chunk, decode_chunks

_QUOTED = 120
_NOT_JSON = "Ollama sent a line that is not its JSON"
_ENDED_EARLY = "Ollama ended its answer in the middle of a line"
_WEB_PAGE = "What answers for Ollama sent a web page."


class LineReader:
    """Reads the lines of one answer as they come, cut anywhere.

    The last one, with `done`, ends the answer; nothing is whole before it.
    """

    is_whole = False

    def __init__(self) -> None:
        self._lines = LineSplitter()

    def feed(self, piece: bytes) -> ReadBatch:
        """Return the chunks that `piece` completes, and what is wrong behind them."""
        try:
            return complete(self._lines.feed(piece))
        except LineTooLongError:
            return [], UpstreamBrokeError("Ollama sent a line without an end.")

    def finish(self) -> ReadBatch:
        """Return the chunk of the rest without a newline, and what is wrong with it."""
        rest = self._lines.rest().strip()
        try:
            return ([last(rest)] if rest else []), None
        except UpstreamError as error:
            return [], error

    def plain_words(self, piece: bytes) -> list[ChatChunk] | None:
        """Return the chunks of whole lines, None if one is an error or cannot be read."""
        chunks, trouble = complete(piece)
        return None if trouble is not None else chunks


def complete(lines: bytes) -> ReadBatch:
    """Return the chunks of whole lines, up to the first that is an error or cannot be read."""
    try:
        chunks = decode_chunks(lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _apart(lines)
    for chunk in chunks:
        if chunk.error is not None:
            return _apart(lines)
        if chunk.done:
            bounded(chunk)
    return chunks, None


def _apart(lines: bytes) -> ReadBatch:
    chunks = []
    for line in lines.split(b"\n"):
        if not line or line.isspace():
            continue
        try:
            chunks.append(_decoded(line))
        except UpstreamError as error:
            return chunks, error
    return chunks, None


def last(line: bytes) -> ChatChunk:
    """Return the chunk after the last newline; it may be complete.

    Raises:
        UpstreamError: it is not, or it says that something went wrong.

    """
    return _decoded(line, _ENDED_EARLY)


def _decoded(line: bytes, trouble: str = _NOT_JSON) -> ChatChunk:
    try:
        chunk = decode_chunk(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if is_web_page(line):
            raise WrongServerError(_WEB_PAGE, hint=check_address()) from error
        what, *quotes = _what_is_wrong(line, error)
        raise UpstreamBrokeError(f"{trouble}: {what}", quotes=quotes) from error
    if chunk.error is not None:
        raise from_text(200, chunk.error)
    return bounded(chunk)


def _what_is_wrong(line: bytes, error: Exception) -> tuple[str, ...]:
    """Return what an error says of a line, and of that once more what it quotes."""
    line = line.strip()
    if line.startswith(b"{") or line.endswith(b"}"):
        # A piece of an answer is of no help to a person.
        return (str(error),)
    shown = repr(line[:_QUOTED].decode(errors="replace"))
    return shown, shown
