"""Fallbacks that end where they began: a failed request would go round for ever."""

from collections.abc import Iterator, Mapping

from cc_proxy.app.config.errors import Problem
from cc_proxy.app.config.settings import Settings

_OLLAMA = "ollama"
_LATEST = ":latest"


def circles(settings: Settings, origins: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each circle, at the entry with which it closes.

    `origins` has where each setting came from.
    """
    first = next(iter(settings.upstreams), _OLLAMA)
    following = {_plain(model, first): (model, other) for model, other in settings.fallback.items()}
    reported: set[str] = set()
    for start in following:
        passed = [start]
        while (entry := following.get(passed[-1])) is not None:
            model, other = entry
            name = _plain(other, first)
            if name in reported:
                break
            if name in passed:
                reported.update(passed)
                setting = f"fallback.{model}"
                yield Problem(
                    where=f"{setting} ({origins[setting]})",
                    what="the fallbacks go round in a circle",
                    expected="a model that has no part in the chain",
                    found=" -> ".join([*passed[passed.index(name) :], name]),
                    fix="remove one of them",
                )
                break
            passed.append(name)


def _plain(model: str, first: str) -> str:
    """Return one spelling for all names of a model, as chat/model_names.py has it."""
    name = model.removeprefix(f"{first}/").lower().removeprefix("library/")
    return name if ":" in name.rsplit("/", 1)[-1] else name + _LATEST
