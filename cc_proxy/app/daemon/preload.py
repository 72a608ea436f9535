"""Asking a running proxy to have its model loaded."""

from http import HTTPStatus
from http.client import HTTPException

import msgspec

from cc_proxy.app.control.http_exchange import exchange, reason_of
from cc_proxy.app.control.wire import PreloadRequest, PreloadResult
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.process.state import ProcessState

_DONE = (HTTPStatus.OK, HTTPStatus.ACCEPTED)


class Session(msgspec.Struct, frozen=True):
    """A session that is about to begin: its folder, and whether Claude Code prints its answer.

    `continues`: it goes on with an earlier one.
    """

    folder: str = ""
    prints: bool = False
    continues: bool = False


NO_SESSION = Session()


def preload(  # noqa: PLR0913 - whom to ask, and what for
    now: ProcessState,
    key: str,
    *,
    model: str | None,
    wait: bool,
    timeout_seconds: float,
    session: Session = NO_SESSION,
) -> PreloadResult:
    """Have a model loaded, None for the one that answers for `claude-*`.

    `session` is what is known of the session that is about to begin.

    To be asked only of a process that has confirmed who it is: it is shown the key.

    Raises:
        DaemonError: code `preload_failed`.

    """
    request = PreloadRequest(
        model=model,
        wait=wait,
        folder=session.folder,
        prints=session.prints,
        continues=session.continues,
    )
    # An earlier version refuses what it does not know of a session.
    without_session = PreloadRequest(model=model, wait=wait)
    try:
        for body in map(msgspec.json.encode, (request, without_session)):
            status, answer = exchange(
                now.host, now.port, "/preload", key=key, body=body, timeout_seconds=timeout_seconds
            )
            if status != HTTPStatus.BAD_REQUEST or session == NO_SESSION:
                break
        if status in _DONE:
            return msgspec.json.decode(answer, type=PreloadResult)
        raise _failed(reason_of(answer))
    except TimeoutError as error:
        raise _failed(f"it took more than {timeout_seconds:g} seconds.") from error
    except (OSError, HTTPException, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _failed(f"the proxy at {now.url} does not answer ({error}).") from error


def _failed(why: str) -> DaemonError:
    return DaemonError(
        f"The model was not loaded beforehand: {why}",
        code="preload_failed",
        hint="cc-proxy serves all the same; the first request tries again. See: cc-proxy models",
    )
