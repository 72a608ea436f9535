"""`/capture`: begin to write exchanges to a file, end it, or ask how far it is."""

import msgspec
from aiohttp import web

from cc_proxy.app.anthropic.errors import ApiError, invalid_request
from cc_proxy.app.config import secrets_of
from cc_proxy.app.control.capture import CaptureStart
from cc_proxy.app.control.wire import CaptureState
from cc_proxy.app.errors import log_text
from cc_proxy.app.gateway.capture.store import CAPTURE, Capture, CaptureRefusedError
from cc_proxy.app.gateway.context import SHARED
from cc_proxy.app.gateway.http import bodies
from cc_proxy.app.private_files import NotPrivateError

MIN_SECONDS, MAX_SECONDS = 1.0, 24 * 3600.0
MIN_BYTES, MAX_BYTES = 1024 * 1024, 1024 * 1024 * 1024


async def state(request: web.Request) -> web.Response:
    """Answer 200 with the `CaptureState`."""
    return _answer(request.app[CAPTURE].state())


async def start(request: web.Request) -> web.Response:
    """Begin a capture, and answer 200 with its `CaptureState`.

    Raises:
        ApiError: 400, the body is wrong, 409, a capture is on or cannot be written.

    """
    shared = request.app[SHARED]
    asked = _asked(await bodies.read(request))
    secrets = (*secrets_of(shared.context.settings), shared.context.auth_key)
    digests = [each.digest for each in shared.context.settings.server.auth_keys.values()]
    try:
        return _answer(request.app[CAPTURE].start(asked, secrets, digests))
    except CaptureRefusedError as error:
        text = f"{error.message} {error.hint}"
        raise ApiError(409, "invalid_request_error", text, retry=False) from error
    except NotPrivateError as error:
        text = f"Expected a folder of your own for captures, found {error.found}. {error.fix}"
        raise ApiError(409, "invalid_request_error", text, retry=False) from error
    except OSError as error:
        text = f"The capture cannot be written: {log_text(error)}."
        raise ApiError(409, "invalid_request_error", text, retry=False) from error


async def stop(request: web.Request) -> web.Response:
    """End the capture, and answer 200 with the `CaptureState` of all that was written."""
    return _answer(await request.app[CAPTURE].stop())


def add_to(app: web.Application) -> None:
    """Give an application the routes, and the capture."""
    context = app[SHARED].context
    keeps = context.settings.server.keep_on_disk
    app[CAPTURE] = Capture(context.state_dir if keeps else None)
    app.on_cleanup.append(_close)
    app.router.add_get("/capture", state)
    app.router.add_post("/capture", start)
    app.router.add_post("/capture/stop", stop)


def _asked(body: bytes) -> CaptureStart:
    try:
        asked = msgspec.json.decode(body or b"{}", type=CaptureStart)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid_request(f"The body does not fit: {error}.") from error
    if not MIN_SECONDS <= asked.seconds <= MAX_SECONDS:
        raise invalid_request(
            f"seconds: expected {MIN_SECONDS:.0f} to {MAX_SECONDS:.0f}, found {asked.seconds:g}."
        )
    if not MIN_BYTES <= asked.max_bytes <= MAX_BYTES:
        raise invalid_request(
            f"max_bytes: expected {MIN_BYTES} to {MAX_BYTES}, found {asked.max_bytes}."
        )
    return asked


def _answer(found: CaptureState) -> web.Response:
    return web.Response(body=msgspec.json.encode(found), content_type="application/json")


async def _close(app: web.Application) -> None:
    await app[CAPTURE].close()
