"""The models that answer while the servers of others fail, where the user has named them."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from cc_proxy.app.chat.errors import UpstreamError, is_of_server
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstreams import Upstreams

log = logging.getLogger(__name__)

Ask = Callable[[str], Awaitable[Target]]


class Fallbacks:
    """The section `fallback`, from the names of models to those of others; `ask` knows models."""

    def __init__(self, named: Mapping[str, str], upstreams: Upstreams, ask: Ask) -> None:
        self._upstreams = upstreams
        self._ask = ask
        self._named = {
            self._key(name): other.removeprefix(f"{upstreams.first.name}/")
            for name, other in named.items()
        }

    async def asked(self, name: str) -> Target:
        """Return the model of a name, or the next of its chain whose server can be asked.

        Raises:
            UpstreamError: that of the first, when none of them can.

        """
        current, failed = name, None
        while True:
            try:
                found = await self._ask(current)
            except UpstreamError as error:
                failed = failed or error
                other = self._named.get(self._key(current)) if is_of_server(error) else None
                if other is None:
                    raise failed from None
                log.warning("%s instead of %s: %s", other, current, error.log_text)
                current = other
            else:
                return found if failed is None else replace(found, instead_of=name)

    def has(self, target: Target) -> bool:
        """Tell whether another model may answer in the place of a target."""
        return bool(self._named) and self._key(self._name(target)) in self._named

    async def instead_of(self, target: Target) -> Target:
        """Return the model that answers when the server of a target, which `has` one, has failed.

        Raises:
            UpstreamError: no server of the rest of the chain can be asked.

        """
        name = self._name(target)
        found = await self.asked(self._named[self._key(name)])
        return replace(found, instead_of=target.instead_of or name)

    def _name(self, target: Target) -> str:
        return self._upstreams.listed(self._upstreams.named(target.upstream), target.model.name)

    def _key(self, name: str) -> str:
        first = self._upstreams.first.name
        upstream, model = self._upstreams.pick(name.removeprefix(f"{first}/"))
        return f"{upstream.name} {full_name(model)}"
