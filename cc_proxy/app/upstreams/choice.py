"""The upstreams that the user has configured."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from cc_proxy.app.chat.host_group import HostGroup
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings, UpstreamSettings
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream

ConfiguredUpstream = OllamaUpstream | OpenAIUpstream | HostGroup
_OLLAMA = "ollama/"
# With other hosts there is no reason to wait for one as long as for the only one.
_HOST_CONNECT_SECONDS = 10.0


def configured(settings: Settings) -> ConfiguredUpstream:
    """Return the first server in the section `upstreams`; without one, Ollama."""
    for name, upstream in settings.upstreams.items():
        return _upstream(name, upstream)
    return OllamaUpstream.configured(settings)


@asynccontextmanager
async def all_configured(settings: Settings) -> AsyncIterator[Upstreams]:
    """Give each server that the settings name, the first one first, ready to be asked.

    Beside the servers in the section `upstreams`, Ollama is one of them if its address was set, or
    a model is named that it should have.
    """
    async with AsyncExitStack() as stack:
        first = configured(settings)
        others: list[ConfiguredUpstream] = [
            _upstream(name, upstream)
            for name, upstream in settings.upstreams.items()
            if name != first.name
        ]
        if settings.upstreams and _names_ollama(settings):
            others.append(OllamaUpstream.configured(settings))
        for one in (first, *others):
            await stack.enter_async_context(one)
        yield Upstreams(first, *others)


def _upstream(name: str, settings: UpstreamSettings) -> ConfiguredUpstream:
    return HostGroup(name, settings, _host) if settings.urls else _one(name, settings)


def _one(name: str, settings: UpstreamSettings) -> OllamaUpstream | OpenAIUpstream:
    if settings.kind == "ollama":
        return OllamaUpstream.named(name, settings)
    return OpenAIUpstream(name, settings)


def _host(name: str, settings: UpstreamSettings, url: str) -> OllamaUpstream | OpenAIUpstream:
    host = _one(name, msgspec.structs.replace(settings, url=url))
    host.client.give_up_early(_HOST_CONNECT_SECONDS)
    return host


def _names_ollama(settings: Settings) -> bool:
    is_set = settings.ollama.base_url != Ollama().base_url
    return is_set or any(name.startswith(_OLLAMA) for name in _models(settings))


def _models(settings: Settings) -> Iterator[str]:
    yield from settings.aliases.values()
    yield from (*settings.fallback, *settings.fallback.values())
    classes = msgspec.structs.astuple(settings.request_classes)
    yield from filter(None, (*classes, settings.vision_model))
