"""The upstream that the user has configured."""

from cc_proxy.app.config import Settings
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream

ConfiguredUpstream = OllamaUpstream | OpenAIUpstream


def configured(settings: Settings) -> ConfiguredUpstream:
    """Return the server in the section `upstreams`; without one, that in the section `ollama`."""
    for name, upstream in settings.upstreams.items():
        return OpenAIUpstream(name, upstream)
    return OllamaUpstream.configured(settings)
