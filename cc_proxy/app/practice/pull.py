"""`/api/pull`: models that can be had, and how they come."""

import asyncio

from aiohttp import web

from cc_proxy.app.practice.chat import PRACTICE, RECORD
from cc_proxy.app.practice.model.models import SIZE_ON_DISK, PracticeModel, is_valid_name
from cc_proxy.app.practice.requests.decoding import decode
from cc_proxy.app.practice.wire import NDJSON, WireError, go_json

# What is not there at first, and can be pulled.
LIBRARY = (
    PracticeModel("practice-more:latest"),
    PracticeModel("practice-large:latest", context=262_144, thinking=True),
    # The one that the documentation pulls.
    PracticeModel("qwen3:4b", context=262_144, thinking=True),
)
_STEPS = 20
_SMALL_LAYER = 485
# A download takes as long as so many loads.
_LOADS = 10


async def pull(http: web.Request) -> web.StreamResponse:
    """Answer `/api/pull` line by line, and have the model from then on."""
    raw = decode(await http.read(), "PullRequest")
    RECORD.get().body = raw
    name = raw.get("model") or raw.get("name") or ""
    if not is_valid_name(name):
        raise WireError(400, "invalid model name")
    response = web.StreamResponse(headers={"Content-Type": NDJSON})
    await response.prepare(http)
    practice = http.app[PRACTICE]
    await _write(response, {"status": "pulling manifest"})
    try:
        model = practice.catalogue.offered(name, LIBRARY)
    except WireError as error:
        await _write(response, {"error": error.text})
        return response
    digest = model.digest
    for step in range(_STEPS + 1):
        done = SIZE_ON_DISK * step // _STEPS
        await _write(response, _layer(digest, SIZE_ON_DISK, done))
        await asyncio.sleep(practice.speed.load_seconds * _LOADS / _STEPS)
    await _write(response, _layer(digest[::-1], _SMALL_LAYER, _SMALL_LAYER))
    for status in ("verifying sha256 digest", "writing manifest"):
        await _write(response, {"status": status})
    practice.catalogue.add(model)
    await _write(response, {"status": "success"})
    return response


def _layer(digest: str, total: int, completed: int) -> dict[str, object]:
    line: dict[str, object] = {
        "status": f"pulling {digest[:12]}",
        "digest": f"sha256:{digest}",
        "total": total,
    }
    # Go leaves out a zero.
    return line | {"completed": completed} if completed else line


async def _write(response: web.StreamResponse, line: dict[str, object]) -> None:
    await response.write(go_json(line).encode() + b"\n")
