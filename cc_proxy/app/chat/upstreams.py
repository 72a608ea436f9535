"""The upstreams of a configuration, and the one that a model's name points to."""

from collections.abc import Iterator

from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.config import Settings

_BETWEEN = "/"


class Upstreams:
    """All upstreams, by name; the first one has every model whose name names no upstream."""

    def __init__(self, first: Upstream, *others: Upstream) -> None:
        self.first = first
        self._by_name = {one.name: one for one in (first, *others)}

    def __iter__(self) -> Iterator[Upstream]:
        """Yield each of them, in the order of the configuration."""
        return iter(self._by_name.values())

    def pick(self, model: str) -> tuple[Upstream, str]:
        """Return the upstream of a model, and the model's name there.

        `UPSTREAM/MODEL` names both. With Ollama alone nothing is taken off: its names have slashes
        too.
        """
        name, _, rest = model.partition(_BETWEEN)
        is_ollama_alone = len(self._by_name) == 1 and self.first.kind == "ollama"
        if rest and name in self._by_name and not is_ollama_alone:
            return self._by_name[name], rest
        return self.first, model

    def named(self, name: str) -> Upstream:
        """Return the upstream of this name; the first one where nothing has it."""
        return self._by_name.get(name, self.first)

    def listed(self, upstream: Upstream, model: str) -> str:
        """Return the name by which `pick` finds a model again."""
        return model if upstream is self.first else f"{upstream.name}{_BETWEEN}{model}"

    def use(self, settings: Settings) -> None:
        """Use these settings from the next request on; running answers keep their own."""
        for one in self:
            one.use(settings)
