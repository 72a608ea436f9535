"""Facts about each model, in a JSON file for each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from cc_proxy.app.gateway.storage.kept_file import KeptFile

_VERSION = 1

KnownModel = TypeVar("KnownModel")


class _Kept(msgspec.Struct, Generic[KnownModel]):
    version: int
    models: dict[str, KnownModel]


class KeptModels(Generic[KnownModel]):
    """A `kind` of thing for each of the `most` models used last; without a path nothing is kept.

    `what` names the file in the log, `and_now` says what becomes of one that cannot be read.
    """

    def __init__(  # noqa: PLR0913 - what makes one such file another than the next
        self,
        path: Path | None,
        kind: type[KnownModel],
        *,
        what: str,
        and_now: str,
        most: int,
        most_bytes: int,
    ) -> None:
        self._file = KeptFile(path, what, most_bytes)
        self._decoder = msgspec.json.Decoder(_Kept[kind])  # type: ignore[valid-type]
        self._and_now = and_now
        self._most = most
        self._most_bytes = most_bytes

    def load(self) -> dict[str, KnownModel]:
        """Return what was kept; a file that cannot be read is put aside, and nothing returned."""
        body = self._file.read()
        if body is None:
            return {}
        try:
            kept = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._file.put_aside(str(error), self._and_now)
            return {}
        if kept.version != _VERSION:
            reason = f"expected version {_VERSION}, found {kept.version}"
            self._file.put_aside(reason, self._and_now)
            return {}
        return kept.models

    def save(self, models: Mapping[str, KnownModel]) -> None:
        """Write the file anew; the models used last come last."""
        latest = list(models.items())[-self._most :]
        body = _encoded(latest)
        # More than that would not be read again.
        while len(body) > self._most_bytes:
            del latest[0]
            body = _encoded(latest)
        self._file.write(body)


def _encoded(models: list[tuple[str, KnownModel]]) -> bytes:
    return msgspec.json.encode(_Kept(_VERSION, dict(models)))
