"""`python -m tools.figures`: the drawings of the documentation, with the figures of the benchmarks.

Each drawing has a dark card of its own, so that it looks the same on a light and on a dark page.
"""

import re
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path

from tools.screens import ASSETS, ROOT

_RESULTS = ROOT / "bench/prefill/RESULTS.md"
_WIDTH = 760
_PAPER, _INK, _FAINT = "#15171c", "#e4e7ec", "#9aa3b2"
_GOOD, _BAD, _SPARE = "#4fb286", "#e06c75", "#3a404c"

# (what a bar is of; the row in RESULTS.md: its client, thinking, and session)
_STEPS = (
    ("A session of 27 tool turns", ("current", "no", "27 tool turns")),
    ("… with 6 resumes and 3 subagents", ("current", "no", "and 6 resumes, 3 subagents")),
    ("A second session in the folder", ("current", "no", "second session, same folder")),
    ("A session in another folder", ("current", "no", "session in another folder")),
)
# Claude Code's figures for a window of 65,536 tokens: docs/explanation/window.md says how.
_WINDOW = (
    (39_400, "conversation", "39,400 tokens, then Claude Code compacts", _GOOD),
    (13_000, "summary", "13,000 tokens", "#c9a24b"),
    (13_136, "answer", "13,107 tokens", "#5b8fd6"),
)


def reading(results: str) -> str:
    """Return the bars of what a model reads, with and without cc-proxy, from RESULTS.md.

    Raises:
        ValueError: a row is not there.

    """
    rows = [(title, *_read(results, row)) for title, row in _STEPS]
    longest = max(plain for _, _, plain in rows)
    parts = [_text(20, 30, "Tokens that the model reads", size=16, weight=600)]
    parts += [_swatch(20, 46, _GOOD, "cc-proxy"), _swatch(130, 46, _BAD, "Ollama's own endpoint")]
    y = 86
    for title, ours, plain in rows:
        parts.append(_text(20, y, title, fill=_FAINT))
        for number, colour, top in ((ours, _GOOD, y + 10), (plain, _BAD, y + 28)):
            wide = max(2, round(620 * number / longest))
            parts += [_box(20, top, wide, 14, colour)]
            parts += [_text(28 + wide, top + 12, f"{number:,}", size=12)]
        y += 68
    return _card("Tokens that the model reads, with and without cc-proxy", y - 14, parts)


def window() -> str:
    """Return the bar of a window of 65,536 tokens, and the point where Claude Code compacts."""
    whole, wide = sum(part[0] for part in _WINDOW), _WIDTH - 40
    parts = [_text(20, 30, "A window of 65,536 tokens", size=16, weight=600)]
    x = 20.0
    for tokens, name, label, colour in _WINDOW:
        part = wide * tokens / whole
        parts.append(_box(x, 50, part - 2, 34, colour))
        parts.append(_text(x + 8, 72, name, fill=_PAPER, weight=600))
        parts.append(_text(x, 104, label, size=12, fill=_FAINT))
        x += part
    return _card("How Claude Code divides a window of 65,536 tokens", 122, parts)


def placements() -> str:
    """Return the three placements of Claude Code, cc-proxy and Ollama."""
    rows = (
        ("On one machine", (("your machine", ("Claude Code", "cc-proxy", "Ollama")),)),
        (
            "Devcontainer",
            (("container", ("Claude Code", "cc-proxy")), ("host", ("Ollama",))),
        ),
        (
            "Containers",
            (
                ("container", ("Claude Code",)),
                ("container", ("cc-proxy",)),
                ("host or container", ("Ollama",)),
            ),
        ),
    )
    parts, y = [], 20
    for title, machines in rows:
        parts.append(_text(20, y + 40, title, weight=600))
        x, before = 170, 0
        for machine, programs in machines:
            wide = 176 * len(programs) - 18
            parts.append(
                f'<rect x="{x}" y="{y}" width="{wide}" height="70" rx="8" fill="none"'
                f' stroke="{_FAINT}" stroke-dasharray="4 4"/>'
            )
            parts.append(_text(x + 10, y + 16, machine, size=11, fill=_FAINT))
            for place, program in enumerate(programs):
                left = x + 14 + 176 * place
                ours = program == "cc-proxy"
                parts.append(_box(left, y + 26, 130, 32, _GOOD if ours else _SPARE))
                ink = _PAPER if ours else _INK
                parts.append(
                    _text(left + 65, y + 47, program, fill=ink, weight=600, anchor="middle")
                )
                if before:
                    parts.append(_arrow(before, left, y + 42))
                before = left + 130
            x += wide + 8
        y += 90
    return _card("Three ways to place Claude Code, cc-proxy and Ollama", y, parts)


FIGURES = ("reading", "window", "placements")


def draw(folder: Path) -> list[Path]:
    """Draw every figure into `folder` and return the files."""
    drawings = (reading(_RESULTS.read_text(encoding="utf-8")), window(), placements())
    made = []
    for name, drawing in zip(FIGURES, drawings, strict=True):
        path = folder / f"{name}.svg"
        path.write_text(drawing, encoding="utf-8")
        made.append(path)
    return made


def _read(results: str, row: tuple[str, ...]) -> tuple[int, int]:
    """Return the tokens read in a row of RESULTS.md: through cc-proxy, and plain."""
    mark = f"| {' | '.join(row)} |"
    for line in results.splitlines():
        if line.startswith(mark):
            cells = [cell.strip() for cell in line.removeprefix(mark).strip("| ").split("|")]
            whole = [int(cell.replace(",", "")) for cell in cells if re.fullmatch(r"[\d,]+", cell)]
            # requests (for a whole session), the length of the prompt, read, plain: read
            return (whole[-2], whole[-1])
    raise ValueError(f"expected a row {mark} in RESULTS.md, found none")


def _card(title: str, height: int, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>text { font-family: ui-sans-serif, system-ui, sans-serif; }</style>\n"
        f'<rect width="{_WIDTH}" height="{height}" rx="9" fill="{_PAPER}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _text(  # noqa: PLR0913 - the properties of a text
    x: float,
    y: float,
    text: str,
    *,
    size: int = 14,
    fill: str = _INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{fill}" font-weight="{weight}"'
        f' text-anchor="{anchor}">{escape(text)}</text>'
    )


def _box(x: float, y: float, wide: float, high: float, fill: str) -> str:
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="4"'
        f' fill="{fill}"/>'
    )


def _swatch(x: float, y: float, fill: str, text: str) -> str:
    return _box(x, y, 12, 12, fill) + _text(x + 18, y + 11, text, size=12, fill=_FAINT)


def _arrow(start: float, end: float, y: float) -> str:
    tip = f"{end - 3:.0f},{y} {end - 11:.0f},{y - 5} {end - 11:.0f},{y + 5}"
    return (
        f'<path d="M{start + 3:.0f} {y}H{end - 10:.0f}" stroke="{_FAINT}" stroke-width="2"/>'
        f'<polygon points="{tip}" fill="{_FAINT}"/>'
    )


if __name__ == "__main__":
    for drawn in draw(ASSETS):
        sys.stdout.write(f"{drawn.relative_to(ROOT)}\n")
