"""The figures as a picture: how many times the relay's each contender takes."""

from pathlib import Path

from matplotlib.figure import Figure

from bench.speed.contenders import DIRECT, RELAY
from bench.speed.phases import MANY_STREAMS, STREAMS, Bench
from bench.speed.sheet import Sheet

# What, whether it is counted above the direct way, and what was promised (times the relay's).
_ROWS: tuple[tuple[str, str, bool, float | None], ...] = (
    ("first token, 100 KB", "ttft_small", True, 5),
    ("first token, 100 KB, new session", "ttft_small_new", True, 5),
    ("first token, 2 MB", "ttft_large", True, 6),
    ("first token, 2 MB, new session", "ttft_large_new", True, 6),
    ("CPU, one fast stream", "stream_cpu", False, 3),
    (f"CPU, {STREAMS} paced streams", f"paced{STREAMS}_cpu", False, 1.4),
    (f"CPU, {MANY_STREAMS} paced streams", f"paced{MANY_STREAMS}_cpu", False, None),
    ("memory after start", "rss_start", False, None),
    ("memory after load", "rss_load", False, None),
    ("start", "start_s", False, 2),
)
_COLOURS = ("#2a6f97", "#bc6c25", "#6a994e")


def draw(measured: Bench, path: Path) -> None:
    """Write the picture as PNG."""
    sheet = measured.sheet
    names = [contender.name for contender in measured.others if contender.name != RELAY]
    rows = [row for row in _ROWS if _value(sheet, RELAY, row)]
    figure = Figure(figsize=(8, 0.8 + 0.25 * len(rows) * (len(names) + 1)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        ratios = [_ratio(sheet, name, row) for row in rows]
        places = [place + number * height for place in range(len(rows))]
        bars = axes.barh(places, ratios, height, label=name, color=_COLOURS[number])
        axes.bar_label(bars, [f"{ratio:.1f}" for ratio in ratios], padding=2, fontsize=7)
    for place, row in enumerate(rows):
        if row[3] is not None:
            ends = (place - height / 2, place - height / 2 + 0.8)
            axes.vlines(row[3], *ends, color="black", linewidth=1.5)
    middle = (0.8 - height) / 2
    axes.set_yticks([place + middle for place in range(len(rows))], [row[0] for row in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.08)
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xlabel("times what a relay takes that only copies bytes (black: the target)")
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=100)


def _value(sheet: Sheet, name: str, row: tuple[str, str, bool, float | None]) -> float | None:
    _, what, added, _ = row
    return sheet.above(name, DIRECT, what) if added else sheet.median(name, what)


def _ratio(sheet: Sheet, name: str, row: tuple[str, str, bool, float | None]) -> float:
    one, base = _value(sheet, name, row), _value(sheet, RELAY, row)
    return max(one / base, 0.01) if one and base else 0.01
