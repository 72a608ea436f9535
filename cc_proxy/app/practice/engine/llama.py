"""A real llama.cpp server as the engine: real slots, a real prompt cache, real counts."""

import asyncio
import importlib.util
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from cc_proxy.app.practice.engine import model_file
from cc_proxy.app.practice.engine.base import EngineError, Progress, PromptReading
from cc_proxy.app.practice.engine.chunks import Chunks

_WHEEL = "xllamacpp"
_START_SECONDS = 60.0
_ASK_SECONDS = 300.0


def _model_in(folder: str) -> Path:
    path = Path(folder, "model.gguf")
    if not path.exists():
        model_file.write(path)
    return path


def check_installed() -> None:
    """Raise EngineError if the wheel with the server is not installed."""
    if importlib.util.find_spec(_WHEEL) is None:
        raise EngineError(
            f"The engine llama expects the package {_WHEEL}, and found none. In a checkout:"
            ' pip install -e ".[dev]"'
        )


class LlamaEngine:
    """Starts a server for the model, and sends it the prompts as token numbers.

    The scripts say what the model writes. The server reads that after it was said, into the slot
    of its prompt: the slot then holds what it would hold had the model written it.
    """

    def __init__(self, parallel: int = 1) -> None:
        check_installed()
        self._parallel = parallel
        self._folder = TemporaryDirectory(prefix="practice-engine-", ignore_cleanup_errors=True)
        self._process: asyncio.subprocess.Process | None = None
        self._ending: list[asyncio.subprocess.Process] = []
        self._http: aiohttp.ClientSession | None = None
        self._url = ""
        self._written: dict[int, asyncio.Task[None]] = {}
        self._broken_off: Progress | None = None

    async def start(self, num_ctx: int) -> None:
        """Start a server with a window of so many tokens for each slot."""
        self.stop()
        model = await asyncio.to_thread(_model_in, self._folder.name)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cc_proxy.app.practice.engine.llama_server",
            str(model),
            str(num_ctx * self._parallel),
            str(self._parallel),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._url = await self._address(self._process)
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=_ASK_SECONDS)
            self._http = aiohttp.ClientSession(timeout=timeout)

    async def read(self, prompt: bytes, progress: Progress) -> PromptReading:
        """Have the server read a prompt, in the slot that it chooses."""
        await self._settle()
        try:
            timings, slot = await self._complete(Chunks(prompt).ids())
        except asyncio.CancelledError:
            self._broken_off = progress
            raise
        nanoseconds = max(1, round(timings["prompt_ms"] * 1e6))
        return PromptReading(timings["cache_n"], timings["prompt_n"], nanoseconds, slot)

    def keep(self, slot: int, text: bytes) -> None:
        """Have the server read what was said, into the slot of its prompt."""
        ids = Chunks(text).ids()
        self._written[slot] = asyncio.create_task(self._write(slot, ids))

    def stop(self) -> None:
        """End the server; what it has read is gone."""
        for task in self._written.values():
            task.cancel()
        self._written.clear()
        self._broken_off = None
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            self._ending.append(self._process)
            self._process = None

    async def close(self) -> None:
        """End the server, and return when it is gone."""
        self.stop()
        for process in self._ending:
            await process.wait()
        if self._http is not None:
            await self._http.close()
        self._folder.cleanup()

    async def _address(self, process: asyncio.subprocess.Process) -> str:
        if process.stdout is None:
            raise EngineError("The engine was started without a standard output.")
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = (await process.stdout.readline()).decode().strip()
        except TimeoutError as error:
            raise EngineError(f"The engine did not start within {_START_SECONDS:g} s.") from error
        if line:
            return line
        raise EngineError(f"The engine ended while it started, with {await process.wait()}.")

    async def _settle(self) -> None:
        """Wait until all that was said is in its slot; note how far a broken-off read came."""
        written, self._written = self._written, {}
        await asyncio.gather(*written.values())
        progress, self._broken_off = self._broken_off, None
        if progress is not None:
            # Asked once: a server that is asked again and again does not see who has left.
            for slot in await self._asked("GET", "/slots"):
                if "n_prompt_tokens_processed" in slot:
                    progress(slot["n_prompt_tokens_cache"], slot["n_prompt_tokens_processed"])

    async def _write(self, slot: int, ids: list[int]) -> None:
        await self._complete(ids, slot)

    async def _complete(self, ids: list[int], slot: int = -1) -> tuple[dict[str, Any], int]:
        asked = {"prompt": ids, "n_predict": 1, "cache_prompt": True, "id_slot": slot}
        answer = await self._asked("POST", "/completion", asked)
        return answer["timings"], answer["id_slot"]

    async def _asked(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        if self._http is None or self._process is None:
            raise EngineError("The engine is asked before it was started.")
        try:
            async with self._http.request(method, self._url + path, json=body) as response:
                answer = await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineError(f"The engine does not answer: {error!r}") from error
        if not response.ok:
            raise EngineError(f"The engine answered {response.status}: {answer}")
        return answer
