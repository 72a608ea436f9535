"""A survey of the models in Ollama and their aliases; it needs no running proxy."""

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass

import msgspec

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import UpstreamError, UpstreamRefusedError
from cc_proxy.app.chat.model_names import ANY_CLAUDE, full_name
from cc_proxy.app.chat.models import LoadedModel, ModelCard
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Settings
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.storage.fitness_verdicts import PastTests
from cc_proxy.app.upstreams.choice import ConfiguredUpstream, all_configured, configured

# What the gateway would log, a command says in its own words; unheard, it would go to stderr.
logging.getLogger("cc_proxy").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Row:
    """A model on Ollama's disk: what a request to it gets, and how it is in memory.

    `target` is None where Ollama will not say what it can do; `trouble` tells why.
    """

    pulled: ModelCard
    target: Target | None
    loaded: LoadedModel | None
    trouble: str | None = None

    @property
    def name(self) -> str:
        """The name with its tag."""
        return self.pulled.name


@dataclass(frozen=True)
class Alias:
    """A name that clients may ask for, and what answers.

    `pulled` is None where the upstream of the model does not answer.
    """

    name: str
    model: str
    pulled: bool | None


@dataclass(frozen=True)
class AvailableServer:
    """An upstream that answers; `title` is its name for people."""

    title: str
    url: str
    version: str


@dataclass(frozen=True)
class MissingModel:
    """A model that an alias points to, and that its upstream does not have."""

    server: str
    name: str
    can_be_pulled: bool


@dataclass(frozen=True)
class Survey:
    """One look at the upstreams: `servers` answer, the one of the default model first.

    `away` has the error of each other one, and `missing` what aliases point to in vain. `default`
    answers for `claude-*`. None: the one that is configured is not there, or, with `trouble`, none
    is configured and none of those that are there can.
    """

    servers: tuple[AvailableServer, ...]
    away: tuple[UpstreamError, ...]
    missing: tuple[MissingModel, ...]
    rows: tuple[Row, ...]
    aliases: tuple[Alias, ...]
    default: str | None
    trouble: str | None = None

    def is_default(self, row: Row) -> bool:
        """Tell whether a model is the one that answers for `claude-*`."""
        return self.default is not None and full_name(self.default) == full_name(row.name)


def upstream(settings: Settings) -> ConfiguredUpstream:
    """Return the configured server, as the proxy asks it."""
    return configured(settings)


async def survey(settings: Settings, tests: PastTests | None = None) -> Survey:
    """Return what the configured upstreams have, and what these settings make of it.

    `tests` decide the choice of a default model.

    Raises:
        UpstreamError: none of them can be asked; this is the error of the default model's one.

    """
    async with all_configured(settings) as upstreams:
        return await _survey(settings, upstreams, tests)


async def pulled(settings: Settings) -> list[ModelCard]:
    """Return the models on the disk of the configured Ollama.

    Raises:
        UpstreamError: it cannot be asked.

    """
    async with upstream(settings) as ollama:
        return await ollama.models()


async def find(
    settings: Settings, name: str, tests: PastTests | None = None
) -> tuple[Target, list[ModelCard]]:
    """Return the model that answers for a name or an alias, and those on the disk.

    Raises:
        ApiError: no model is configured and none that can use tools is pulled.
        UpstreamError: Ollama cannot be asked, or does not have the model.

    """
    async with all_configured(settings) as upstreams:
        target = await Models(settings, upstreams, tests).target(name)
        return target, await upstreams.named(target.upstream).models()


async def _survey(settings: Settings, upstreams: Upstreams, tests: PastTests | None) -> Survey:
    models = Models(settings, upstreams, tests)
    main = models.upstream_for(ANY_CLAUDE)
    servers: dict[str, AvailableServer] = {}
    away: dict[str, UpstreamError] = {}
    on_disk: list[ModelCard] = []
    loaded: dict[str, LoadedModel] = {}
    for one in upstreams:
        try:
            version = await one.version()
            cards, in_memory = await one.models(), await one.loaded()
        except UpstreamError as error:
            away[one.name] = error
            continue
        servers[one.name] = AvailableServer(one.title, one.shown_url, version)
        for model in cards:
            name = upstreams.listed(one, model.name)
            on_disk.append(msgspec.structs.replace(model, name=name))
        loaded |= {full_name(upstreams.listed(one, model.name)): model for model in in_memory}
    if not servers:
        raise away[main.name]
    rows = [await _row(models, model, loaded.get(full_name(model.name))) for model in on_disk]
    names = {full_name(model.name) for model in on_disk}
    aliases = tuple(
        Alias(name, model, _has(upstreams, away, names, model))
        for name, model in settings.aliases.items()
    )
    in_vain = dict.fromkeys(alias.model for alias in aliases if alias.pulled is False)
    default, trouble = await _default(models, upstreams)
    return Survey(
        servers=tuple(sorted(servers.values(), key=lambda one: one.title != main.title)),
        away=tuple(away.values()),
        missing=tuple(_missing(upstreams, model) for model in in_vain),
        rows=tuple(rows),
        aliases=aliases,
        default=default,
        trouble=trouble,
    )


def _has(
    upstreams: Upstreams, away: Mapping[str, UpstreamError], names: Container[str], model: str
) -> bool | None:
    upstream, name = upstreams.pick(model)
    return None if upstream.name in away else full_name(upstreams.listed(upstream, name)) in names


def _missing(upstreams: Upstreams, model: str) -> MissingModel:
    upstream, name = upstreams.pick(model)
    return MissingModel(upstream.title, name, upstream.kind == "ollama")


async def _row(models: Models, pulled: ModelCard, loaded: LoadedModel | None) -> Row:
    try:
        return Row(pulled, await models.named(pulled.name), loaded)
    except UpstreamRefusedError as error:  # one that is broken must not hide the others
        return Row(pulled, None, loaded, error.message)


async def _default(models: Models, upstreams: Upstreams) -> tuple[str | None, str | None]:
    try:
        target = await models.target(ANY_CLAUDE)
        return upstreams.listed(upstreams.named(target.upstream), target.model.name), None
    except UpstreamError:
        return None, None  # its alias, its row, or that its upstream is away tells why
    except ApiError as error:
        return None, error.message
