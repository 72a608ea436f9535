"""Reading a capture: its requests, each with the answer that it got."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cc_proxy.app import private_files
from cc_proxy.app.control.capture import FORMAT, CapturedAnswer, CapturedRequest, CaptureHeader
from cc_proxy.app.errors import CcProxyError

_MAX_BYTES = 1 << 30
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_Line = CaptureHeader | CapturedRequest | CapturedAnswer


class CaptureFileError(CcProxyError):
    """The file cannot be read, or is no capture."""

    code = "capture_unreadable"


@dataclass(frozen=True)
class Exchange:
    """A request, and the answer that it got."""

    request: CapturedRequest
    answer: CapturedAnswer


def exchanges(path: Path) -> list[Exchange]:
    """Return the requests that were answered, in their order; others have nothing to compare.

    Raises:
        CaptureFileError: the file cannot be read, or is no capture.

    """
    requests: dict[str, CapturedRequest] = {}
    answers: dict[str, CapturedAnswer] = {}
    for number, line in enumerate(_lines(path), 1):
        match _decoded(path, number, line):
            case CapturedRequest() as request:
                _check_body(path, number, request)
                requests[request.id] = request
            case CapturedAnswer(outcome="ok") as answer:
                answers[answer.id] = answer
            case CaptureHeader(format=found) if found != FORMAT:
                raise CaptureFileError(
                    f"Expected a capture of format {FORMAT} in {path}, found format {found}.",
                    hint="Use the version of cc-proxy that wrote it, or a later one.",
                )
    return [Exchange(one, answers[name]) for name, one in requests.items() if name in answers]


def _lines(path: Path) -> Iterator[bytes]:
    try:
        data = private_files.read(path, limit=_MAX_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CaptureFileError(
            f"Expected a capture in {path}, found that it cannot be read: {reason}.",
            hint="cc-proxy capture status shows the file of the last one.",
        ) from error
    # The last line may be cut. Some editors begin a file with a byte order mark.
    whole = data[: data.rfind(b"\n") + 1].removeprefix(_BYTE_ORDER_MARK)
    yield from filter(None, whole.split(b"\n"))


def _decoded(path: Path, number: int, line: bytes) -> _Line:
    try:
        found: _Line = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad_line(path, number, str(error)) from error
    return found


def _check_body(path: Path, number: int, request: CapturedRequest) -> None:
    try:
        body = json.loads(bytes(request.body))
    except RecursionError as error:
        raise _bad_line(path, number, "a body that is nested too deeply") from error
    except ValueError as error:
        raise _bad_line(path, number, f"a body that cannot be read ({error})") from error
    if not isinstance(body, dict):
        raise _bad_line(path, number, f"a body that is no object ({type(body).__name__})")


def _bad_line(path: Path, number: int, found: str) -> CaptureFileError:
    return CaptureFileError(
        f"Expected a line of a capture in {path}:{number}, found: {found.rstrip('.')}.",
        hint="Remove the line, or capture again: cc-proxy capture start",
    )
