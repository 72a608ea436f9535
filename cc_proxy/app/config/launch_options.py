"""The flags with which a proxy is started, on their way from the command to the process.

A new one has its field here, its option in `cli/start.py` and, if `restart` keeps it, its field in
`daemon/process/state.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Self

import msgspec

from cc_proxy.app.config.settings import Settings
from cc_proxy.app.config.validation.schema import KeyPath

_KEYS: dict[str, KeyPath] = {
    "host": ("server", "host"),
    "port": ("server", "port"),
    "log_level": ("logging", "level"),
    "log_format": ("logging", "format"),
}


class LaunchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The flags of `start` and `restart` that set a value; None is a flag that was not given.

    The values are not checked yet: `load` does that.
    """

    host: str | None = None
    port: int | None = None
    log_level: str | None = None
    log_format: str | None = None

    @classmethod
    def of_arguments(cls, arguments: Mapping[str, str]) -> Self:
        """Return what `arguments` gives back; other flags in the mapping are not looked at."""
        found = {name: arguments.get(flag) for name, flag in _FLAGS.items()}
        return msgspec.convert(found, cls, strict=False)

    @classmethod
    def of_settings(cls, settings: Settings, origins: Mapping[str, str], *kinds: str) -> Self:
        """Return the effective values whose origin is of one of `kinds` (`flag`, `environment`).

        `origins` are those of `LoadedConfig`.
        """
        return cls(
            **{
                name: getattr(getattr(settings, section), key)
                for name, (section, key) in _KEYS.items()
                if origins[f"{section}.{key}"].startswith(kinds)
            }
        )

    def filled_from(self, other: "LaunchOptions") -> "LaunchOptions":
        """Return these, with those of `other` for the ones that were not given."""
        given = {name: value for name, _, _, value in self._items()}
        return msgspec.structs.replace(other, **given)

    def given(self) -> Iterator[tuple[str, KeyPath, str]]:
        """Yield flag, dotted key's parts and text of each flag that was given."""
        for _, flag, key, value in self._items():
            yield flag, key, str(value)

    def arguments(self) -> list[str]:
        """Return the flags that were given, as arguments of a command."""
        return [part for flag, _, text in self.given() for part in (flag, text)]

    def _items(self) -> Iterator[tuple[str, str, KeyPath, object]]:
        for name, flag in _FLAGS.items():
            if (value := getattr(self, name)) is not None:
                yield name, flag, _KEYS[name], value


_FLAGS = {name: f"--{name.replace('_', '-')}" for name in _KEYS}
NO_OPTIONS = LaunchOptions()
