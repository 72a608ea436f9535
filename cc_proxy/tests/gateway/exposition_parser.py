"""A parser of Prometheus' text format 0.0.4 that accepts nothing but what its grammar says."""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HEAD = re.compile(rf"# (HELP|TYPE) ({NAME}) (\S.*)")
_SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_SUFFIXES = ("_bucket", "_sum", "_count")
Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    kind: str
    help: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def value(self, name: str, **labels: str) -> float:
        return self.samples[name, tuple(sorted(labels.items()))]


def parse(text: str) -> dict[str, Family]:
    """Return the families; every rule of the format that is broken is an AssertionError."""
    assert text.endswith("\n"), "the last line must end with a line feed"
    families: dict[str, Family] = {}
    helps: dict[str, str] = {}
    current = ""
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            head = _HEAD.fullmatch(line)
            assert head, f"neither HELP nor TYPE: {line!r}"
            what, name, rest = head.groups()
            if what == "HELP":
                assert name not in helps, f"two HELP lines for {name}"
                helps[name] = rest
                continue
            assert rest in {"counter", "gauge", "histogram"}, line
            assert name in helps, f"a TYPE line without HELP: {line!r}"
            assert name not in families, f"two TYPE lines for {name}"
            families[name] = Family(rest, helps[name])
            current = name
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, f"not a sample: {line!r}"
        name, labels, value = sample.groups()
        family = families[current]
        allowed = {current + suffix for suffix in _SUFFIXES}
        assert name in (allowed if family.kind == "histogram" else {current}), line
        key = (name, _labels(labels))
        assert key not in family.samples, f"twice: {line!r}"
        family.samples[key] = float(value)
    for name, family in families.items():
        _check(name, family)
    return families


def _labels(text: str | None) -> Labels:
    found: list[tuple[str, str]] = []
    place = 0
    while text and place < len(text):
        label = _LABEL.match(text, place)
        assert label, f"not labels: {text!r}"
        unescaped = re.sub(r"\\(.)", lambda one: "\n" if one[1] == "n" else one[1], label[2])
        found.append((label[1], unescaped))
        place = label.end()
    assert len({name for name, _ in found}) == len(found), text
    return tuple(sorted(found))


def _check(name: str, family: Family) -> None:
    if family.kind == "counter":
        assert name.endswith("_total"), f"a counter's name ends with _total: {name}"
        assert all(value >= 0 for value in family.samples.values())
    if family.kind != "histogram":
        return
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (sample, labels), value in family.samples.items():
        if sample == name + "_bucket":
            bound = float(dict(labels)["le"])
            rest = tuple(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((bound, value))
    for rest, buckets in series.items():
        bounds, counts = zip(*buckets, strict=True)
        assert list(bounds) == sorted(bounds), name
        assert list(counts) == sorted(counts), f"{name}: buckets are cumulative"
        assert bounds[-1] == float("inf"), name
        assert family.samples[name + "_count", rest] == counts[-1], name
        assert (name + "_sum", rest) in family.samples, name
