"""A client of `GET /v1/models`: the names that can be asked for."""

import time
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import quote

import msgspec

from cc_proxy.app.control.http_exchange import exchange

_LIMIT = 1000
_Answer = TypeVar("_Answer")


class ListedModel(msgspec.Struct, frozen=True):
    """A name that can be asked for; `max_input_tokens` is its window, 0 where it is not known."""

    id: str
    description: str = ""
    upstream_capabilities: list[str] | None = None
    max_input_tokens: int = 0

    @property
    def can_use_tools(self) -> bool:
        """Tell whether Claude Code can work with it, as far as that is known."""
        return self.upstream_capabilities is None or "tools" in self.upstream_capabilities


class _Page(msgspec.Struct, frozen=True):
    data: list[ListedModel]


def models(host: str, port: int, key: str, *, seconds: float) -> list[ListedModel]:
    """Return the models that can use tools, with their windows as far as there is time.

    A window is a question of its own to the proxy, and from there to Ollama: after `seconds` the
    others go without. The list is empty where the proxy cannot say.
    """
    deadline = time.monotonic() + seconds
    page = _ask(host, port, f"/v1/models?limit={_LIMIT}", key, seconds, _Page)
    usable = [model for model in page.data if model.can_use_tools] if page else []
    return [_with_window(model, host, port, key, deadline) for model in usable]


def _with_window(
    model: ListedModel, host: str, port: int, key: str, deadline: float
) -> ListedModel:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        return model
    target = f"/v1/models/{quote(model.id, safe='')}"
    known = _ask(host, port, target, key, seconds, ListedModel)
    window = known.max_input_tokens if known else 0
    return msgspec.structs.replace(model, max_input_tokens=window)


def _ask(  # noqa: PLR0913, PLR0917 - one address, and what is asked there
    host: str, port: int, target: str, key: str, seconds: float, kind: type[_Answer]
) -> _Answer | None:
    try:
        _, body = exchange(host, port, target, key=key, timeout_seconds=seconds)
        return msgspec.json.decode(body, type=kind)
    except (OSError, HTTPException, msgspec.DecodeError):  # busy, or the model is gone
        return None
