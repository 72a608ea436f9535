"""What the documents show to be typed: the commands in their code, each with where it stands.

In a document, a block that is indented, and one fenced as `sh` or `console`, is commands (in
`console` those after `$`, with what they print below). What is no command is fenced as something
else, such as `text`. In a sentence, code whose first word is a program is a command.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "release/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
# `text` and the others are not typed.
# Configurations that gateway/test_front_servers.py and placements/test_cluster_files.py run.
SERVERS = {"nginx", "haproxy", "caddy", "systemd"}
TYPED, NOT_TYPED = {"sh", "console"}, {"text", "yaml", "json", "mermaid", "python", *SERVERS}

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n|\n)+)")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_DRAWING = "─▶"
_VARIABLE = re.compile(r"[A-Z_]+=\S*")
_PARTS = {"|", "||", "&&", ";", "(", ")", "&"}
_INTO_A_FILE = {">", ">>"}


@dataclass(frozen=True)
class Shown:
    """One command, as its words, and where it is shown; `inline` in a sentence."""

    place: str
    words: tuple[str, ...]
    inline: bool

    def __str__(self) -> str:
        return f"{self.place}: {shlex.join(self.words)}"


class NoCommandError(Exception):
    """A block of which nobody can tell whether it is to be typed."""


def commands(document: Path, programs: set[str]) -> list[Shown]:
    """Return what a document shows to be typed; in its sentences only what begins with a program.

    Raises:
        NoCommandError: a block is fenced as nothing that is known.

    """
    return list(find(document.read_text(encoding="utf-8"), _name(document), programs))


def find(text: str, name: str, programs: set[str]) -> Iterator[Shown]:
    """Yield the commands of a Markdown text; `name`: of its document, for `Shown.place`."""
    for number, line, inline in _lines(text, name):
        try:
            parts = list(simple_commands(line))
        except ValueError as error:
            if inline:
                continue  # code, but not of a shell
            raise NoCommandError(f"{name}:{number}: expected a command, found {line}") from error
        for words in parts:
            if not inline or Path(words[0]).name in programs:
                yield Shown(f"{name}:{number}", tuple(words), inline)


def simple_commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each program that a line of shell runs, without variables and files."""
    for inner in re.findall(r"\$\(((?:[^()]|\([^()]*\))*)\)", line):
        yield from simple_commands(inner)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in (*lexer, ";"):
        if token not in _PARTS:
            words.append(token)
            continue
        while words and _VARIABLE.fullmatch(words[0]):
            del words[0]
        for mark in _INTO_A_FILE & set(words):
            del words[words.index(mark) :]
        if words:
            yield words
        words = []


def _lines(text: str, name: str) -> Iterator[tuple[int, str, bool]]:
    """Yield what may be commands: the line's number, its text, and whether it is in a sentence."""
    for fence in _FENCE.finditer(text):
        kind, block = fence[2], fence[3]
        number = text.count("\n", 0, fence.start(3)) + 1
        if kind not in TYPED | NOT_TYPED:
            raise NoCommandError(f"{name}:{number - 1}: expected ```sh or ```text, found ```{kind}")
        for offset, line in enumerate(block.splitlines() if kind in TYPED else ()):
            if kind == "sh" and line.strip():
                yield number + offset, line, False
            elif line.startswith("$ "):
                yield number + offset, line.removeprefix("$ "), False
    rest = _blank(_FENCE, text)
    for indented in _INDENTED.finditer(rest):
        number = rest.count("\n", 0, indented.start()) + 1
        for offset, line in enumerate(indented[1].splitlines()):
            if line.strip() and _DRAWING not in line:
                yield number + offset, line.strip(), False
    rest = _blank(_INDENTED, rest)
    for code in _INLINE.finditer(rest):
        # A pipe in a table is written with a backslash.
        line = code[1].replace("\\|", "|").replace("\n", " ")
        yield rest.count("\n", 0, code.start()) + 1, line, True


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: "\n" * found[0].count("\n"), text)


def _name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()
