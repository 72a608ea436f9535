"""Slips in an upstream as a whole: keys that do not go together, and hosts that are not there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cc_proxy.app.redaction import without_user_info


@dataclass(frozen=True)
class KeySlip:
    """A slip in a mapping. `key` is where it is, `` for the mapping itself."""

    what: str
    key: str = ""
    expected: str | None = None
    found: str | None = None
    fix: str | None = None


# Takes a mapping's keys that the file has, each with its value, None where that is refused.
Check = Callable[[Mapping[str, object]], Iterator[KeySlip]]

_DEFAULT_KIND = "openai"
_OF_ONE_KIND = {
    "keep_alive": "ollama",
    "reasoning": "openai",
    "models": "openai",
    "extra_body": "openai",
    "save_slots": "openai",
}
_OF_HOSTS = ("drain", "affinity")


def exactly_one(*keys: str) -> Check:
    """Return the check for a mapping that must have one of these keys."""

    def check(given: Mapping[str, object]) -> Iterator[KeySlip]:
        found = [key for key in given if key in keys]
        wanted = " or ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))
        if not found:
            fix = "add one of them" if len(keys) > 1 else "add it"
            yield KeySlip(f"has no {keys[0]}", expected=wanted, found="none", fix=fix)
        elif len(found) > 1:
            both = " and ".join(found)
            yield KeySlip(f"has {both}", expected=f"only one: {wanted}", found=both, fix="keep one")

    return check


def without_meaning(upstream: Mapping[str, object]) -> list[str]:
    """Return the keys of an upstream with all its keys that it could not have in a file."""
    keys = [key for key, kind in _OF_ONE_KIND.items() if upstream["kind"] != kind]
    if upstream["urls"]:
        return [*keys, "url"]
    return [*keys, "urls", *(key for key in _OF_HOSTS if not isinstance(upstream[key], Mapping))]


def slips(given: Mapping[str, object]) -> Iterator[KeySlip]:
    """Yield what is wrong with an upstream whose keys have these values."""
    if "url" in given and "urls" in given:
        yield KeySlip(
            "has both url and urls",
            "urls",
            expected="url for one address, urls for several hosts",
            found="both",
            fix="keep one",
        )
    elif "url" not in given and "urls" not in given:
        yield KeySlip(
            "has no url",
            expected="url for one address, or urls for several hosts",
            found="neither",
            fix="add one of them",
        )
    kind = given.get("kind", _DEFAULT_KIND)
    for key, of_kind in _OF_ONE_KIND.items():
        if key in given and kind not in (of_kind, None):
            yield KeySlip(f"cannot have {key}", key, f"kind: {of_kind}", f"kind: {kind}")
    if "urls" in given:
        yield from _hosts(given)
    else:
        for key in _OF_HOSTS:
            if given.get(key) is not None and not isinstance(given[key], Mapping):
                yield KeySlip(f"cannot have {key}", key, "urls with it", "one url")
    if isinstance(given.get("affinity"), Mapping) and kind == "ollama":
        yield KeySlip(
            "cannot have affinity by a header", "affinity", "kind: openai", "kind: ollama"
        )


def _hosts(given: Mapping[str, object]) -> Iterator[KeySlip]:
    hosts, drained = given["urls"], given.get("drain", ())
    if not isinstance(hosts, tuple) or not isinstance(drained, tuple):
        return
    if not hosts:
        yield KeySlip("has no host", "urls", expected="one address or more", found="none")
    elif len(set(hosts)) < len(hosts):
        twice = next(host for host in hosts if hosts.count(host) > 1)
        yield KeySlip(
            "has a host twice",
            "urls",
            expected="each address once",
            found=f"{without_user_info(str(twice))} twice",
            fix="keep one",
        )
    if strangers := sorted(set(drained) - set(hosts)):
        yield KeySlip(
            "drains a host that it does not have",
            "drain",
            expected="addresses that urls has",
            found=without_user_info(str(strangers[0])),
        )
    elif hosts and set(hosts) <= set(drained):
        yield KeySlip(
            "drains every host",
            "drain",
            expected="fewer addresses than urls has",
            found="all of them",
            fix="keep one for new sessions",
        )
