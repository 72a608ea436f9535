"""The fronts of the latest sessions in a file, so that the first one after a restart has one."""

import asyncio
from pathlib import Path

import msgspec

from cc_proxy.app.gateway.kept_file import KeptFile
from cc_proxy.app.translate.fronts import Front

_VERSION = 1
_MOST_BYTES = 16 * 1024 * 1024
# About 100 KB each.
_MOST_MODELS = 16


class _Kept(msgspec.Struct):
    version: int
    models: dict[str, Front]


class FrontFile:
    """Keeps the front of each model; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._file = KeptFile(path, "fronts", _MOST_BYTES)
        self._latest: dict[str, Front] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._kept = path is not None

    def load(self) -> dict[str, Front]:
        """Return what was kept; a file that cannot be read is put aside, and nothing returned."""
        body = self._file.read()
        if body is None:
            return {}
        try:
            kept = msgspec.json.decode(body, type=_Kept)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._file.put_aside(str(error), "nothing is read ahead before the next session")
            return {}
        if kept.version != _VERSION:
            reason = f"expected version {_VERSION}, found {kept.version}"
            self._file.put_aside(reason, "nothing is read ahead before the next session")
            return {}
        return kept.models

    def save(self, fronts: dict[str, Front]) -> None:
        """Have the file written anew in the background; the models used last come last."""
        if not self._kept:
            return
        self._latest = dict(list(fronts.items())[-_MOST_MODELS:])
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Return once all is written."""
        while self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        try:
            while self._latest is not None:
                kept = _Kept(_VERSION, self._latest)
                self._latest = None
                await asyncio.to_thread(self._encode, kept)
        finally:
            self._writing = None

    def _encode(self, kept: _Kept) -> None:
        self._file.write(msgspec.json.encode(kept))
