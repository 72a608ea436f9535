"""Descriptions of images, in memory and in a file: a restart must change no conversation."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.gateway.storage.background import Background
from cc_proxy.app.gateway.storage.kept_file import KeptFile

log = logging.getLogger(__name__)

_VERSION = 1
# Of a description of about 2 KB each: some thousand images.
KEPT_BYTES = 4 * 1024 * 1024
# JSON writes a character with up to six bytes.
_MOST_BYTES = 8 * KEPT_BYTES


class _Kept(msgspec.Struct):
    version: int
    descriptions: dict[str, str]


class DescriptionStore:
    """The descriptions that were used last, by key; without a path only until the process ends."""

    def __init__(self, path: Path | None) -> None:
        self._descriptions: ByteCache[str, str] = ByteCache(KEPT_BYTES, text_bytes)
        self._file = KeptFile(path, "descriptions of images", _MOST_BYTES)
        self._kept = path is not None
        self._changed = False
        self._writer = Background(self._next)
        self._load()

    def get(self, key: str) -> str | None:
        """Return the description under a key, None if there is none."""
        return self._descriptions.get(key)

    def put(self, key: str, text: str) -> None:
        """Keep a description; it is on disk a moment later."""
        self._descriptions.put(key, text)
        if self._kept:
            self._changed = True
            self._writer.more()

    async def close(self) -> None:
        """Return once all is written."""
        await self._writer.close()

    def _next(self) -> Callable[[], None] | None:
        if not self._changed:
            return None
        self._changed = False
        return partial(self._write, dict(self._descriptions.items()))

    def _write(self, descriptions: dict[str, str]) -> None:
        self._file.write(msgspec.json.encode(_Kept(_VERSION, descriptions)) + b"\n")

    def _load(self) -> None:
        body = self._file.read()
        if body is None:
            return
        try:
            kept = msgspec.json.decode(body, type=_Kept)
            if kept.version != _VERSION:
                raise msgspec.ValidationError(f"expected version {_VERSION}, found {kept.version}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._file.put_aside(str(error), "images are described anew")
            return
        for key, text in kept.descriptions.items():
            self._descriptions.put(key, text)
