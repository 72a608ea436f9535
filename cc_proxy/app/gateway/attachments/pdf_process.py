"""Reads a PDF in a process of its own, which ends with the request."""

import asyncio
import importlib.util
import math
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

import msgspec

from cc_proxy.app.gateway.attachments import pdf_child
from cc_proxy.app.translate.pdf import (
    MAX_SCANS_BYTES,
    MAX_TEXT_CHARS,
    NoReaderError,
    PdfText,
    UnreadablePdfError,
)

# Each takes a core and up to a gigabyte.
AT_ONCE = 2
# JSON writes a character with up to twelve bytes.
_MAX_ANSWER_BYTES = 12 * (MAX_TEXT_CHARS + 1024) + MAX_SCANS_BYTES
# SIGXCPU, which Windows does not have.
_TIME_IS_OVER = 24
# What a Python needs to start; no key and no address of Ollama is among it.
_ENVIRONMENT = frozenset(
    {"HOME", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV"}
)


class PdfTooSlowError(UnreadablePdfError):
    """The time for it was over before its last page."""

    def __init__(self) -> None:
        super().__init__("reading it takes too long")


class _Answer(msgspec.Struct):
    text: str | None = None
    scans: dict[int, str] = {}
    why: str = ""


class PdfReader:
    """Reads PDFs, a few at a time; those too many wait."""

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def text(self, data: str, seconds: float, *, with_scans: bool = False) -> PdfText:
        """Return the text of a base64 PDF. Cancellation ends the process that reads it.

        `with_scans`: with the pages that are pictures.

        Raises:
            UnreadablePdfError: it has no text that can be read, there is nothing to read it with,
                it takes too much memory, or more than `seconds` (PdfTooSlowError).

        """
        if importlib.util.find_spec("pypdf") is None:
            raise NoReaderError
        try:
            async with asyncio.timeout(seconds), self._at_once:
                answer = await _run(data.encode(errors="replace"), seconds, with_scans=with_scans)
        except TimeoutError as error:
            raise PdfTooSlowError from error
        if answer.text is None:
            raise UnreadablePdfError(answer.why)
        return PdfText(answer.text, answer.scans)


async def _run(data: bytes, seconds: float, *, with_scans: bool) -> _Answer:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # no module is taken from the folder that the proxy runs in
        "-m",
        pdf_child.__name__,
        str(math.ceil(seconds)),
        *([pdf_child.SCANS] if with_scans else []),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={name: value for name, value in os.environ.items() if name.upper() in _ENVIRONMENT},
    )
    try:
        return await _asked(process, data)
    finally:
        if process.returncode is None:
            # Gone already, maybe, and nobody has been told yet.
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def _asked(process: Process, data: bytes) -> _Answer:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    assert process.stdout is not None  # noqa: S101 - the same
    # A process that ends before it has read all tells why by its answer, or by having none.
    with suppress(ConnectionError):
        process.stdin.write(b"%d\n" % len(data))
        process.stdin.write(data)
        await process.stdin.drain()
    answer = bytearray()
    while piece := await process.stdout.read(1024 * 1024):
        answer += piece
        if len(answer) > _MAX_ANSWER_BYTES:
            raise UnreadablePdfError("its text is too long")
    try:
        return msgspec.json.decode(answer, type=_Answer)
    except msgspec.DecodeError:
        code = await process.wait()
        if code == -_TIME_IS_OVER:
            raise PdfTooSlowError from None
        raise UnreadablePdfError(f"reading it ended the reader ({code})") from None
