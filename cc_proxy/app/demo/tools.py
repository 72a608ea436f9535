"""The tools of the small client: files and commands in one folder."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from cc_proxy.app.demo.events import ToolResultEvent

_COMMAND_SECONDS = 30.0


def _definition(name: str, description: str, *fields: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "input_schema": {
            "type": "object",
            "properties": {field: {"type": "string"} for field in fields},
            "required": list(fields),
        },
    }


DEFINITIONS = [
    _definition("Write", "Writes a file.", "file_path", "content"),
    _definition("Read", "Reads a file.", "file_path"),
    _definition("Edit", "Replaces a text in a file.", "file_path", "old_string", "new_string"),
    _definition("Bash", "Runs a command.", "command"),
]


class Tools:
    """Runs tools; every path must lie in `folder`, and commands start there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def run(self, name: str, arguments: dict[str, Any]) -> ToolResultEvent:
        """Return what a tool gives; what goes wrong is told to the model, not raised."""
        try:
            return await self._run(name, arguments)
        except (OSError, ValueError, KeyError, TimeoutError) as error:
            return ToolResultEvent(f"{type(error).__name__}: {error}", is_error=True)

    async def _run(self, name: str, arguments: dict[str, Any]) -> ToolResultEvent:
        match name:
            case "Write":
                self._path(arguments).write_text(arguments["content"], encoding="utf-8")
                text = f"Wrote {arguments['file_path']}."
            case "Read":
                lines = self._path(arguments).read_text(encoding="utf-8").splitlines()
                text = "\n".join(f"{number}\t{line}" for number, line in enumerate(lines, 1))
            case "Edit":
                text = self._edit(arguments)
            case "Bash":
                return await self._bash(arguments["command"])
            case _:
                raise ValueError(f"there is no tool {name}")
        return ToolResultEvent(text, is_error=False)

    def _edit(self, arguments: dict[str, Any]) -> str:
        path = self._path(arguments)
        before = path.read_text(encoding="utf-8")
        if before.count(arguments["old_string"]) != 1:
            raise ValueError("old_string must occur exactly once in the file")
        after = before.replace(arguments["old_string"], arguments["new_string"])
        path.write_text(after, encoding="utf-8")
        return f"Changed {arguments['file_path']}."

    async def _bash(self, command: str) -> ToolResultEvent:
        process = await asyncio.create_subprocess_shell(
            command,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = output.decode(sys.getdefaultencoding(), "replace").strip()
        return ToolResultEvent(text, is_error=process.returncode != 0)

    def _path(self, arguments: dict[str, Any]) -> Path:
        path = Path(self._folder, arguments["file_path"]).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError(f"{path} is outside of {self._folder}")
        return path
