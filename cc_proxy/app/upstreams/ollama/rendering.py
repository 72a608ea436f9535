"""The prompt as the model's template makes it, which Ollama shows on request."""

import msgspec

from cc_proxy.app.upstreams.ollama.client import OllamaClient


class _Info(msgspec.Struct):
    rendered_template: str


class _Answer(msgspec.Struct):
    info: _Info | None = msgspec.field(default=None, name="_debug_info")


async def rendered_prompt(ollama: OllamaClient, body: bytes) -> str | None:
    """Return the prompt for a chat request, None where this Ollama does not show it.

    `body` should ask for one token: an Ollama that does not know the question answers it instead.

    Raises:
        UpstreamError: unreachable, refused, stalled, or not an answer of Ollama's.

    """
    asked = msgspec.json.decode(body) | {"stream": False, "_debug_render_only": True}
    return await ollama.ask("/api/chat", _read, asked)


def _read(answer: bytes) -> str | None:
    found = msgspec.json.decode(answer, type=_Answer)
    return found.info.rendered_template if found.info else None
