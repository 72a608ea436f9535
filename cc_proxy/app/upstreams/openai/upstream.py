"""A server with OpenAI's chat API as an upstream of the gateway."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

import msgspec

from cc_proxy.app.chat.answer import ChatAnswer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.messages import ChatChunk, ChatRequest
from cc_proxy.app.chat.models import LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Features, Kind
from cc_proxy.app.config import AffinityHeader, Settings, UpstreamSettings
from cc_proxy.app.upstreams.openai import body as wire
from cc_proxy.app.upstreams.openai import catalogue
from cc_proxy.app.upstreams.openai.client import OpenAIClient
from cc_proxy.app.upstreams.openai.errors import AnswerTooLongError
from cc_proxy.app.upstreams.openai.placing import placing_headers
from cc_proxy.app.upstreams.openai.saved_slots import SavedSlots, SlotUse, model_key
from cc_proxy.app.upstreams.openai.servers import TRAITS, ServerEngine, counted
from cc_proxy.app.upstreams.openai.slots import SlotTable

log = logging.getLogger(__name__)

_COUNT_SECONDS = 2.0
_MAX_COUNTED = 256
# vLLM refuses fields of an answer in a question about a prompt.
_COUNTED_FIELDS = frozenset({"model", "messages", "tools", "chat_template_kwargs"})


class OpenAIUpstream:
    """One server, or one router, asked by its `client`; does as chat.upstream.Upstream says.

    `name` is the one in the configuration, and the one in messages.
    """

    kind: Kind = "openai"
    can = Features(follows_engine_cache=False, takes_tool_choice=True)

    def __init__(self, name: str, settings: UpstreamSettings) -> None:
        self.name = self.title = name
        self._settings = settings
        self.client = OpenAIClient.configured(name, settings)
        self._engine = ServerEngine.PLAIN
        self._slots = SlotTable(1)
        self._answers = 0
        self._counted: OrderedDict[str, None] = OrderedDict()
        self._saved = SavedSlots(self.client, name)
        self._saving: set[asyncio.Task[None]] = set()

    def use(self, settings: Settings) -> None:
        """Use these settings from the next request on; answers that run are not touched."""
        found = settings.upstreams.get(self.name)
        if found is None:
            # Another upstream is picked when the proxy starts again.
            return
        self._settings = found
        self._saved.is_off = False
        self.client.use(found)

    async def __aenter__(self) -> Self:
        """Enter; the connections are ready."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection; what is being saved is saved, or is not."""
        for task in self._saving:
            task.cancel()
        await asyncio.gather(*self._saving, return_exceptions=True)
        await self.client.close()

    @property
    def engine(self) -> ServerEngine:
        """The kind of server that answered last."""
        return self._engine

    @property
    def slots(self) -> int:
        """The number of slots that a llama-server has, 0 for any other server."""
        return self._slots.total if self._engine is ServerEngine.LLAMA_SERVER else 0

    @property
    def shown_url(self) -> str:
        """The address for people and logs, without secrets."""
        return self.client.shown_url

    def encode(self, request: ChatRequest, target: Target) -> EncodedRequest:
        """Return a request as the JSON for `/v1/chat/completions`."""
        body = wire.encode(request, self._reasoning_field)
        return EncodedRequest(body, target, wire.decode, self.encode)

    @asynccontextmanager
    async def chat(
        self, request: EncodedRequest, session: str = "", conversation: str = ""
    ) -> AsyncIterator[ChatAnswer]:
        """Send a request, to the slot of its conversation if the server has several.

        A router in front of several servers places it by its session.

        Where the answer that was asked for would be too long for the window together with the
        prompt, it is asked for once more, as long as there is room.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(self._at_work())
            fields: dict[str, Any] = {}
            use = None
            if conversation:
                slot = stack.enter_context(self._slots.slot(conversation))
                fields = {} if slot is None else {"id_slot": slot}
                if self._settings.save_slots:
                    use = await self._begin(slot, conversation, request.body)
            affinity = self._settings.affinity
            own = affinity.header if isinstance(affinity, AffinityHeader) else ""
            headers = placing_headers(session, self._settings.api_key or "", own)
            ended = None if use is None else use.ended
            try:
                asking = self._ask(request.body, fields, headers, ended)
                answer = await stack.enter_async_context(asking)
            except AnswerTooLongError as error:
                log.info("%s: max_tokens is %d for a prompt", self.title, error.room)
                shorter = msgspec.structs.replace(request.request(), max_tokens=error.room)
                body = wire.encode(shorter, self._reasoning_field)
                asking = self._ask(body, fields, headers, ended)
                answer = await stack.enter_async_context(asking)
            del request
            yield answer
            if use is not None and self._saved.is_due(use):
                self._save(use)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self._answers += 1
        try:
            yield
        finally:
            self._answers -= 1

    async def _begin(self, slot: int | None, conversation: str, body: bytes) -> SlotUse | None:
        """Have a slot filled from the server's disk; a server with one slot needs no number."""
        only = 0 if self.slots == 1 else None
        number = slot if slot is not None else only
        return None if number is None else await self._saved.begin(number, conversation, body)

    def _save(self, use: SlotUse) -> None:
        # The answer does not wait for a disk.
        task = asyncio.create_task(self._saved.save(use))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _ask(
        self,
        body: bytes,
        fields: dict[str, Any],
        headers: dict[str, str],
        ended: Callable[[ChatChunk], None] | None,
    ) -> OpenAnswer:
        trusts_zero = TRAITS[self._engine].counts_cached
        body = wire.with_fields(self._with_extra(body), fields)
        return self.client.chat(body, headers, trusts_zero=trusts_zero, ended=ended)

    def _with_extra(self, body: bytes) -> bytes:
        return wire.with_extra_fields(body, self._settings.extra_body)

    async def models(self) -> list[ModelCard]:
        """Return the models that the server lists."""
        found = await self._catalogue()
        return [
            ModelCard(name=model.name, capabilities=sorted(self._capabilities(found, model.name)))
            for model in found.models
        ]

    async def loaded(self) -> list[LoadedModel]:
        """Return the models in memory, with their windows: all, where the server loads none."""
        found = await self._catalogue()
        return [
            LoadedModel(name=model.name, context_length=self._window(found, model.name) or 0)
            for model in found.models
            if model.is_loaded is not False
        ]

    async def model(self, name: str) -> ModelInfo:
        """Return what a model can do, as the server and the configuration say."""
        found = await self._catalogue()
        found.check(self.title, name)
        return ModelInfo(
            name=name,
            capabilities=self._capabilities(found, name),
            max_context=self._window(found, name),
            modelfile_context=None,
            family=catalogue.family_of(name),
        )

    async def version(self) -> str:
        """Return what the server is, with its version where it says that."""
        found = await self._catalogue()
        return f"{found.engine.value} {found.version}".rstrip()

    async def load(self, target: Target) -> None:
        """Do nothing: the server has loaded its models, or does so when they are asked."""

    async def read_stranger(self, target: Target) -> None:
        """Do nothing: nobody knows what the engine would forget for it."""

    async def count(self, request: ChatRequest, target: Target, session: str) -> int | None:
        """Ask llama-server or vLLM, once a session, and never while an answer is under way."""
        path = TRAITS[self._engine].count_path
        if not path or self._answers or session in self._counted:
            return None
        self._counted[session] = None
        while len(self._counted) > _MAX_COUNTED:
            self._counted.popitem(last=False)
        body = self._with_extra(self.encode(request, target).body)
        fields = msgspec.json.decode(body, type=dict[str, Any])
        asked = {name: of for name, of in fields.items() if name in _COUNTED_FIELDS}
        try:
            return await self.client.ask(path, counted, asked, seconds=_COUNT_SECONDS) or None
        except UpstreamError as error:
            log.info("%s does not count a prompt: %s", self.title, error.log_text)
            return None

    async def rendered_prompt(self, request: EncodedRequest) -> str | None:
        """Return the prompt as the template makes it, where llama-server answers; else None."""
        if self._engine is not ServerEngine.LLAMA_SERVER:
            return None
        asked = msgspec.json.decode(self._with_extra(request.body), type=dict[str, Any])
        return await self.client.ask("/apply-template", catalogue.rendered, asked)

    @property
    def _reasoning_field(self) -> str:
        match self._settings.reasoning:
            case "auto":
                return TRAITS[self._engine].reasoning_field
            case "none":
                return ""
            case field:
                return field

    async def _catalogue(self) -> catalogue.ServerCatalogue:
        found = await catalogue.read(self.client)
        self._engine = found.engine
        if found.slots != self._slots.total:
            self._slots = SlotTable(found.slots)
        path = found.props.path if found.props else ""
        self._saved.models = {
            one.name: model_key(one.name, path, one.weights) for one in found.models if path
        }
        return found

    def _window(self, found: catalogue.ServerCatalogue, name: str) -> int | None:
        settings = self._settings.models.get(name)
        return (settings.context_window if settings else None) or found.window(name)

    def _capabilities(self, found: catalogue.ServerCatalogue, name: str) -> frozenset[str]:
        can = set(found.capabilities(name))
        if settings := self._settings.models.get(name):
            for capability in catalogue.CAPABILITIES:
                told = getattr(settings, capability)
                if told is not None:
                    (can.add if told else can.discard)(capability)
        return frozenset(can)
