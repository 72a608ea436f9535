"""One line of JSON, by which a new background process tells its starter how it went."""

import msgspec

from cc_proxy.app.errors import CcProxyError


class Ready(msgspec.Struct, frozen=True, tag_field="ready", tag="yes"):
    """It listens, and has written its state."""

    pid: int
    host: str
    port: int
    instance_id: str


class StartFailure(msgspec.Struct, frozen=True, tag_field="ready", tag="no"):
    """It does not, and has ended; the fields are those of the error."""

    code: str
    message: str
    hint: str | None
    exit_code: int


def encode(outcome: Ready | CcProxyError) -> bytes:
    """Return the line for an outcome."""
    if isinstance(outcome, CcProxyError):
        outcome_line: Ready | StartFailure = StartFailure(
            outcome.code, outcome.message, outcome.hint, outcome.exit_code
        )
    else:
        outcome_line = outcome
    return msgspec.json.encode(outcome_line) + b"\n"


def decode(line: bytes) -> Ready | StartFailure | None:
    """Return what the line says; None if it is none of ours."""
    try:
        return msgspec.json.decode(line, type=Ready | StartFailure)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
