"""Claude Code's interactive face, which sends requests of its own beside the conversation."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pexpect

_ROWS, _COLUMNS = 45, 200
_ENDED_SECONDS = 90.0
# So long after the answer no request is expected any more.
_QUIET_SECONDS = 3.0
_GONE_SECONDS = 2.0


class NoAnswerError(Exception):
    """The session has not come to its end in time."""


def prepare(home: Path, folder: Path) -> None:
    """Answer the questions of a first start, and say that the person decides on permissions."""
    path = home / ".claude.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known["hasCompletedOnboarding"] = True
    known.setdefault("projects", {})[str(folder)] = {"hasTrustDialogAccepted": True}
    path.write_text(json.dumps(known), encoding="utf-8")


async def converse(
    command: list[str],
    environment: dict[str, str],
    folder: Path,
    *,
    is_over: Callable[[], bool],
    requests: Callable[[], int],
) -> None:
    """Run a session on a terminal until it is over and no further request has come for a while.

    Raises:
        NoAnswerError: with the end of what the terminal showed.

    """
    child: pexpect.spawn[bytes] = pexpect.spawn(
        command[0],
        command[1:],
        env=environment,
        cwd=str(folder),
        dimensions=(_ROWS, _COLUMNS),
    )
    # On a busy machine a killed program takes its time to be gone. The type stubs lack the field.
    child.ptyproc.delayafterterminate = _GONE_SECONDS  # type: ignore[attr-defined]
    shown = bytearray()
    clock = asyncio.get_running_loop().time
    begun = quiet_since = clock()
    seen = 0
    try:
        while not is_over() or clock() - quiet_since < _QUIET_SECONDS:
            if requests() != seen:
                seen, quiet_since = requests(), clock()
            if clock() - begun > _ENDED_SECONDS:
                raise NoAnswerError(shown[-4000:].decode(errors="replace"))
            shown += await asyncio.to_thread(_read, child)
    finally:
        await asyncio.to_thread(child.close, force=True)


def _read(child: "pexpect.spawn[bytes]") -> bytes:
    try:
        return child.read_nonblocking(65536, timeout=0.2)
    except pexpect.TIMEOUT:
        return b""
    except pexpect.EOF as error:
        raise NoAnswerError("The program has ended.") from error
