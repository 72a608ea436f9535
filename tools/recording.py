"""`python -m tools.recording`: a recorded session for README and documentation, as a moving SVG.

The real Claude Code works in a pseudo-terminal, through cc-proxy, on a practice model that fixes a
small test. The screen is kept whenever it shows something new; the picture plays these frames. A
reader who wants no motion sees the last one.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from html import escape
from itertools import groupby, pairwise
from pathlib import Path

import pexpect
import pyte
from pyte.screens import Char

from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.app.practice.server import PracticeServer
from release.commands import clean_environment
from tools.screens import ASSETS, CLAUDE, PROGRAM, ROOT

RECORDING = "session"
COLUMNS, ROWS = 96, 27
SECONDS = 120.0
PROMPT = "The test of slug() fails. Fix it."
ANSWER = "slug() kept the spaces. It joins the words with a dash now, and the test passes."
MODEL = "qwen3-coder:30b"
SPEED = PracticeSpeed(prefill_tokens_per_second=9_000.0, generate_tokens_per_second=80.0)
_CODE = "def slug(title):\n    return title.lower()\n"
_TEST = (
    "from slug import slug\n\nassert slug('Two Words') == 'two-words', slug('Two Words')\n"
    "print('1 passed')\n"
)
# The last frame stays for a while before the picture begins again.
_LAST_SECONDS = 5.0
_LONGEST_SECONDS = 1.6
_CELL, _LINE, _FONT = 8.4, 18, 14
_MARGIN, _BAR = 14, 30
_INK = "#d7dae0"
_PAPER = "#15171c"
_COLOURS = {
    "black": "#3b4048",
    "red": "#f07178",
    "green": "#8bd17c",
    "brown": "#e5c07b",
    "blue": "#6fb3f2",
    "magenta": "#c792ea",
    "cyan": "#64c8d0",
    "white": _INK,
}

Frame = tuple[str, ...]


def turns(project: Path) -> list[dict[str, object]]:
    """Return the turns of the model in the session, for files in `project`."""
    path = str(project / "slug.py")
    edit = {
        "file_path": path,
        "old_string": "title.lower()",
        "new_string": '"-".join(title.lower().split())',
    }
    return [
        {"text": "I read the code first.", "calls": [_call("Read", file_path=path)]},
        {"calls": [_call("Edit", **edit)]},
        {"calls": [_call("Bash", command="python3 test_slug.py", description="Run the test")]},
        {"text": ANSWER},
    ]


def _call(name: str, **arguments: str) -> dict[str, object]:
    return {"name": name, "arguments": arguments}


class Recorder:
    """A terminal whose screen is kept, with the time, whenever it shows something new."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        program, *arguments = command
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            program, arguments, env=env, cwd=str(folder), dimensions=(ROWS, COLUMNS)
        )
        self.frames: list[tuple[float, Frame]] = []

    async def until(self, wanted: str) -> None:
        """Wait until the screen shows `wanted`.

        Raises:
            TimeoutError: it does not; the message has the screen.

        """
        end = time.monotonic() + SECONDS
        while wanted not in "\n".join(self._screen.display):
            if time.monotonic() > end:
                raise TimeoutError("\n".join((f"expected {wanted!r} on:", *self._screen.display)))
            await asyncio.to_thread(self._read, 0.1)

    async def rest(self, seconds: float) -> None:
        """Go on for a time, in seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.to_thread(self._read, 0.05)

    async def type(self, text: str) -> None:
        """Type a line at a person's speed and send it."""
        for letter in text:
            self._child.send(letter)
            await self.rest(0.05)
        await self.rest(0.6)
        self._child.send("\r")

    def close(self) -> None:
        """End the program."""
        self._child.close(force=True)

    def _read(self, seconds: float) -> None:
        try:
            self._stream.feed(self._child.read_nonblocking(65536, timeout=seconds))
        except pexpect.TIMEOUT:
            return
        frame = tuple(filter(None, (_row(self._screen, row) for row in range(ROWS))))
        if not self.frames or self.frames[-1][1] != frame:
            self.frames.append((time.monotonic(), frame))


def _row(screen: pyte.Screen, row: int) -> str:
    """Return a row of the screen as SVG, nothing for an empty one."""
    cells = [(column, screen.buffer[row][column]) for column in range(COLUMNS)]
    parts = []
    for style, run in groupby(cells, key=lambda cell: _style(cell[1])):
        place = list(run)
        text = "".join(char.data for _, char in place)
        start, wide = place[0][0] * _CELL, len(place) * _CELL
        paper, ink, bold = style
        if paper:
            parts.append(
                f'<rect x="{start:.1f}" y="{row * _LINE}" width="{wide:.1f}"'
                f' height="{_LINE}" fill="{paper}"/>'
            )
        if not text.strip():
            continue
        lead = len(text) - len(text.lstrip())
        text = text.strip()
        weight = ' font-weight="bold"' if bold else ""
        x, y = start + lead * _CELL, row * _LINE + 13.5
        parts.append(
            f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * _CELL:.1f}" fill="{ink}"'
            f"{weight}>{escape(text).replace(' ', '&#160;')}</text>"
        )
    return "".join(parts)


