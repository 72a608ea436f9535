"""Fields of a request that mean nothing to a local model, named once for each client."""

import logging
from collections.abc import Mapping

from cc_proxy.app.anthropic.requests import unread_fields

log = logging.getLogger(__name__)

# Clients name themselves; a stream of made-up names must not fill the memory.
_MOST_CLIENTS = 200


class IgnoredFieldsLog:
    """Looks at the first request of each client: what one sends, it sends every time."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def note(self, headers: Mapping[str, str], body: bytes) -> None:
        """Name the fields of a client's first request that are not carried to Ollama."""
        client = headers.get("User-Agent", "a client without a name")
        if client in self._seen or len(self._seen) >= _MOST_CLIENTS:
            return
        self._seen.add(client)
        if unread := unread_fields(body):
            log.info("%s sends fields that are not used here: %s", client, ", ".join(unread))
