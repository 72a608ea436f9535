"""The turns that models wrote, in memory and in a file, so that a restart does not forget them.

The file has one line of JSON for each turn. Lines are added in the background after an answer has
ended; now and then the oldest ones leave. A turn that is larger than what is kept then stays in
memory only.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from cc_proxy.app.chat.messages import ToolCall
from cc_proxy.app.gateway.storage.background import Background
from cc_proxy.app.gateway.storage.kept_file import KeptFile
from cc_proxy.app.translate.prompt.turns import MAX_CALLS, TurnMemory, WrittenTurn

log = logging.getLogger(__name__)

_VERSION = 1
KEPT_BYTES = 4 * 1024 * 1024
MOST_BYTES = 2 * KEPT_BYTES
# As long as Claude Code itself keeps a session that could be resumed.
KEPT_SECONDS = 30 * 24 * 3600.0


class _Line(msgspec.Struct):
    """`at` is in seconds since 1970."""

    version: int
    at: float
    content: str
    thinking: str
    calls: list[ToolCall]


_line_decoder = msgspec.json.Decoder(_Line)


class TurnStore:
    """Remembers turns as `TurnMemory` does; without a path only until the process ends."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._memory = TurnMemory()
        # What is added between two looks at the size may be more than the most.
        self._file = KeptFile(path, "turns", 2 * MOST_BYTES)
        self._size = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._writer = Background(self._next)
        self._kept = path is not None
        self._load()

    def recall(self, call_id: str) -> WrittenTurn | None:
        """Return the turn whose first call has this id."""
        return self._memory.recall(call_id)

    def remember(self, turn: WrittenTurn) -> None:
        """Keep a turn with calls; it is on disk a moment later."""
        self._memory.remember(turn)
        if not self._kept or len(turn.calls) > MAX_CALLS:
            return
        line = _Line(_VERSION, self._clock(), turn.content, turn.thinking, list(turn.calls))
        # The model may have broken the lines of its arguments, which are kept as they are.
        text = msgspec.json.encode(line).replace(b"\n", b" ") + b"\n"
        if len(text) > KEPT_BYTES:
            log.info("a turn of %d bytes is not kept on disk: it is too large", len(text))
        elif self._pending_bytes + len(text) > MOST_BYTES:
            log.warning("a turn is not kept on disk, which takes no more for now")
        else:
            self._pending.append(text)
            self._pending_bytes += len(text)
            self._writer.more()

    async def close(self) -> None:
        """Return once all is written."""
        await self._writer.close()

    def _next(self) -> Callable[[], None] | None:
        if not self._pending:
            return None
        lines = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        return partial(self._append, lines)

    def _append(self, lines: bytes) -> None:
        self._file.append(lines)
        self._size += len(lines)
        if self._size > MOST_BYTES and (body := self._file.read()):
            # From the end of a line on: no line is longer than what is kept.
            latest = body[-KEPT_BYTES - 1 :]
            self._rewrite(latest[latest.find(b"\n") + 1 :])

    def _rewrite(self, lines: bytes) -> None:
        self._file.write(lines)
        self._size = len(lines)

    def _load(self) -> None:
        body = self._file.read()
        if body is None:
            return
        # A process that was killed may have left half a line. Only `\n` ends one: a model may have
        # put `\r` between its arguments.
        whole = body[: body.rfind(b"\n")].split(b"\n") if b"\n" in body else [body]
        oldest = self._clock() - KEPT_SECONDS
        fresh, found, reasons = [], 0, []
        for number, text in enumerate(whole, 1):
            try:
                line = _decoded(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                reasons.append(f"line {number}: {error}")
                continue
            found += 1
            if line.at >= oldest:
                self._memory.remember(WrittenTurn(line.content, line.thinking, tuple(line.calls)))
                fresh.append(text + b"\n")
        if body and not found:
            self._file.put_aside(reasons[0], "the turns so far are forgotten")
            return
        if reasons:
            self._file.left_out(len(reasons), reasons[0], "their turns are forgotten")
        self._size = len(body)
        latest = b"".join(fresh)
        if latest != body:
            self._rewrite(latest)


def _decoded(line: bytes) -> _Line:
    decoded = _line_decoder.decode(line)
    if decoded.version != _VERSION:
        raise msgspec.ValidationError(f"expected version {_VERSION}, found {decoded.version}")
    if not decoded.calls:
        raise msgspec.ValidationError("a turn without calls")
    return decoded