def _style(char: Char) -> tuple[str, str, bool]:
    ink, paper = _colour(char.fg, _INK), _colour(char.bg, "")
    if char.reverse:
        ink, paper = paper or _PAPER, ink
    return paper, ink, char.bold


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _COLOURS.get(name.removeprefix("bright"), f"#{name}")


def moving_picture(frames: Iterable[tuple[float, Frame]], title: str) -> str:
    """Return frames, each with its time in seconds, as an SVG that plays them again and again."""
    frames = list(frames)
    lengths = [min(after[0] - before[0], _LONGEST_SECONDS) for before, after in pairwise(frames)]
    lengths.append(_LAST_SECONDS)
    whole = sum(lengths)
    rows: dict[str, int] = {}
    rules, groups, begin = [], [], 0.0
    for number, (length, (_, frame)) in enumerate(zip(lengths, frames, strict=True)):
        start, end = (100 * begin / whole, 100 * (begin + length) / whole)
        begin += length
        last = number == len(frames) - 1
        rules.append(_rule(number, start, end))
        uses = "".join(f'<use href="#r{rows.setdefault(row, len(rows))}"/>' for row in frame)
        groups.append(f'<g class="f{" last" if last else ""}" id="f{number}">{uses}</g>')
    kept = "".join(f'<g id="r{number}">{row}</g>' for row, number in rows.items())
    width, height = COLUMNS * _CELL + 2 * _MARGIN, ROWS * _LINE + _BAR + 2 * _MARGIN
    box = f"0 0 {width:.0f} {height}"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img">
<title>{escape(title)}</title>
<style>
text {{ font: {_FONT}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
.f {{ visibility: hidden; animation: {whole:.1f}s step-end infinite; }}
{"".join(rules)}
@media (prefers-reduced-motion: reduce) {{
.f {{ animation: none !important; }} .last {{ visibility: visible; }} }}
</style>
<defs>{kept}</defs>
<rect width="{width:.0f}" height="{height}" rx="9" fill="{_PAPER}"/>
<g fill="#4a4f59"><circle cx="20" cy="18" r="5"/><circle cx="37" cy="18" r="5"/>
<circle cx="54" cy="18" r="5"/></g>
<g transform="translate({_MARGIN} {_BAR + _MARGIN // 2})">{"".join(groups)}</g>
</svg>
"""


def _rule(number: int, start: float, end: float) -> str:
    shown = f"{start:.3f}%{{visibility:visible}}"
    before = "0%{visibility:hidden}" if start else ""
    after = f"{end:.3f}%{{visibility:hidden}}" if end < 99.999 else ""  # noqa: PLR2004 - per cent
    return f"@keyframes k{number}{{{before}{shown}{after}}}#f{number}{{animation-name:k{number}}}\n"


@asynccontextmanager
async def _stage(scratch: Path) -> AsyncIterator[tuple[dict[str, str], Path]]:
    home, project = scratch / "home", scratch / "home/slugs"
    clean = clean_environment(home, TERM="xterm-256color", COLORTERM="truecolor")
    project.mkdir()
    (project / "slug.py").write_text(_CODE, encoding="utf-8")
    (project / "test_slug.py").write_text(_TEST, encoding="utf-8")
    answered = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "projects": {str(project): {"hasTrustDialogAccepted": True}},
    }
    allowed = {"allow": ["Edit", "Bash(python3 test_slug.py)"]}
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").write_text(
        json.dumps({"permissions": allowed}), encoding="utf-8"
    )
    (home / ".claude.json").write_text(json.dumps(answered), encoding="utf-8")
    path = os.pathsep.join(map(str, (PROGRAM.parent, CLAUDE.parent, clean["PATH"])))
    script = {PROMPT: turns(project)}
    models = [PracticeModel(MODEL, context=262_144)]
    async with PracticeServer(speed=SPEED, models=models, script=script) as practice:
        yield (
            {
                **clean,
                "PATH": path,
                "OLLAMA_BASE_URL": practice.url,
                "CC_PROXY_PORT": "0",
                "PS1": "$ ",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_AUTOUPDATER": "1",
            },
            project,
        )


async def record() -> str:
    """Play the session and return its moving picture.

    Raises:
        FileNotFoundError: Claude Code is not there.
        TimeoutError: the session does not come to its end.

    """
    if not CLAUDE.exists():
        raise FileNotFoundError(f"expected Claude Code at {CLAUDE}, found none: make clients")
    with tempfile.TemporaryDirectory() as scratch:
        async with _stage(Path(scratch)) as (env, project):
            terminal = Recorder(["/bin/sh", "-i"], env, project)
            try:
                await terminal.until("$ ")
                await terminal.type("cc-proxy claude")
                await terminal.until("k left")
                await terminal.rest(2.0)
                await terminal.type(PROMPT)
                await terminal.until("the test passes.")
                await terminal.rest(4.0)
            finally:
                terminal.close()
                stop = await asyncio.create_subprocess_exec(
                    PROGRAM, "stop", env=env, stdout=asyncio.subprocess.DEVNULL
                )
                await stop.wait()
    title = "cc-proxy claude: Claude Code reads, edits and tests a file with a local model"
    return moving_picture(terminal.frames, title)


if __name__ == "__main__":
    drawn = ASSETS / f"{RECORDING}.svg"
    drawn.write_text(asyncio.run(record()), encoding="utf-8")
    sys.stdout.write(f"{drawn.relative_to(ROOT)}\n")
