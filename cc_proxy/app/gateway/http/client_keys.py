"""The keys of a team: the name of whoever asks, and how many of their requests may run."""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cc_proxy.app.anthropic.errors import RETRY_AFTER_SECONDS, ApiError
from cc_proxy.app.config import ClientKey
from cc_proxy.app.control.wire import KeyUse


@dataclass(slots=True)
class _Use:
    """The requests to the model under one name since the start."""

    in_flight: int = 0
    requests: int = 0
    refused: int = 0
    last: dt.datetime | None = None


class ClientKeys:
    """Knows each key by its SHA-256, and counts its requests by its name."""

    def __init__(self, keys: Mapping[str, ClientKey]) -> None:
        self._keys = keys
        self._digests: list[tuple[bytes, str]] = []
        self._uses: dict[str, _Use] = {}
        self.use(keys)

    def use(self, keys: Mapping[str, ClientKey]) -> None:
        """Go on with other keys; a name that stays keeps its counts."""
        self._keys = keys
        self._digests = [(each.digest, name) for name, each in keys.items()]
        # A request that runs under a name that is gone has its own hold on the counts.
        self._uses = {name: self._uses.get(name) or _Use() for name in keys}

    def name_of(self, offered: bytes) -> str | None:
        """Return the name of a key, None if there is no such key.

        The time that it takes says nothing of how near a wrong key is.
        """
        if not self._digests:
            return None
        digest = hashlib.sha256(offered).digest()
        found = None
        for known, name in self._digests:
            if hmac.compare_digest(known, digest):
                found = name
        return found

    @contextmanager
    def admitted(self, name: str) -> Iterator[None]:
        """Let a request to the model run under a name; "" is the proxy's own key, without limit.

        Raises:
            ApiError: 429, as many as this name may have at once run already.

        """
        use = self._uses.get(name)
        if use is None:
            yield
            return
        limit = self._keys[name].max_in_flight
        use.last = dt.datetime.now(dt.UTC)
        if limit is not None and use.in_flight >= limit:
            use.refused += 1
            raise ApiError(
                429,
                "rate_limit_error",
                f"The key of {name} is at its limit: {use.in_flight} of {limit} requests in flight"
                f" (server.auth_keys.{name}.max_in_flight). Try again when an answer has ended.",
                retry=True,
                retry_after=RETRY_AFTER_SECONDS,
            )
        use.in_flight += 1
        use.requests += 1
        try:
            yield
        finally:
            use.in_flight -= 1

    def uses(self, only: str = "") -> tuple[KeyUse, ...]:
        """Return the use of each key in the order of the configuration, or of one name."""
        return tuple(
            KeyUse(
                name=name,
                in_flight=use.in_flight,
                max_in_flight=self._keys[name].max_in_flight,
                requests=use.requests,
                refused=use.refused,
                last_used=use.last.isoformat(timespec="seconds") if use.last else None,
            )
            for name, use in self._uses.items()
            if only in ("", name)
        )
