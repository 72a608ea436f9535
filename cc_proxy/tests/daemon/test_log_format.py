import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cc_proxy.app.daemon.log.log_format import LONGEST, JsonFormatter, LineFormatter, formatter
from cc_proxy.app.request_id import CURRENT


def record(message: str, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("cc_proxy.name", level, "path", 1, message, None, None)
    made.__dict__.update(extra)
    return made


def failure(text: str) -> object:
    try:
        int(text)
    except ValueError:
        return sys.exc_info()
    return None


@pytest.fixture
def request_id() -> Iterator[str]:
    token = CURRENT.set("req_1")
    yield "req_1"
    CURRENT.reset(token)


def test_a_line_has_its_utc_time_and_level() -> None:
    line = LineFormatter().format(record("ready url=x", logging.WARNING))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARN  ready url=x", line)


def test_a_message_cannot_forge_a_line_nor_move_the_cursor() -> None:
    line = LineFormatter().format(record("a\n2026-01-01 b\r\x1b[2Jc"))
    assert line.endswith("a\n    2026-01-01 b\\r\\x1b[2Jc")
    entry = JsonFormatter().format(record('a\n{"level": "error"}\u2028\x9b'))
    assert entry.isascii()
    assert len(entry.splitlines()) == 1


@pytest.mark.parametrize("name", ["text", "json"])
def test_secrets_do_not_reach_the_log(name: Any) -> None:
    secret = 'a"secret'
    made = record(f"key={secret}", exc_info=failure(secret), fields={"asked": secret})
    line = formatter(name, [secret]).format(made)
    assert 'a"secret' not in line
    assert 'a\\"secret' not in line
    assert "key=********" in line


def test_a_line_that_is_written_for_a_request_names_it_once(request_id: str) -> None:
    for message in ("model m window=1", f"{request_id} model m window=1"):
        line = LineFormatter().format(record(message))
        assert line.endswith(f" INFO  {request_id} model m window=1")
        entry = json.loads(JsonFormatter().format(record(message)))
        assert entry["message"] == "model m window=1"
        assert entry["request_id"] == request_id


@pytest.mark.usefixtures("request_id")
def test_the_figures_of_a_request_are_fields_of_its_json() -> None:
    fields = {"asked": "m", "total_ms": 12, "message": "forged"}
    made = record("req_1 ok asked=m total_ms=12", summary="ok", fields=fields)
    entry = json.loads(JsonFormatter().format(made))
    assert re.fullmatch(r"[-0-9]{10}T[:0-9]{8}\.\d{3}Z", entry.pop("time"))
    assert entry == {
        "level": "info",
        "logger": "cc_proxy.name",
        "message": "ok",
        "request_id": "req_1",
        "asked": "m",
        "total_ms": 12,
    }


def test_a_traceback_is_one_field_of_json() -> None:
    made = record("a fault", logging.ERROR, exc_info=failure("no number"))
    entry = json.loads(JsonFormatter().format(made))
    assert entry["message"] == "a fault"
    assert entry["exception"].endswith("ValueError")
    assert "no number" not in entry["exception"]


@pytest.mark.parametrize("name", ["text", "json"])
def test_a_line_has_an_end_however_much_a_client_names(name: Any) -> None:
    secret = "a-secret"
    asked = "m" * (LONGEST // 2 - 4) + secret + "x" * 1_000_000
    made = record(f"asked={asked}", fields={"asked": asked}, exc_info=failure("no number"))
    line = formatter(name, [secret]).format(made)
    assert len(line) < 3 * LONGEST
    assert "more characters" in line
    assert "a-s" not in line
    assert "int(text)" in line
    assert "ValueError" in line
    assert "no number" not in line
