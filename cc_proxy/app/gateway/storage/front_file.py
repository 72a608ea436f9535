"""The fronts of the latest sessions in a file, so that the first one after a restart has one."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cc_proxy.app.gateway.storage.background import Background
from cc_proxy.app.gateway.storage.kept_models import KeptModels
from cc_proxy.app.translate.prompt.session_prefix import SessionPrefix

_MOST_BYTES = 16 * 1024 * 1024
# Up to eight fronts of about 60 KB each.
_MOST_MODELS = 16


class FrontFile:
    """Keeps the fronts of each model; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._file = KeptModels(
            path,
            list[SessionPrefix],
            what="fronts",
            and_now="nothing is read ahead before the next session",
            most=_MOST_MODELS,
            most_bytes=_MOST_BYTES,
        )
        self._kept = path is not None
        self._latest: dict[str, list[SessionPrefix]] | None = None
        self._writer = Background(self._next)

    def load(self) -> dict[str, list[SessionPrefix]]:
        """Return what was kept; a file that cannot be read is put aside, and nothing returned."""
        return self._file.load()

    def save(self, fronts: dict[str, list[SessionPrefix]]) -> None:
        """Have the file written anew in the background; the models used last come last."""
        if self._kept:
            self._latest = dict(fronts)
            self._writer.more()

    async def close(self) -> None:
        """Return once all is written."""
        await self._writer.close()

    def _next(self) -> Callable[[], None] | None:
        latest, self._latest = self._latest, None
        return None if latest is None else partial(self._file.save, latest)
