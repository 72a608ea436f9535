"""Slots of a llama-server on its disk, so that what every session begins with is read once.

A llama-server with `--slot-save-path` writes what a slot has read into a file there, and reads it
back in a moment, also into another slot and after a restart (the build of October 2026: of a prompt
of 5,980 tokens 5,979 were then cached, of one with the same beginning 5,955).
"""

import hashlib
import logging
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from cc_proxy.app.chat.errors import UpstreamError, UpstreamRefusedError
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.upstreams.openai.client import OpenAIClient

log = logging.getLogger(__name__)

Done = TypeVar("Done")

# A file is as large as the cache of its prompt, gigabytes maybe, and nobody deletes it: there are
# no more than so many of a model, each written over by another beginning with its number.
MAX_FILES = 4
# A cache of gigabytes on a slow disk.
FILE_SECONDS = 120.0
_KEY_BYTES = 8
_NOT_SUPPORTED = 501
_START = "start llama-server with --slot-save-path"


class _Slot(msgspec.Struct):
    id: int
    id_task: int = -1


class _Restored(msgspec.Struct):
    n_restored: int


class _Saved(msgspec.Struct):
    n_saved: int


@dataclass
class SlotUse:
    """The use of a slot by one request, and how that has ended."""

    slot: int
    file: str
    was_restored: bool = False
    last: ChatChunk | None = None

    def ended(self, last: ChatChunk) -> None:
        """Note the counts of a whole answer."""
        self.last = last

    @property
    def gained_little(self) -> bool:
        """True if the file that was read back was that of another beginning."""
        last = self.last
        if last is None or not self.was_restored:
            return False
        return (last.prompt_eval_cached_count or 0) < last.prompt_eval_count / 2


@dataclass
class SavedSlots:
    """The files of one server's slots; `title` is its name for people.

    `models` has a key for each of its models: a file of another one would be read as this one's.
    """

    client: OpenAIClient
    title: str
    models: Mapping[str, str] = field(default_factory=dict)
    is_off: bool = False
    _files: dict[int, str] = field(default_factory=dict)
    _users: dict[int, Hashable] = field(default_factory=dict)
    _saved: set[str] = field(default_factory=set)

    async def begin(self, slot: int, conversation: Hashable, body: bytes) -> SlotUse | None:
        """Fill a slot with what a prompt begins with, if it has something else and a file has it.

        None: the prompt is not worth a file, or the server has none.
        """
        if self.is_off or not (file := self._file(body)):
            return None
        if self._users.get(slot) != conversation:
            await self._forget_if_restarted()
        use = SlotUse(slot, file)
        self._users[slot] = conversation
        if self._files.get(slot) != file:
            self._files[slot] = file
            restored = await self._act(slot, "restore", file, _Restored)
            if restored is not None:
                use.was_restored = True
                self._saved.add(file)
                log.info("%s read %d tokens back from its disk", self.title, restored.n_restored)
        return None if self.is_off else use

    def is_due(self, use: SlotUse) -> bool:
        """Tell whether what a slot has now should be written to its file."""
        return use.last is not None and (use.file not in self._saved or use.gained_little)

    async def save(self, use: SlotUse) -> None:
        """Have the server write a slot to its file."""
        self._saved.add(use.file)
        saved = await self._act(use.slot, "save", use.file, _Saved)
        if saved is not None:
            log.info("%s wrote %d tokens to its disk", self.title, saved.n_saved)

    def _file(self, body: bytes) -> str:
        """Return the file for what a prompt begins with: the system prompt, and the tools."""
        asked = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        model = self.models.get(msgspec.json.decode(asked["model"], type=str), "")
        if not model or "tools" not in asked:
            return ""
        first = msgspec.json.decode(asked["messages"], type=list[msgspec.Raw])[0]
        message = msgspec.json.decode(first, type=dict[str, Any])
        system = bytes(first) if message["role"] == "system" else b""
        front = hashlib.blake2b(bytes(asked["tools"]) + system, digest_size=_KEY_BYTES).digest()
        return f"cc-proxy-{model}-{int.from_bytes(front) % MAX_FILES}.bin"

    async def _forget_if_restarted(self) -> None:
        """Take the slots for empty if one that was used has not been, as the server sees it."""
        try:
            slots = await self.client.ask("/slots", _slots)
        except UpstreamError as error:
            log.info("%s does not show its slots: %s", self.title, error.log_text)
            return
        unused = {slot.id for slot in slots if slot.id_task < 0}
        if unused & self._users.keys():
            self._files.clear()
            self._users.clear()

    async def _act(self, slot: int, action: str, file: str, kind: type[Done]) -> Done | None:
        def read(body: bytes) -> Done:
            return msgspec.json.decode(body, type=kind)

        path = f"/slots/{slot}?action={action}"
        try:
            return await self.client.ask(path, read, {"filename": file}, seconds=FILE_SECONDS)
        except UpstreamError as error:
            if isinstance(error, UpstreamRefusedError) and error.status == _NOT_SUPPORTED:
                self.is_off = True
                log.warning("%s cannot save its slots: %s", self.title, _START)
            elif action == "restore" and isinstance(error, UpstreamRefusedError):
                # There may be no file yet.
                log.info("%s did not restore a slot: %s", self.title, error.log_text)
            else:
                log.warning("%s did not %s a slot: %s", self.title, action, error.log_text)
            return None


def model_key(name: str, path: str, weights: str) -> str:
    """Return what tells the files of a model from those of another one."""
    text = f"{name}\0{path}\0{weights}".encode()
    return hashlib.blake2b(text, digest_size=_KEY_BYTES).hexdigest()


def _slots(body: bytes) -> list[_Slot]:
    return msgspec.json.decode(body, type=list[_Slot])
