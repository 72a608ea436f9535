"""What was promised, and whether the figures keep it."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.speed.contenders import DIRECT, OURS, RELAY
from bench.speed.phases import LENGTHS, MANY_STREAMS, SIZES_MB, STREAMS
from bench.speed.sheet import Sheet

# What the slope at the largest may be over that at the smallest and still count as linear.
_LINEAR = 1.25
# What memory may have grown by and still count as flat: the allocator's own ups and downs.
_FLAT_MB = 2.0
# What it may cost that somebody looks.
_WATCHED = 1.05


@dataclass(frozen=True)
class Target:
    """A figure that may be at most `limit`; None when it was not measured."""

    title: str
    value: float | None
    limit: float
    form: str = ".2f"
    unit: str = "x"

    def row(self) -> list[str]:
        """Return title, figure and verdict."""
        title = f"{self.title}: at most {self.limit:g}{self.unit}"
        if self.value is None:
            return [title, "-", "not measured"]
        verdict = "met" if self.value <= self.limit else "**missed**"
        return [title, f"{self.value:{self.form}}{self.unit}", verdict]


def verdicts(sheet: Sheet) -> list[list[str]]:
    """Return a row for each target."""
    return [target.row() for target in _targets(sheet)]


def _targets(sheet: Sheet) -> Iterator[Target]:
    for size, key, limit in (("100 KB", "small", 5), ("2 MB", "large", 6)):
        for session, what in (("", key), (", a new session", f"{key}_new")):
            title = f"added time to first token, {size}{session}"
            yield Target(title, _added_ratio(sheet, f"ttft_{what}"), limit)
    yield Target("CPU per chunk, one fast stream", _ratio(sheet, "stream_cpu"), 3)
    yield Target(f"CPU, {STREAMS} paced streams", _ratio(sheet, f"paced{STREAMS}_cpu"), 1.4)
    for key, what in (("ttft", "first token, 100 KB"), ("cpu_streams", f"CPU, {STREAMS} streams")):
        title = f"{what}, top and ui open over closed"
        yield Target(title, _open_over_closed(sheet, key), _WATCHED)
    for streams, late in ((STREAMS, 50), (MANY_STREAMS, 250)):
        latest = sheet.most(OURS, f"paced{streams}_max")
        yield Target(f"{streams} paced streams, latest chunk", latest, late, ".1f", " ms")
    yield Target("memory after start", sheet.median(OURS, "rss_start"), 60, ".1f", " MB")
    idle = sheet.median(OURS, "idle_plain_kb")
    yield Target("memory for each idle stream", idle, 60, ".1f", " KB")
    idle = sheet.median(OURS, "idle_small_kb")
    yield Target("memory for each idle stream of 100 KB", idle, 60, ".1f", " KB")
    yield Target("start", _ratio(sheet, "start_s"), 2)
    installed = sheet.median(OURS, "installed_bare_mb")
    yield Target("installed, without byte code", installed, 16, ".1f", " MB")
    yield Target("packages", sheet.median(OURS, "packages"), 16, ".0f", "")
    slope = _slope(sheet, "mb", SIZES_MB)
    yield Target(f"CPU a MB, {SIZES_MB[-1]} MB over {SIZES_MB[1]} MB", slope, _LINEAR)
    slope = _slope(sheet, "messages", LENGTHS)
    yield Target(f"CPU a message, {LENGTHS[-1]:,} over {LENGTHS[1]}", slope, _LINEAR)
    growth = sheet.median(OURS, "soak_late_growth")
    yield Target(
        "memory over 100,000 requests, growth in the second half", growth, _FLAT_MB, ".1f", " MB"
    )


def _open_over_closed(sheet: Sheet, what: str) -> float | None:
    is_open, closed = (sheet.median(OURS, f"{key}_{what}") for key in ("open", "closed"))
    return is_open / closed if is_open is not None and closed else None


def _ratio(sheet: Sheet, what: str) -> float | None:
    one, other = sheet.median(OURS, what), sheet.median(RELAY, what)
    return None if one is None or not other else one / other


def _added_ratio(sheet: Sheet, what: str) -> float | None:
    one, other = sheet.above(OURS, DIRECT, what), sheet.above(RELAY, DIRECT, what)
    return None if one is None or not other else one / other


def _slope(sheet: Sheet, key: str, sizes: tuple[int, ...]) -> float | None:
    """Return what one more costs at the end over what one costs at the second size.

    The first one is mostly what every request costs.
    """
    last, second = (sheet.median(OURS, f"cpu_{key}{size}") for size in (sizes[-1], sizes[1]))
    if last is None or not second:
        return None
    return (last / sizes[-1]) / (second / sizes[1])
