"""The cache of each model's engine, and the requests before a prompt that protect it.

The engine is only ever seen through what was sent to it. Others may use the same Ollama, and then
this is wrong: a prompt reads what it would have read anyway, and the next answers put it right.
"""

import asyncio
import logging
import sys
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from cc_proxy.app.chat.answer import ChatAnswer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.engine_cache import EngineCache, Slot
from cc_proxy.app.gateway.scheduling import fillers
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.gateway.scheduling.fillers import STRANGER, half_request, half_text
from cc_proxy.app.gateway.scheduling.queue import Ask
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.prompt.held_text import HeldText
from cc_proxy.app.translate.prompt.placement import (
    Conversation,
    Fillers,
    Placement,
    direct,
    place,
)
from cc_proxy.app.translate.prompt.prefix import Prompt

log = logging.getLogger(__name__)

MAX_CONVERSATIONS = 16
# Texts in the engine's RAM: few of Claude Code's size fit, but thousands of tiny ones.
MAX_SAVED = 16
MAX_MODELS, MAX_NAME = 64, 200
# A front of which less is new is not read ahead; where two texts part is known to a block only.
WORTH_READING = 0.1
# So much longer than there was time for, an answer must have taken.
_LONGER, _MARGIN_SECONDS = 1.2, 0.1
# How likely a conversation goes on, and for how long: while a tool runs, after an answer.
_TOOL_SECONDS, _AFTER_TOOL = 900.0, 0.25
_ANSWER, _ANSWER_SECONDS = 0.5, 1800.0

PromptAsk = Callable[[EncodedRequest, Prompt], OpenAnswer]


@dataclass(frozen=True)
class Asker:
    """The caller and the model of a request; `front` is the request without its turns."""

    target: Target
    caller: Caller
    front: ChatRequest


@dataclass(eq=False)
class _Conversation:
    """A session's or a subagent's conversation, by the text that its next prompt begins with."""

    caller: Caller
    text: HeldText
    in_flight: int = 0
    calls: bool = False
    ended: float = 0.0

    def likely(self, now: float) -> float:
        """Return how likely it goes on, 0 to 1."""
        if self.in_flight:
            return 1.0
        idle = now - self.ended
        if self.calls:
            return 1.0 if idle < _TOOL_SECONDS else _AFTER_TOOL
        if self.caller.ends_with_answer or idle > _ANSWER_SECONDS:
            return 0.0
        return _ANSWER


@dataclass(eq=False)
class _Sent:
    """A prompt that is at the engine."""

    conversation: _Conversation | None
    text: HeldText
    slot: int
    since: float


@dataclass(eq=False)
class _Model:
    """The engine of one model; `cache` None: nobody knows what it holds."""

    cache: EngineCache[HeldText] | None = None
    life: int = 0
    slots: int = 1
    last_end: float = 0.0
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    sent: list[_Sent] = field(default_factory=list)
    conversations: OrderedDict[tuple[str, str], _Conversation] = field(default_factory=OrderedDict)

    def hold(self, cache: EngineCache[HeldText]) -> None:
        """Know the cache, with as many slots as were seen at work."""
        more: tuple[Slot[HeldText], ...] = (Slot(),) * (self.slots - len(cache.slots))
        self.cache = replace(cache, slots=cache.slots + more, saved=cache.saved[-MAX_SAVED:])


