"""Ollama's output on the wire: its JSON, its times, its error bodies."""

import json
import time

JSON_WHOLE = "application/json; charset=utf-8"
# What an error is sent as once Ollama has set up a streamed answer (recordings 31c, 83f).
JSON_STREAMED = "application/json"
NDJSON = "application/x-ndjson"

RUNNER_DIED = "an error was encountered while running the model: unexpected EOF"
BUSY = "server busy, please try again.  maximum pending requests exceeded"

# Go's encoding/json writes these escaped, also in the middle of a string.
_ESCAPED = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


class WireError(Exception):
    """A request that is answered with an error; `late` when it is found once a runner works."""

    def __init__(self, status: int, text: str, *, late: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.late = late


def go_json(value: object, *, sort_keys: bool = False) -> str:
    """Return `value` as Go's encoding/json writes it: no spaces, HTML characters escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)
    return text.translate(_ESCAPED)


def error_body(text: str) -> bytes:
    """Return the body of an error answer."""
    return go_json({"error": text}).encode()


def runner_error(message: str, kind: str, **numbers: int) -> str:
    """Return the text of an error of the runner: its own JSON, nested (recordings 31b, 34)."""
    return go_json({"error": {"code": 400, "message": message, "type": kind, **numbers}})


def timestamp(nanoseconds: int | None = None) -> str:
    """Return a time (now, or nanoseconds since 1970) as RFC 3339 with up to nine decimals."""
    moment = time.time_ns() if nanoseconds is None else nanoseconds
    seconds, rest = divmod(moment, 1_000_000_000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{whole}{decimals}Z"
