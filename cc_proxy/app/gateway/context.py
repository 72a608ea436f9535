"""What the gateway is told when it starts, and what its handlers share."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from cc_proxy.app.config import Settings
from cc_proxy.app.gateway.attachments import Attachments
from cc_proxy.app.gateway.fair_share import FairShare
from cc_proxy.app.gateway.fetching import Fetcher
from cc_proxy.app.gateway.keep_alive import Pace
from cc_proxy.app.gateway.models import Models
from cc_proxy.app.gateway.read_ahead import ReadAhead
from cc_proxy.app.gateway.spare_memory import SpareMemory
from cc_proxy.app.gateway.token_counter import TokenCounter
from cc_proxy.app.gateway.unread import UnreadFields
from cc_proxy.app.ollama.client import OllamaClient
from cc_proxy.app.search.client import SearchClient
from cc_proxy.app.translate.turns import TurnMemory

COUNTS_FILE = "token-counts.json"


@dataclass(frozen=True)
class GatewayContext:
    """The effective configuration of one running proxy, and its identity.

    `state_dir` is where it keeps what it learns; None: nowhere.
    """

    settings: Settings
    auth_key: str
    instance_id: str
    config_path: Path | None
    config_digest: str
    state_dir: Path | None = None


@dataclass
class Shared:
    """What lives as long as the server does."""

    context: GatewayContext
    ollama: OllamaClient
    models: Models
    unread: UnreadFields = field(default_factory=UnreadFields)
    turns: TurnMemory = field(default_factory=TurnMemory)
    pace: Pace = field(default_factory=Pace)
    fair_share: FairShare = field(default_factory=FairShare)
    spare_memory: SpareMemory = field(default_factory=SpareMemory)
    started: float = field(default_factory=time.monotonic)
    requests_in_flight: int = 0
    attachments: Attachments = field(init=False)
    search: SearchClient = field(init=False)
    read_ahead: ReadAhead = field(init=False)
    tokens: TokenCounter = field(init=False)

    def __post_init__(self) -> None:
        settings = self.context.settings
        self.attachments = Attachments(Fetcher(settings.images))
        self.search = SearchClient(settings)
        folder = self.context.state_dir
        self.tokens = TokenCounter(folder / COUNTS_FILE if folder else None)
        self.read_ahead = ReadAhead(self.ollama, self.tokens)

    async def close(self) -> None:
        """Close the connections to the outside; Ollama's belong to whoever made its client."""
        self.spare_memory.close()
        await self.read_ahead.close()
        await self.attachments.close()
        await self.search.close()
        self.tokens.save()


SHARED = web.AppKey("SHARED", Shared)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
