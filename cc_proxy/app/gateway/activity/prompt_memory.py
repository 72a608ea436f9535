"""The last prompt of each conversation, kept to say where the next one parts from it."""

from dataclasses import dataclass

import msgspec

from cc_proxy.app.anthropic.events import CacheMissReason, CacheMissType, Diagnostics
from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.gateway.activity.tracked import PromptHistory, TrackedRequest
from cc_proxy.app.translate.prompt.difference import (
    PromptSnapshot,
    common_parts,
    first_difference,
)
from cc_proxy.app.translate.prompt.prefix import TOOLS, Prompt

MAX_BYTES = 16 * 1024 * 1024
MAX_PROMPTS = 64
# Of a longer prompt only the keys are kept: it would take the others' place.
MAX_TEXT_BYTES = 4 * 1024 * 1024
# CPython 3.11: a part with its tuples, and a key.
_PART_BYTES, _KEY_BYTES = 250, 40

_REASONS: dict[str, CacheMissType] = {"system": "system_changed", TOOLS: "tools_changed"}

# The name of the key, the session and the subagent.
Conversation = tuple[str, str, str]


@dataclass(eq=False, slots=True)
class RememberedPrompt:
    """A prompt, the request that it is of, and the id of the answer once there is one."""

    request: TrackedRequest
    snapshot: PromptSnapshot
    message: str = ""


def _weight(_key: Conversation, one: RememberedPrompt) -> int:
    parts, texts = one.snapshot.parts, one.snapshot.texts or ()
    keys = sum(len(part.keys) for part in parts)
    return _PART_BYTES * len(parts) + _KEY_BYTES * keys + sum(text_bytes(*each) for each in texts)


class PromptMemory:
    """At most `MAX_PROMPTS` of them, and `max_bytes`; the one that was used longest ago goes first.

    A turn of a prompt takes some 0.3 microseconds.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._prompts: ByteCache[Conversation, RememberedPrompt] = ByteCache(max_bytes, _weight)

    @property
    def held_bytes(self) -> int:
        """The bytes of all that is kept."""
        return self._prompts.held_bytes

    def take(self, request: TrackedRequest, prompt: Prompt) -> PromptHistory | None:
        """Return what is known of the prompt before this one, and keep this one in its place.

        None for the first prompt of a conversation, and for one on the side.
        """
        if request.is_side and not request.agent:
            return None
        snapshot = _snapshot(prompt)
        key = _conversation(request)
        if request.session:
            before = self._prompts.get(key)
        elif (before := self._continued(request.key, snapshot)) is not None:
            self._prompts.drop(_conversation(before.request))
        self._prompts.put(key, RememberedPrompt(request, snapshot))
        while len(self._prompts) > MAX_PROMPTS:
            self._prompts.drop(self._prompts.items()[0][0])
        return _history(before, snapshot) if before is not None else None

    def answered(self, request: TrackedRequest, message: str) -> None:
        """Note the id of the message that answers a request."""
        found = self._prompts.get(_conversation(request))
        if found is not None and found.request is request:
            found.message = message

    def since(self, message: str, prompt: Prompt, key: str = "") -> PromptHistory | None:
        """Return what is known of the prompt that a message answered; None if it is not kept.

        `key` is the name of the key of whoever asks: each has the prompts of its own.
        """
        found = (
            one
            for (name, _, _), one in self._prompts.items()
            if (name, one.message) == (key, message)
        )
        before = next(found, None)
        return _history(before, _snapshot(prompt)) if before is not None else None

    def _continued(self, key: str, snapshot: PromptSnapshot) -> RememberedPrompt | None:
        """Return the prompt without a session that shares most turns with this one, if any."""
        best, most = None, sum(part.role in {"system", TOOLS} for part in snapshot.parts[:2])
        for (name, session, _), one in self._prompts.items():
            if session or name != key:
                continue
            if (common := common_parts(one.snapshot, snapshot)) > most:
                best, most = one, common
        return best


def _conversation(request: TrackedRequest) -> Conversation:
    # Without a session a conversation is known by what it goes on with.
    return request.key, request.session, request.agent if request.session else request.id


def _snapshot(prompt: Prompt) -> PromptSnapshot:
    snapshot = PromptSnapshot.of(prompt)
    # The letters of a text take one to four bytes.
    if snapshot.size <= MAX_TEXT_BYTES:
        return snapshot
    # A request that is refused never releases the texts of its parts.
    parts = tuple(msgspec.structs.replace(part, texts=()) for part in snapshot.parts)
    return PromptSnapshot(snapshot.model, parts, None)


def _history(before: RememberedPrompt, snapshot: PromptSnapshot) -> PromptHistory:
    request = before.request
    counts = request.counts
    return PromptHistory(
        request=request.id,
        prompt_tokens=counts.prompt if counts else request.prompt_tokens or 0,
        written_tokens=counts.written if counts else 0,
        other_model=before.snapshot.model if before.snapshot.model != snapshot.model else "",
        difference=first_difference(before.snapshot, snapshot),
    )


def diagnostics_of(history: PromptHistory | None) -> Diagnostics | None:
    """Return what the API says of two prompts; `history` None: the earlier one is not known."""
    if history is None:
        return Diagnostics(CacheMissReason("previous_message_not_found"))
    difference = history.difference
    if history.other_model:
        return Diagnostics(CacheMissReason("model_changed", history.prompt_tokens))
    if difference is None:
        return None
    reason = _REASONS.get(difference.role, "messages_changed")
    missed = round(history.prompt_tokens * (1 - difference.shared))
    return Diagnostics(CacheMissReason(reason, missed))
