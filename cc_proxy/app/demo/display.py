"""A session as it is shown in the terminal while it runs."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cc_proxy.app.demo.events import Event, TextEvent, ToolCallEvent, ToolResultEvent
from cc_proxy.app.practice.journal import Record

_NAME = 24
_COLUMNS = f"  #  {'model':<{_NAME}}   prompt   reused     read      out      time"
_LOG_COLUMNS = f"  #  {'model':<{_NAME}}   prompt     read      out  first token      time"
# What the proxy logs of each request.
_LOGGED = re.compile(r"(?<!\w)req_\w+ (ok|failed|client closed the connection) (asked=.*)")
_SHOWN = 96


@dataclass
class Display:
    """Writes a line for each request and each step, through `write`; remembers the requests."""

    write: Callable[[str], None]
    who: str
    requests: list[Record] = field(default_factory=list)
    _running: set[int] = field(default_factory=set)
    _held: list[Event] = field(default_factory=list)

    def header(self, *, practice: bool = True) -> None:
        """Write the names of the columns: of the practice model's, or of the proxy's log."""
        self.write(_COLUMNS if practice else _LOG_COLUMNS)

    def on_record(self, record: Record) -> None:
        """Write the line of a request to the model once it has ended."""
        if record.path != "/api/chat" or not record.prompt_tokens:
            return
        if record.ended_by is None:
            self._running.add(record.number)
            return
        self._running.discard(record.number)
        self.requests.append(record)
        ended = "" if record.ended_by == "done" else f"  ({record.ended_by})"
        self.write(
            f"{len(self.requests):>3}  {record.model:<{_NAME}}{record.prompt_tokens:>9,}"
            f"{record.reused_tokens:>9,}{record.read_tokens:>9,}{record.output_tokens:>9,}"
            f"{record.seconds:>8.2f} s{ended}"
        )
        self._show_held()

    def on_event(self, event: Event) -> None:
        """Write what the client did, but what it did with an answer after the answer's line."""
        self._held.append(event)
        self._show_held()

    def _show_held(self) -> None:
        if self._running:
            return
        for event in self._held:
            self._show(event)
        self._held.clear()

    def _show(self, event: Event) -> None:
        match event:
            case TextEvent(text):
                self.write(f"     model: {text.strip()}")
            case ToolCallEvent(tool, arguments):
                self.write(f"     {self.who} runs {tool}: {_argument(arguments)}")
            case ToolResultEvent(text, is_error):
                kind = "failed" if is_error else "gave"
                self.write(f"       it {kind}: {_one_line(text)}")


class ProxyLog:
    """Shows the requests to a real Ollama, read from the proxy's log.

    How much of a prompt the model knew already is told by nobody then: only the time shows it.
    """

    def __init__(self, path: Path, display: Display) -> None:
        self._path = path
        self._display = display
        self._read_bytes = 0
        self._requests = 0

    def catch_up(self) -> None:
        """Write the lines of the requests that have ended in the meantime."""
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            *lines, rest = file.read().split(b"\n")
            self._read_bytes = file.tell() - len(rest)
        for line in lines:
            if logged := _LOGGED.search(line.decode(errors="replace")):
                self._write(logged[1], dict(re.findall(r"(?<!\w)(\w+)=(\S+)", logged[2])))

    def _write(self, outcome: str, fields: dict[str, str]) -> None:
        self._requests += 1
        ended = "" if outcome == "ok" else f"  ({outcome})"
        first = int(fields.get("first_token_ms", 0)) / 1000
        read = int(fields.get("tokens_in", 0))
        prompt = read + int(fields.get("tokens_reused", 0))
        self._display.write(
            f"{self._requests:>3}  {fields.get('model', '?'):<{_NAME}}"
            f"{prompt:>9,}{read:>9,}{int(fields.get('tokens_out', 0)):>9,}"
            f"{first:>11.2f} s{int(fields.get('total_ms', 0)) / 1000:>8.2f} s{ended}"
        )


@dataclass(frozen=True)
class SessionTotals:
    """The tokens of a whole session; `read` is what the model had to read, of `prompt`."""

    requests: int
    prompt: int
    reused: int
    read: int
    output: int

    @classmethod
    def of(cls, records: list[Record]) -> "SessionTotals":
        """Add up the records of a session."""
        return cls(
            requests=len(records),
            prompt=sum(record.prompt_tokens for record in records),
            reused=sum(record.reused_tokens for record in records),
            read=sum(record.read_tokens for record in records),
            output=sum(record.output_tokens for record in records),
        )

    def lines(self) -> list[str]:
        """Return the summary for people."""
        share = self.reused / self.prompt if self.prompt else 0.0
        known = (
            f"The other {self.reused:,} ({share:.0%}) it knew already: through cc-proxy, each"
            " request begins with the same bytes as the one before."
        )
        return [
            f"{self.requests} requests: {self.prompt:,} prompt tokens in, {self.output:,} out.",
            f"Read by the model: {self.read:,}. Without prefix reuse: {self.prompt:,}.",
            known,
        ]


def request_data(record: Record) -> dict[str, Any]:
    """Return a request as plain values, for `--json`."""
    return {
        "model": record.model,
        "prompt_tokens": record.prompt_tokens,
        "reused_tokens": record.reused_tokens,
        "read_tokens": record.read_tokens,
        "output_tokens": record.output_tokens,
        "seconds": round(record.seconds, 3),
        "ended_by": record.ended_by,
    }


def _argument(arguments: dict[str, Any]) -> str:
    for name in ("command", "pattern", "file_path", "path"):
        if name in arguments:
            return _one_line(str(arguments[name]))
    return _one_line(str(arguments))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
