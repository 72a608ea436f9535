"""Reading the configuration again while answers run: what can change does, the rest is named."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping

import msgspec

from cc_proxy.app.config import (
    ConfigError,
    LoadedConfig,
    Settings,
    UpstreamSettings,
    settings_digest,
)
from cc_proxy.app.config.client_keys import is_in_its_file
from cc_proxy.app.config.file_form import file_key
from cc_proxy.app.config.layers import leaves
from cc_proxy.app.control.wire import LastReload

log = logging.getLogger(__name__)

# What is bound, what every client was told, and the files that are open stay as they are for as
# long as the process does.
_FIXED = ("host", "port", "auth_key", "keep_on_disk")


class Reloader:
    """Exchanges the configuration of one process.

    `load` reads it as the start did; `applied` is called with each new configuration.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        load: Callable[[], LoadedConfig],
        applied: Callable[[LoadedConfig], None],
    ) -> None:
        self.last: LastReload | None = None
        self._loaded = loaded
        self._load = load
        self._applied = [applied]

    def also(self, applied: Callable[[LoadedConfig], None]) -> None:
        """Call this one, too, with each new configuration."""
        self._applied.append(applied)

    def reload(self) -> LastReload:
        """Read the configuration again and go on with it; a broken one changes nothing."""
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        try:
            fresh = self._load()
        except ConfigError as error:
            log.error(  # noqa: TRY400 - the file is at fault, a traceback is noise
                "the configuration cannot be used and stays as it was: %s", error.details
            )
            text = " ".join((error.details, *self._revoked()))
            self.last = LastReload(at=at, status="failed", error=text)
            return self.last
        before = self._loaded.settings
        settings = _with_fixed(fresh.settings, before)
        changed = tuple(_differing(before, settings))
        needs_restart = tuple(_without_keys_of_new_servers(settings, fresh.settings))
        self._loaded = msgspec.structs.replace(
            fresh, settings=settings, digest=settings_digest(settings)
        )
        for applied in self._applied:
            applied(self._loaded)
        log.info(
            "configuration read again config=%s changed=%s",
            fresh.path or "built-in",
            ",".join(changed) or "nothing",
        )
        if needs_restart:
            log.warning("this only counts after a restart: %s", ", ".join(needs_restart))
        self.last = LastReload(at=at, status="ok", changed=changed, needs_restart=needs_restart)
        return self.last

    def _revoked(self) -> Iterator[str]:
        """Go on without the keys that are not in their files any more; yield what is said of it."""
        before = self._loaded.settings
        gone = [name for name, each in before.server.auth_keys.items() if not is_in_its_file(each)]
        if not gone:
            return
        keys = {name: each for name, each in before.server.auth_keys.items() if name not in gone}
        server = msgspec.structs.replace(before.server, auth_keys=keys)
        settings = msgspec.structs.replace(before, server=server)
        self._loaded = msgspec.structs.replace(
            self._loaded, settings=settings, digest=settings_digest(settings)
        )
        for applied in self._applied:
            applied(self._loaded)
        text = (
            f"Revoked, since they are not in their files any more: the keys of {', '.join(gone)}."
        )
        log.warning("%s", text)
        yield text


def _with_fixed(fresh: Settings, before: Settings) -> Settings:
    fixed = {name: getattr(before.server, name) for name in _FIXED}
    server = msgspec.structs.replace(fresh.server, **fixed)
    upstreams = fresh.upstreams
    if _shape(upstreams) != _shape(before.upstreams):
        # Each has connections and a queue from the start.
        upstreams = before.upstreams
    return msgspec.structs.replace(fresh, server=server, upstreams=upstreams)


def _shape(upstreams: Mapping[str, UpstreamSettings]) -> list[tuple[str, str, bool]]:
    """Return the names of upstreams, and what decides how each is asked."""
    return [(name, one.kind, bool(one.urls)) for name, one in upstreams.items()]


def _differing(one: Settings, other: Settings) -> Iterator[str]:
    left, right = _dotted(one), _dotted(other)
    yield from (key for key in left | right if left.get(key) != right.get(key))


def _without_keys_of_new_servers(one: Settings, other: Settings) -> Iterator[str]:
    """Yield what differs; a server that only one of them has is one entry, `upstreams.NAME`."""
    servers = dict.fromkeys((*one.upstreams, *other.upstreams))
    alone = [name for name in servers if (name in one.upstreams) != (name in other.upstreams)]
    yield from (f"upstreams.{name}" for name in alone)
    heads = tuple(f"upstreams.{name}." for name in alone)
    yield from (key for key in _differing(one, other) if not key.startswith(heads))


def _dotted(settings: Settings) -> dict[str, object]:
    found = leaves(msgspec.to_builtins(settings))
    # A mapping that becomes empty has lost its entries, each of which is named.
    return {file_key(".".join(path)): value for path, value in found if value != {}}
