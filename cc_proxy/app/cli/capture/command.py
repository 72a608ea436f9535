"""`cc-proxy capture start`, `stop` and `status`."""

import click
from msgspec import to_builtins

from cc_proxy.app.cli.common import Common, define, define_group
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result, aligned
from cc_proxy.app.cli.top.source import Source, connect
from cc_proxy.app.cli.value_types import NumberFrom
from cc_proxy.app.control import capture_client
from cc_proxy.app.control.capture import CaptureStart
from cc_proxy.app.control.wire import CaptureState

_MIB = 1024 * 1024
_WARNING = ErrorItem(
    "capture_on",
    "The file contains the conversation: what you and the model say, and the files it reads.",
    "To end it: cc-proxy capture stop",
)
_REASONS = {"stopped": "stopped", "time": "its time is over", "full": "full", "failed": "failed"}


@define("start")
@click.option("--session", default="", metavar="ID", help="Only this session of Claude Code.")
@click.option(
    "--minutes",
    type=NumberFrom(0.1, 1440),
    default=60.0,
    show_default=True,
    help="End it after this time.",
)
@click.option(
    "--max-mib",
    type=click.IntRange(1, 1024),
    default=64,
    show_default=True,
    help="End it when the file has this size.",
)
def start(common: Common, *, session: str, minutes: float, max_mib: int) -> Result:
    """Write requests and answers to a file from now on.

    The file is in the state folder, for your user alone. The keys of the configuration, and what
    has the form of a token, are replaced; the conversation is not. A restart of the proxy ends it.

    Example: cc-proxy capture start --minutes 10
    """
    source, activity = connect(common)
    asked = CaptureStart(session=session, seconds=minutes * 60, max_bytes=max_mib * _MIB)
    state = source.state
    found = capture_client.start(state.host, state.port, source.key, asked)
    known = {one.id for one in activity.sessions}
    unknown = () if session in {"", *known} else (_unknown(session),)
    return _result("capture start", source, found, warnings=unknown)


@define("stop")
def stop(common: Common) -> Result:
    """End the capture, and show its file.

    Example: cc-proxy capture stop
    """
    source, _ = connect(common)
    state = source.state
    before = capture_client.state(state.host, state.port, source.key)
    found = capture_client.stop(state.host, state.port, source.key)
    was_on = isinstance(before, CaptureState) and before.on
    return _result("capture stop", source, found, head="The capture has ended." if was_on else "")


@define("status")
def status(common: Common) -> Result:
    """Show whether a capture is on, and its file.

    Example: cc-proxy capture status
    """
    source, _ = connect(common)
    found = capture_client.state(source.state.host, source.state.port, source.key)
    return _result("capture status", source, found)


@define_group("capture", start, stop, status)
def command(_common: Common) -> Result:
    """Write the exchanges of a session to a file, for a bug report or for `cc-proxy replay`.

    Example: cc-proxy capture start
    """
    raise click.UsageError("Expected start, stop or status, found none.")


def _unknown(session: str) -> ErrorItem:
    text = f"No session {session} has asked anything so far: nothing is written until it does."
    return ErrorItem("session_unknown", text, "cc-proxy top --json shows the ids.")


def _result(
    name: str,
    source: Source,
    found: CaptureState | str | None,
    *,
    head: str = "",
    warnings: tuple[ErrorItem, ...] = (),
) -> Result:
    if isinstance(found, CaptureState):
        warnings = (*((_WARNING,) if found.on else ()), *warnings)
        return Result(name, to_builtins(found), tuple(_lines(found, head)), warnings=warnings)
    text = found or f"The proxy at {source.state.url} does not take captures: it is older, or busy."
    hint = None if found else "cc-proxy restart"
    return Result(name, errors=(ErrorItem("capture_refused", text, hint),), exit_code=FAILED)


def _lines(found: CaptureState, head: str = "") -> list[str]:
    if not found.file:
        return ["No capture is on."]
    whose = found.session or "all sessions"
    amount = (
        f"{found.requests} requests, {found.bytes / _MIB:.1f} of {found.max_bytes / _MIB:g} MiB"
    )
    if not head:
        last = f"No capture is on. The last one: {_ended(found)}."
        head = "A capture is on." if found.on else last
    rows = [("File", found.file), ("Of", whose), ("So far", amount)]
    if found.on:
        rows.append(("Until", found.until or ""))
    return [head, *aligned(rows)]


def _ended(found: CaptureState) -> str:
    return _REASONS.get(found.ended, found.ended)
