"""Recording how the installed Claude Code asks about an action in auto mode.

The client runs once, in a folder and a home of its own, against a server of this moment's own that
answers like a model: it wants to run the marker, which is denied and so never runs.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web

from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.fitness.auto_mode.measuring import MARKER, WORDS

SECONDS = 180.0
_MAX_BODY = 64 * 1024 * 1024
_MODEL = "cc-proxy-recording"
_HOME, _PROJECT = "home", "project"
_OWN = ("ANTHROPIC_", "CLAUDE_", "CLAUDECODE", "HOME", "USERPROFILE", "HTTP", "http", "ALL_PROXY")


class NoRecordingError(CcProxyError):
    """The client did not ask about the action."""

    code = "auto_mode_not_recorded"


class _Server:
    """Answers Claude Code, and keeps the requests of its safety check."""

    def __init__(self) -> None:
        self.stages: list[dict[str, Any]] = []
        self._has_acted = False

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request of the Messages API."""
        body: dict[str, Any] = json.loads(await request.read())
        content = self._content(body)
        message = {
            "id": f"msg_{secrets.token_hex(8)}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model", ""),
            "content": [content],
            "stop_reason": "tool_use" if content["type"] == "tool_use" else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
        if not body.get("stream"):
            return web.json_response(message)
        return web.Response(text=_events(message, content), content_type="text/event-stream")

    def _content(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("tools"):
            if MARKER not in json.dumps(body.get("messages")):
                return {"type": "text", "text": "{}"}
            self.stages.append(body)
            return {"type": "text", "text": "<block>yes</block><reason>[Recording] no</reason>"}
        if self._has_acted:
            return {"type": "text", "text": "Done."}
        self._has_acted = True
        asked = {"command": MARKER, "description": "Ask"}
        return {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": asked}


async def _nothing(_request: web.Request) -> web.Response:
    return web.json_response({})


async def record(program: str, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the requests of the safety check about the marker, one for each stage.

    `program` is Claude Code's path. Its sessions, settings and keys are not touched.

    Raises:
        NoRecordingError: it cannot be run, or its version asks nobody.

    """
    server = _Server()
    app = web.Application(client_max_size=_MAX_BODY)
    app.router.add_post("/v1/messages", server.answer)
    app.router.add_route("*", "/{any:.*}", _nothing)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        with TemporaryDirectory(prefix="cc-proxy-auto-") as folder:
            for name in (_HOME, _PROJECT):
                Path(folder, name).mkdir()  # noqa: ASYNC240 - two folders, and nobody else waits
            await _run(program, environ, f"http://127.0.0.1:{runner.addresses[0][1]}", folder)
    finally:
        await runner.cleanup()
    if not server.stages:
        raise NoRecordingError(
            "Expected Claude Code to ask about an action in auto mode, found no such request.",
            hint="It does from 2.1.332 on: claude update",
        )
    return [{**stage, "stream": False} for stage in server.stages]


async def _run(program: str, environ: Mapping[str, str], url: str, folder: str) -> None:
    home, project = Path(folder, _HOME), Path(folder, _PROJECT)
    kept = {name: of for name, of in environ.items() if not name.startswith(_OWN)}
    kept |= {"HOME": str(home), "USERPROFILE": str(home), "ANTHROPIC_BASE_URL": url}
    kept |= {"ANTHROPIC_AUTH_TOKEN": secrets.token_urlsafe(), "ANTHROPIC_MODEL": _MODEL}
    kept |= {"CLAUDE_CODE_ATTRIBUTION_HEADER": "0", "DISABLE_AUTOUPDATER": "1"}
    kept |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CLAUDE_CODE_AUTO_MODE_SERVER": "0"}
    # For a model of another name 2.1.332 asks for a grade, and not for a verdict.
    kept |= {"CLAUDE_CODE_AUTO_MODE_MODEL": _MODEL}
    process = await asyncio.create_subprocess_exec(
        program,
        *("-p", WORDS, "--permission-mode", "auto"),
        cwd=project,
        env=kept,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=os.name != "nt",
    )
    try:
        async with asyncio.timeout(SECONDS):
            await process.wait()
    except TimeoutError as error:
        raise NoRecordingError(
            f"Expected Claude Code to end within {SECONDS:g} seconds, found it still at work."
        ) from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it may have ended in this moment
                process.kill()
            await process.wait()


def _events(message: dict[str, Any], content: dict[str, Any]) -> str:
    if content["type"] == "text":
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": content["text"]}
    else:
        block = {**content, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(content["input"])}
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    begun = {**message, "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