class SlotKeeper:
    """Sends prompts to a server in such a way that they keep what was read for others."""

    def __init__(self, upstream: Upstream, tokens: TokenCounter, engine: str = "") -> None:
        self._upstream = upstream
        self._engine = engine
        self._tokens = tokens
        self.watch: fillers.ReadingWatch = fillers.unwatched
        # Of another engine nobody knows what it holds: it is sent nothing but the prompts.
        self._knows_rules = upstream.can.follows_engine_cache
        self._models: dict[str, _Model] = {}

    def asking(self, ask: Ask, asker: Asker) -> PromptAsk:
        """Return what asks Ollama after making room for the prompt."""

        def asks(request: EncodedRequest, prompt: Prompt) -> OpenAnswer:
            return self._asked(ask, request, prompt, asker)

        return asks

    def answered(self, model: str, caller: Caller, *, calls: bool) -> None:
        """Note how a conversation's answer ended: with calls it goes on by itself."""
        conversation = self._model(model).conversations.get(_key(caller))
        if conversation is not None:
            conversation.calls = calls

    def seen(self) -> dict[str, tuple[int, int]]:
        """Return each model's latest sessions (at most 16) and its slots, as far as seen."""
        return {
            name[:MAX_NAME]: (
                len({session for session, _agent in known.conversations}),
                known.slots,
            )
            for name, known in self._models.items()
            if known.conversations
        }

    def slots(self, model: str) -> int:
        """Return how many requests of a model were seen to run side by side.

        Other engines than Ollama's have slots of their own; a request is taken to be read at once.
        """
        if not self._knows_rules:
            return sys.maxsize
        known = self._models.get(full_name(model))
        return known.slots if known else 1

    def emptied(self, model: str) -> None:
        """Note that a model was loaded: it has read nothing."""
        known = self._model(model)
        known.cache = None
        known.hold(EngineCache())
        known.life = self._tokens.cache_epoch(model, self._engine)

    def costs_nobody(self, prompt: Prompt) -> bool:
        """Tell whether a prompt can be read ahead: much of it is new, and nobody loses by that."""
        known = self._model(prompt.model)
        if not self._knows_rules or known.cache is None or known.sent:
            return False
        text = self._text(prompt)
        found = self._placed(known, text, None, prompt)
        gains = found.read >= WORTH_READING * text.tokens
        return gains and not found.before and not found.lost

    def read_ahead(self, prompt: Prompt) -> None:
        """Note that a prompt was read, as far as that came, for nobody yet."""
        known = self._model(prompt.model)
        prompt.engine = self._engine
        if known.cache is not None:
            step = known.cache.take(self._text(prompt))
            prompt.kept = step.kept
            known.hold(step.cache)

    @asynccontextmanager
    async def _asked(
        self, ask: Ask, request: EncodedRequest, prompt: Prompt, asker: Asker
    ) -> AsyncIterator[ChatAnswer]:
        """Do as Queue's asking() does.

        Raises:
            ApiError, UpstreamError: as there.

        """
        known = self._model(prompt.model)
        prompt.engine = self._engine
        async with known.sending:
            sent = await self._sent(known, prompt, asker)
        try:
            async with AsyncExitStack() as stack:
                answer = await stack.enter_async_context(ask(request))
                del request
                yield answer
        finally:
            self._ended(known, sent, prompt)

    async def _sent(self, known: _Model, prompt: Prompt, asker: Asker) -> _Sent:
        text, slot = self._text(prompt), 0
        conversation = self._conversation(known, asker.caller, text)
        if not self._knows_rules or not asker.target.model.is_local:
            prompt.kept = None
        elif known.cache is None:
            prompt.kept = None
            known.hold(EngineCache(slots=(Slot(text),)))
        else:
            placement = self._placed(known, text, conversation, prompt)
            if placement.before:
                placement = await self._filled(known, placement, prompt, asker)
            prompt.kept = placement.kept
            slot = placement.slot
            known.hold(placement.cache)
        sent = _Sent(conversation, text, slot, asyncio.get_running_loop().time())
        known.sent.append(sent)
        if conversation is not None:
            conversation.text = text
            conversation.in_flight += 1
        return sent

    def _placed(
        self, known: _Model, text: HeldText, own: _Conversation | None, prompt: Prompt
    ) -> Placement[HeldText]:
        now = asyncio.get_running_loop().time()
        others = [
            Conversation(one.text, one.likely(now))
            for one in known.conversations.values()
            if one is not own
        ]
        ways = Fillers(STRANGER, lambda tokens: half_text(text, prompt, tokens))
        busy = {one.slot for one in known.sent}
        # With all of them at work it waits for one, as if none were.
        free = len(busy) < known.slots
        cache = known.cache or EngineCache()
        at_work = frozenset(busy) if free else frozenset[int]()
        if known.slots > 1:
            # Which session has which slot is the engine's choice, and nobody sees it.
            return direct(cache, text, at_work)
        return place(cache, text, others, ways, at_work)

    async def _filled(
        self, known: _Model, placement: Placement[HeldText], prompt: Prompt, asker: Asker
    ) -> Placement[HeldText]:
        """Send what comes before a prompt; what cannot be sent is left out."""
        cache, target = known.cache or EngineCache(), asker.target
        try:
            for filler in placement.before:
                with self.watch("filler", target.model.name, filler.tokens):
                    if filler is STRANGER:
                        await self._upstream.read_stranger(target)
                    else:
                        half = half_request(asker.front, prompt, filler)
                        await fillers.read(self._upstream, half, target)
                cache = cache.take(filler).cache
        except UpstreamError as error:
            log.warning("nothing is sent before a prompt of %s: %s", target.model.name, error)
            return direct(cache, self._text(prompt))
        log.info(
            "made room for a prompt of %s: kept=%d read=%d others=%d",
            target.model.name,
            placement.kept,
            placement.read,
            len(known.conversations),
        )
        return placement

    def _look_for_slots(self, known: _Model, sent: _Sent, worked: float, now: float) -> None:
        """Note that there is more than one slot, if an answer was begun before another one ended.

        `worked` is how many seconds the engine says it took.
        """
        waited = known.last_end - sent.since
        since_then = now - known.last_end
        if known.slots == 1 and waited > 0 and worked > since_then * _LONGER + _MARGIN_SECONDS:
            known.slots = 2
            # The fillers before its prompts were chosen for one slot.
            known.cache = None
            log.info("%s works at several requests of one model at once", self._upstream.title)
        known.last_end = now

    def _ended(self, known: _Model, sent: _Sent, prompt: Prompt) -> None:
        known.sent.remove(sent)
        now, text = asyncio.get_running_loop().time(), self._tokens.held(prompt)
        self._look_for_slots(known, sent, prompt.worked, now)
        life = self._tokens.cache_epoch(prompt.model, self._engine)
        if life != known.life:
            known.life = life
            known.hold(EngineCache(slots=(Slot(text),)))
        elif known.cache is not None:
            known.hold(_with_answer(known.cache, sent.text, text))
        if (conversation := sent.conversation) is not None:
            conversation.in_flight -= 1
            conversation.text = text
            conversation.ended = now

    def _conversation(self, known: _Model, caller: Caller, text: HeldText) -> _Conversation | None:
        if caller.side and not caller.agent:
            return None
        key = _key(caller)
        if not caller.session:
            # Without a name a conversation is known by what it goes on with.
            goes_on = (k for k, one in known.conversations.items() if _begins(one.text, text))
            key = next(goes_on, ("", str(text.keys[-1:])))
        conversation = known.conversations.pop(key, None) or _Conversation(caller, text)
        known.conversations[key] = conversation
        while len(known.conversations) > MAX_CONVERSATIONS:
            known.conversations.popitem(last=False)
        return conversation

    def _text(self, prompt: Prompt) -> HeldText:
        return replace(self._tokens.held(prompt), answer=0)

    def _model(self, name: str) -> _Model:
        name = full_name(name)
        known = self._models.get(name)
        if known is None:
            known = self._models[name] = _Model()
            idle = [one for one, model in self._models.items() if not model.sent and one != name]
            # Names come from clients.
            for one in idle[: max(0, len(self._models) - MAX_MODELS)]:
                del self._models[one]
        return known


def _key(caller: Caller) -> tuple[str, str]:
    return caller.session, caller.agent


def _begins(text: HeldText, longer: HeldText) -> bool:
    keys = text.keys
    return bool(keys) and longer.keys[: len(keys)] == keys


def _with_answer(
    cache: EngineCache[HeldText], sent: HeldText, text: HeldText
) -> EngineCache[HeldText]:
    """Return the cache with the answer behind a prompt, wherever that is by now."""
    slots = tuple(replace(s, text=text) if s.text is sent else s for s in cache.slots)
    saved = tuple(text if one is sent else one for one in cache.saved)
    return replace(cache, slots=slots, saved=saved)
