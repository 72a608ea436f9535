"""The formats of a log line: text for people, JSON for programs."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from cc_proxy.app.config import LogFormat
from cc_proxy.app.control_characters import escape_controls
from cc_proxy.app.daemon.log.tracebacks import traceback_text
from cc_proxy.app.redaction import Redactor
from cc_proxy.app.request_id import CURRENT

# Of what a client or Ollama has named there can be megabytes, and the size of the file is looked
# at between lines. Of a traceback the end counts.
LONGEST = 16 * 1024
_ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)
_NAMES = {logging.WARNING: "WARN", logging.CRITICAL: "FATAL"}


class LineFormatter(logging.Formatter):
    """`2026-11-22T18:00:00.123Z INFO  message`, UTC; no text can forge a line of its own.

    A line that is written for a request names it. `secrets` are replaced wherever they turn up.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._redactor = Redactor(secrets)

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's name
        """Return the traceback, without what the errors say of values."""
        return traceback_text(ei[1])

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows on lines that begin with spaces."""
        text = _cut(self._redactor.text(super().format(_without_reprs(record))))
        request = CURRENT.get()
        if request is not None and not text.startswith(request):
            text = f"{request} {text}"
        text = escape_controls(text).replace("\n", "\n    ")
        level = _NAMES.get(record.levelno, record.levelname)
        return f"{_time(record)} {level:5} {text}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, and what else is known.

    That is `request_id`, the figures of a request's last line, and `exception`.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._redactor = Redactor(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, in ASCII, so that nothing in it can be taken for its end."""
        request = CURRENT.get()
        summary = getattr(record, "summary", None)
        message = str(summary or _without_reprs(record).getMessage())
        entry: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message.removeprefix(f"{request} ") if request else message,
        }
        if request is not None:
            entry["request_id"] = request
        fields: Mapping[str, object] = getattr(record, "fields", {})
        entry |= {name: value for name, value in fields.items() if name not in entry}
        if record.exc_info:
            entry["exception"] = traceback_text(record.exc_info[1])
        shown = {
            name: _cut(self._redactor.text(value)) if isinstance(value, str) else value
            for name, value in entry.items()
        }
        return json.dumps(shown, default=str)


def formatter(name: LogFormat, secrets: Sequence[str]) -> logging.Formatter:
    """Return the formatter of that name."""
    return JsonFormatter(secrets) if name == "json" else LineFormatter(secrets)


def _without_reprs(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record without a traceback of another formatter, or a task as asyncio shows it."""
    record.exc_text = None
    if record.name == "asyncio":
        record.msg, record.args = record.getMessage().partition("\n")[0].replace("%", "%%"), None
    return record


def _cut(text: str) -> str:
    left_out = len(text) - LONGEST
    if left_out <= 0:
        return text
    half = LONGEST // 2
    return f"{text[:half]} [... {left_out} more characters ...] {text[-half:]}"


def _time(record: logging.LogRecord) -> str:
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{second}.{int(record.msecs):03d}Z"
