"""`python -m tools.screens`: pictures of the terminal for the documentation, from real runs.

Each command runs in a pseudo-terminal, in a home of its own, on the practice model; what its screen
shows at the end becomes docs/assets/NAME.svg. What differs from run to run is put to fixed values,
so that the pictures change when the program does and not otherwise.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import pexpect
import pyte
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from release.commands import clean_environment
from release.smoke import practice_model

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "docs" / "assets"
# Wider than the picture, which breaks lines once what varies in them is steady.
TERMINAL_COLUMNS, ROWS = 240, 60
COLUMNS = 100
SECONDS = 120
PROGRAM = Path(sys.executable).with_name("cc-proxy")
CLAUDE = ROOT / "cc_proxy/tests/clients/current/node_modules/.bin/claude"

# (name of the picture, the command), in the order in which a person would type them.
SCREENS = (
    ("start", "cc-proxy start"),
    ("status", "cc-proxy status"),
    ("models", "cc-proxy models"),
    ("doctor", "cc-proxy doctor --no-model"),
    ("stop", "cc-proxy stop"),
)
# What a run has of its own, and what stands in its place.
_VARYING = (
    (r"\(pid \d+\)", "(pid 4711)"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:3456"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "1 s"),
    (r"\([0-9a-f]{8}\)$", "(6c9f1a20)"),
    (r"^ok    python  .*", "ok    python              3.13.1 at /usr/bin/python3, Linux x86_64"),
)
_UPSTREAM = "http://127.0.0.1:11434"
# A check that there is in containers only.
_ONLY_HERE = "ok    container  "


def screen(command: str, env: dict[str, str]) -> list[str]:
    """Run a command in a terminal and return the lines that its screen shows at the end."""
    stream = pyte.Stream(shown := pyte.Screen(TERMINAL_COLUMNS, ROWS))
    child = pexpect.spawn(
        "/bin/sh", ["-c", command], env=env, dimensions=(ROWS, TERMINAL_COLUMNS), encoding="utf-8"
    )
    child.expect(pexpect.EOF, timeout=SECONDS)
    stream.feed(child.before or "")
    child.close()
    return [line.rstrip() for line in shown.display]


def steady(line: str, home: Path, upstream: str) -> str:
    """Return a line with fixed values for what differs from run to run, and place to place.

    `upstream`: the address of the practice model, which is shown as Ollama's usual one.
    """
    line = line.replace(str(home), "~").replace(str(CLAUDE), "/usr/local/bin/claude")
    parts = line.split(upstream)
    for pattern, fixed in _VARYING:
        parts = [re.sub(pattern, fixed, part) for part in parts]
    return _UPSTREAM.join(parts)


def as_elsewhere(lines: list[str]) -> list[str]:
    """Return the lines without what doctor says in some places only, and counted without it."""
    kept = [line for line in lines if not line.startswith(_ONLY_HERE)]
    good = sum(line.startswith("ok  ") for line in kept)
    return [re.sub(r"^\d+ ok,", f"{good} ok,", line) for line in kept]


def picture(command: str, lines: list[str]) -> str:
    """Return a terminal with a command and what it printed, as SVG."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text("\n".join(lines).rstrip()))
        svg = console.export_svg(title="cc-proxy", theme=MONOKAI, unique_id="screen")
    # A picture fetches nothing: the font is what the reader has.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def draw(folder: Path) -> list[Path]:
    """Draw every screen into `folder` and return the files.

    Raises:
        FileNotFoundError: Claude Code is not there, for doctor to find.

    """
    if not CLAUDE.exists():
        raise FileNotFoundError(f"expected Claude Code at {CLAUDE}, found none: make clients")
    made = []
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        clean = clean_environment(home, TERM="xterm-256color", NO_COLOR="1")
        clean["PATH"] = os.pathsep.join(map(str, (PROGRAM.parent, CLAUDE.parent, clean["PATH"])))
        with practice_model(PROGRAM, clean) as upstream:
            env = clean | {"OLLAMA_BASE_URL": upstream, "CC_PROXY_PORT": "0"}
            for name, command in SCREENS:
                shown = as_elsewhere(screen(command, env))
                lines = [steady(line, home, upstream) for line in shown]
                path = folder / f"{name}.svg"
                path.write_text(picture(command, lines), encoding="utf-8")
                made.append(path)
    return made


if __name__ == "__main__":
    ASSETS.mkdir(exist_ok=True)
    for drawn in draw(ASSETS):
        sys.stdout.write(f"{drawn.relative_to(ROOT)}\n")
