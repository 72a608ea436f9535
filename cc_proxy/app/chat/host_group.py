"""Several hosts that run the same models, as one upstream.

Each host is an upstream of its own. The gateway places every request on one of them
(gateway/scheduling/lanes.py); what is asked here is about all of them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

import msgspec

from cc_proxy.app.chat.answer import OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import (
    ModelNotFoundError,
    UpstreamError,
    UpstreamStalledError,
    is_of_server,
)
from cc_proxy.app.chat.messages import ChatRequest
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.chat.models import LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Features, Kind, Upstream
from cc_proxy.app.config import Settings, UpstreamSettings
from cc_proxy.app.redaction import without_user_info

log = logging.getLogger(__name__)

Found = TypeVar("Found")

# A host that is switched off must not keep what the others say from whoever asks.
HOST_SECONDS = 3.0


class HostUpstream(Upstream, Protocol):
    """An upstream with connections that are closed at its end."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""


@dataclass(eq=False)
class Host:
    """One host: `name` is its address without the scheme, `drained`: it gets no new sessions."""

    url: str
    upstream: HostUpstream
    drained: bool = False

    @property
    def name(self) -> str:
        """The name for people and logs."""
        return host_name(self.url)


def host_name(url: str) -> str:
    """Return the address without scheme and login, as `gpu1:11434`."""
    return without_user_info(url).partition("://")[2]


# Makes the upstream of one host; the settings are those of the whole.
NewHost = Callable[[str, UpstreamSettings, str], HostUpstream]


class HostGroup:
    """Several hosts as chat.upstream.Upstream says.

    What a chat needs of the hosts is asked of each of them by who places it; a chat that is sent
    to the group itself goes to the first host that has its model.
    """

    def __init__(self, name: str, settings: UpstreamSettings, new_host: NewHost) -> None:
        self.name = self.title = name
        self._new_host = new_host
        self._retired: list[Host] = []
        self.hosts: list[Host] = []
        self._take(settings)

    def _take(self, settings: UpstreamSettings) -> None:
        """Have the hosts of these settings; those that are known keep what they are."""
        known = {host.url: host for host in (*self.hosts, *self._retired)}
        self.hosts = []
        for url in settings.urls:
            host = known.pop(url, None)
            host = host or Host(url, self._new_host(self.name, settings, url))
            host.drained = url in settings.drain
            self.hosts.append(host)
        # Their answers may run: connections are closed at the end.
        self._retired = list(known.values())
        self.affinity = settings.affinity

    def use(self, settings: Settings) -> None:
        """Use these settings from the next request on; running answers keep their own."""
        found = settings.upstreams.get(self.name)
        if found is None or not found.urls:
            # Another upstream is picked when the proxy starts again.
            return
        self._take(found)
        for host in self.hosts:
            host.upstream.use(_of_host(settings, self.name, host.url))

    async def __aenter__(self) -> Self:
        """Enter; the connections are ready."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        async with AsyncExitStack() as stack:
            for host in (*self.hosts, *self._retired):
                stack.push_async_exit(host.upstream.__aexit__)

    @property
    def kind(self) -> Kind:
        """The wire that the hosts speak."""
        return self._first.kind

    @property
    def can(self) -> Features:
        """The traits of the hosts."""
        return self._first.can

    @property
    def shown_url(self) -> str:
        """The addresses for people and logs, without secrets."""
        return ", ".join(host.upstream.shown_url for host in self.hosts)

    @property
    def _first(self) -> HostUpstream:
        return self.hosts[0].upstream

    def encode(self, request: ChatRequest, target: Target) -> EncodedRequest:
        """Return a request as the hosts take it."""
        return self._first.encode(request, target)

    def chat(
        self, request: EncodedRequest, session: str = "", conversation: str = ""
    ) -> OpenAnswer:
        """Send a request to the first host."""
        return self._first.chat(request, session, conversation)

    async def models(self) -> list[ModelCard]:
        """Return the models of all hosts that answer, each with the names of those that have it."""
        cards: dict[str, ModelCard] = {}
        for host, found in await self._answers(lambda host: host.models()):
            for card in found:
                known = cards.get(full_name(card.name), card)
                hosts = (*known.hosts, host.name)
                cards[full_name(card.name)] = msgspec.structs.replace(known, hosts=hosts)
        return list(cards.values())

    async def differing_models(self) -> list[str]:
        """Return the names of models that are not the same on all hosts that have them."""
        digests: dict[str, set[str]] = {}
        for _, found in await self._answers(lambda host: host.models()):
            for card in found:
                digests.setdefault(card.name, set()).add(card.digest)
        return sorted(name for name, seen in digests.items() if len(seen) > 1)

    async def loaded(self) -> list[LoadedModel]:
        """Return the models in memory, those of one host after those of another."""
        answers = await self._answers(lambda host: host.loaded())
        return [model for _, found in answers for model in found]

    async def model(self, name: str) -> ModelInfo:
        """Return what a model can do, as the first host says that has it."""
        errors: list[UpstreamError] = []
        for host in self.hosts:
            try:
                return await asked(host, host.upstream.model(name))
            except UpstreamError as error:
                errors.append(error)
        # A host that is away may have it: that is not "no such model", and a fallback may answer.
        away = (error for error in errors if is_of_server(error))
        missing = (error for error in errors if isinstance(error, ModelNotFoundError))
        raise next(away, next(missing, errors[0]))

    async def version(self) -> str:
        """Return the versions of the hosts that answer, each once."""
        answers = await self._answers(lambda host: host.version())
        return ", ".join(dict.fromkeys(version for _, version in answers))

    async def load(self, target: Target) -> None:
        """Wait until the first host has a model in memory."""
        await self._first.load(target)

    async def read_stranger(self, target: Target) -> None:
        """Have the first host read a prompt of one token."""
        await self._first.read_stranger(target)

    async def count(self, request: ChatRequest, target: Target, session: str) -> int | None:
        """Return the tokens of a prompt as the first host counts them, if it does."""
        return await self._first.count(request, target, session)

    async def rendered_prompt(self, request: EncodedRequest) -> str | None:
        """Return the prompt as the first host's template makes it."""
        return await self._first.rendered_prompt(request)

    async def _answers(
        self, ask: Callable[[HostUpstream], Awaitable[Found]]
    ) -> Sequence[tuple[Host, Found]]:
        """Ask every host; return the answers of those that gave one in time.

        Raises:
            UpstreamError: none of them did; this is the error of the first.

        """
        answers = await asyncio.gather(
            *(asked(host, ask(host.upstream)) for host in self.hosts), return_exceptions=True
        )
        found, errors = [], []
        for host, answer in zip(self.hosts, answers, strict=True):
            if isinstance(answer, UpstreamError):
                errors.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.append((host, answer))
        if not found:
            raise errors[0]
        return found


async def asked(host: Host, answer: Awaitable[Found]) -> Found:
    """Return the answer of a host.

    Raises:
        UpstreamError: the host has none, or not in time.

    """
    try:
        async with asyncio.timeout(HOST_SECONDS):
            return await answer
    except TimeoutError as error:
        text = f"{host.name} has not answered within {HOST_SECONDS:g} seconds."
        raise UpstreamStalledError(text) from error


def _of_host(settings: Settings, name: str, url: str) -> Settings:
    """Return settings in which the upstream is this one host."""
    own = msgspec.structs.replace(settings.upstreams[name], url=url, urls=())
    return msgspec.structs.replace(settings, upstreams={name: own})
