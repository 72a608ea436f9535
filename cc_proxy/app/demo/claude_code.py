"""The real Claude Code, run once in print mode in a folder of its own."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

from cc_proxy.app.demo.events import Event, SessionError, TextEvent, ToolCallEvent, ToolResultEvent

# What it may do without asking: anything that the fixed script of the practice model says, but
# of a real model's commands only the one that it is asked for.
PRACTICE_TOOLS = "Bash,Read,Edit,Write,Glob,Grep"
REAL_TOOLS = "Bash(python3 greet.py),Read,Edit,Write,Glob,Grep"
_MAX_LINE_BYTES = 16 * 1024 * 1024
_QUIT_SECONDS = 5.0
_VERSION_SECONDS = 30.0
_SHOWN_LINES = 12


async def version(binary: str, environ: Mapping[str, str]) -> str:
    """Return what `claude --version` says.

    Raises:
        SessionError: it cannot be run.

    """
    process = await _start(binary, ["--version"], environ, Path.cwd())
    try:
        async with asyncio.timeout(_VERSION_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise SessionError(f"{binary} --version gave no answer.") from error
    finally:
        await _end(process)
    if process.returncode != 0:
        raise _failed(binary, process.returncode, errors)
    return output.decode(errors="replace").split()[0] if output.strip() else "?"


async def session(
    binary: str, prompt: str, *, environ: Mapping[str, str], folder: Path, tools: str
) -> AsyncGenerator[Event, None]:
    """Run Claude Code on a prompt and yield what it does; it is ended when the caller leaves.

    `tools` is the list of tools that it may use without asking.

    Raises:
        SessionError: it could not be started, or it ended with an error.

    """
    arguments = ["-p", prompt, "--output-format", "stream-json", "--verbose"]
    arguments += ["--permission-mode", "acceptEdits", "--allowedTools", tools]
    process = await _start(binary, arguments, environ, folder)
    if process.stdout is None or process.stderr is None:
        raise SessionError(f"{binary} has no output to read.")
    errors = asyncio.create_task(process.stderr.read())
    failure: str | None = None
    try:
        async for line in process.stdout:
            message = _decoded(line)
            if message.get("type") == "result" and message.get("is_error"):
                failure = str(message.get("result") or message.get("subtype"))
            for event in _events(message):
                yield event
        code = await process.wait()
        if code != 0 or failure is not None:
            said = (failure or "").encode() or await errors
            raise _failed(binary, code, said)
    finally:
        await _end(process)
        await errors


async def _start(
    binary: str, arguments: list[str], environ: Mapping[str, str], folder: Path
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            binary,
            *arguments,
            cwd=folder,
            env=dict(environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_MAX_LINE_BYTES,
        )
    except OSError as error:
        raise SessionError(
            f"Claude Code cannot be started: {binary}: {error.strerror}.",
            hint="Name another command with --claude-bin.",
        ) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it if it runs: politely first, so that it can end what it has started itself."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_QUIT_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}  # a stray line that some wrapper has printed
    return message if isinstance(message, dict) else {}


def _events(message: Mapping[str, Any]) -> list[Event]:
    if message.get("type") not in ("assistant", "user"):
        return []
    content = message.get("message", {}).get("content")
    blocks = content if isinstance(content, list) else []
    events: list[Event] = []
    for block in blocks:
        match block.get("type"):
            case "text" if message["type"] == "assistant":
                events.append(TextEvent(block["text"]))
            case "tool_use":
                events.append(ToolCallEvent(block["name"], block["input"]))
            case "tool_result":
                text = _text(block.get("content"))
                events.append(ToolResultEvent(text, is_error=bool(block.get("is_error"))))
    return events


def _text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(block.get("text", "")) for block in content)
    return str(content or "")


def _failed(binary: str, code: int | None, said: bytes) -> SessionError:
    lines = said.decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
    text = "\n".join(lines) or "It said nothing."
    return SessionError(f"{binary} ended with exit code {code}.\n{text}")
