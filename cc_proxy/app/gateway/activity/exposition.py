"""The text format of Prometheus, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from cc_proxy.app.control_characters import escape_controls
from cc_proxy.app.gateway.activity.totals import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4"

Labels = Mapping[str, str]


def samples(
    name: str, kind: Literal["counter", "gauge"], text: str, values: Iterable[tuple[Labels, float]]
) -> Iterator[str]:
    """Yield the lines of a family of counters or gauges; `text` says what it counts."""
    yield from _head(name, kind, text)
    for labels, value in values:
        yield f"{name}{_labels(labels)} {_number(value)}"


def histograms(name: str, text: str, values: Iterable[tuple[Labels, Histogram]]) -> Iterator[str]:
    """Yield the lines of a family of histograms."""
    yield from _head(name, "histogram", text)
    for labels, histogram in values:
        reached = 0
        bounds = [*map(_number, histogram.bounds), "+Inf"]
        for bound, count in zip(bounds, histogram.counts, strict=True):
            reached += count
            yield f"{name}_bucket{_labels({**labels, 'le': bound})} {reached}"
        yield f"{name}_sum{_labels(labels)} {_number(histogram.sum)}"
        yield f"{name}_count{_labels(labels)} {reached}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {escaped}"
    yield f"# TYPE {name} {kind}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    # The format knows no other escapes, and a terminal may show it.
    value = escape_controls(value)
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
