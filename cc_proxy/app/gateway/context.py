"""The gateway's parameters at its start, and the objects that its handlers share."""

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import LoadedConfig, Settings
from cc_proxy.app.gateway.activity.tracker import ActivityTracker
from cc_proxy.app.gateway.answer.active_answers import ActiveAnswers
from cc_proxy.app.gateway.answer.keep_alive import KeepAliveTiming
from cc_proxy.app.gateway.attachments.describing import ImageDescriber
from cc_proxy.app.gateway.attachments.documents import Attachments
from cc_proxy.app.gateway.attachments.fetching import Fetcher
from cc_proxy.app.gateway.http.client_keys import ClientKeys
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.last_error import ErrorRecorder
from cc_proxy.app.gateway.reloading import Reloader
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.scheduling.active_streams import ActiveStreams
from cc_proxy.app.gateway.scheduling.gate import CooperativeGate
from cc_proxy.app.gateway.scheduling.lanes import Lanes
from cc_proxy.app.gateway.scheduling.read_ahead import ReadAhead
from cc_proxy.app.gateway.spare_memory import SpareMemory
from cc_proxy.app.gateway.storage.description_store import DescriptionStore
from cc_proxy.app.gateway.storage.fitness_verdicts import PastTests
from cc_proxy.app.gateway.storage.front_file import FrontFile
from cc_proxy.app.gateway.storage.kept_file import KeptFile
from cc_proxy.app.gateway.storage.turn_store import TurnStore
from cc_proxy.app.gateway.storage.usage_store import UsageStore
from cc_proxy.app.gateway.storage.usage_table import USAGE_FILE
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.gateway.unread import IgnoredFieldsLog
from cc_proxy.app.search.client import SearchClient

COUNTS_FILE = "token-counts.json"
TURNS_FILE = "turns.jsonl"
FRONTS_FILE = "fronts.json"
DESCRIPTIONS_FILE = "image-descriptions.json"


@dataclass(frozen=True)
class GatewayContext:
    """The effective configuration of one running proxy, and its identity.

    `state_dir` is where it keeps what it learns; None: nowhere. `reloader` exchanges the
    settings while it runs, None: nobody does. `crowd` has made the event loop.
    """

    settings: Settings
    auth_key: str
    instance_id: str
    config_path: Path | None
    config_digest: str
    state_dir: Path | None = None
    reloader: Reloader | None = None
    crowd: ActiveStreams = field(default_factory=ActiveStreams)


@dataclass
class Shared:
    """The objects that live as long as the server."""

    context: GatewayContext
    upstreams: Upstreams
    unread: IgnoredFieldsLog = field(default_factory=IgnoredFieldsLog)
    pace: KeepAliveTiming = field(default_factory=KeepAliveTiming)
    limits: Limits = field(default_factory=Limits)
    fair_share: CooperativeGate = field(default_factory=CooperativeGate)
    spare_memory: SpareMemory = field(default_factory=SpareMemory)
    started: float = field(default_factory=time.monotonic)
    requests_in_flight: int = 0
    assists: Counter[str] = field(default_factory=Counter)
    held_body_bytes: int = 0
    errors: ErrorRecorder = field(default_factory=ErrorRecorder)
    answers: ActiveAnswers = field(default_factory=ActiveAnswers)
    keys: ClientKeys = field(init=False)
    models: Models = field(init=False)
    attachments: Attachments = field(init=False)
    search: SearchClient = field(init=False)
    read_ahead: ReadAhead = field(init=False)
    lanes: Lanes = field(init=False)
    tokens: TokenCounter = field(init=False)
    turns: TurnStore = field(init=False)
    activity: ActivityTracker = field(init=False)

    def __post_init__(self) -> None:
        settings = self.context.settings
        self.keys = ClientKeys(settings.server.auth_keys)
        self.models = Models(settings, self.upstreams, PastTests(self.context.state_dir))
        self.search = SearchClient(settings)
        folder = self.context.state_dir
        self.tokens = TokenCounter(folder / COUNTS_FILE if folder else None)
        if folder and not settings.server.keep_on_disk:
            for name in (TURNS_FILE, FRONTS_FILE, USAGE_FILE, DESCRIPTIONS_FILE):
                KeptFile(folder / name, name).remove()
            folder = None
        fronts = FrontFile(folder / FRONTS_FILE if folder else None)
        self.lanes = Lanes(self.upstreams, self.tokens)
        descriptions = DescriptionStore(folder / DESCRIPTIONS_FILE if folder else None)
        describer = ImageDescriber(settings.vision_model, self.models, self.lanes, descriptions)
        self.attachments = Attachments(Fetcher(settings.images), describer)
        usage = UsageStore(folder / USAGE_FILE if folder else None, self.tokens.prefill_seconds)
        # Ollama does; other servers hold what they were started with.
        unloads = self.upstreams.first.kind == "ollama"
        self.activity = ActivityTracker(self.lanes.parallel, usage=usage, unloads=unloads)
        self.lanes.watch_reading(self.activity.reading_for_nobody)
        self.read_ahead = ReadAhead(self.lanes, self.tokens, fronts)
        self.turns = TurnStore(folder / TURNS_FILE if folder else None)

    def use(self, loaded: LoadedConfig) -> None:
        """Go on with other settings: the next request sees them, one that runs keeps its own."""
        settings = loaded.settings
        self.context = replace(
            self.context,
            settings=settings,
            config_path=loaded.path,
            config_digest=loaded.digest,
        )
        self.keys.use(settings.server.auth_keys)
        self.upstreams.use(settings)
        self.lanes.use()
        self.models.use(settings)
        self.attachments.use(settings.images)
        self.attachments.describer.use(settings.vision_model)
        self.search.use(settings)
        self.pace = replace(self.pace, initial_delay_seconds=settings.server.hold_seconds)

    async def close(self) -> None:
        """Close the connections to the outside; Ollama's belong to whoever made its client."""
        self.fair_share.beside.close()
        self.spare_memory.close()
        await self.read_ahead.close()
        await self.lanes.close()
        await self.attachments.close()
        await self.search.close()
        await self.turns.close()
        await self.activity.close()
        self.tokens.save()


SHARED = web.AppKey("SHARED", Shared)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
