"""A real llama.cpp server with a model that says what a test wants."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cc_proxy.tests.upstreams.openai import script_model

_START_SECONDS = 60.0
WINDOW = 4096


def call(name: str, **arguments: object) -> str:
    """Return a call as Qwen's models write it."""
    body = json.dumps({"name": name, "arguments": arguments})
    return f"<tool_call>\n{body}\n</tool_call>"


SCRIPTS = {
    "hello": "Hello there, this is a steady answer.",
    "bash": call("Bash", command="echo one && ls -la"),
    "two": call("Bash", command="date") + "\n" + call("get_time", zone="UTC"),
    "think": "<think>\nThe user wants a greeting. I greet.\n</think>\n\nGood morning.",
    "tcall": "<think>\nI need the date first.\n</think>\n\n" + call("Bash", command="date -u"),
    "bare": json.dumps({"name": "Bash", "arguments": {"command": "uname"}}),
    "unicode": "Größe 日本語 🙂 done",
    "long": "On and on we go, " + script_model.LOOP,
}


@asynccontextmanager
async def serving(
    folder: Path,
    slots: int = 1,
    window: int = WINDOW,
    scripts: Mapping[str, str] = SCRIPTS,
    saves_in: Path | None = None,
) -> AsyncIterator[str]:
    """Give the address of a server with a window of so many tokens for each slot.

    It can save its slots in the folder `saves_in`.
    """
    path = folder / "script.gguf"
    script_model.write(path, scripts, script_model.TEMPLATE)
    arguments: Sequence[str] = (str(path), str(window), str(slots))
    if saves_in is not None:
        arguments = (*arguments, f"{saves_in}/")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cc_proxy.tests.upstreams.openai.serve_llama",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_SECONDS):
            address = (await process.stdout.readline()).decode().strip()
        assert address, "the server did not start"
        yield address
    finally:
        process.kill()
        await process.wait()
