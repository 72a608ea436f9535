"""The shell of the simulated project: it runs nothing, and knows what the tasks need."""

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator

from cc_proxy.app.fitness.project.errors import ToolError

ROOT = "/home/dev/shop"
NO_OUTPUT = "(no output)"
_TEST_RUN = """\
F                                                                        [100%]
FAILED tests/test_prices.py::test_discount - assert 0.0 == 90
1 failed in 0.02s"""
_CHAIN = re.compile(r"&&|;|\|\||\n")
_NO_ERRORS = re.compile(r"\s?2>\s*(?:/dev/null|&1)")
_WORDS = re.compile(r"[\w @.-]{2,}")
_SIGNS = "/|#,"
_SEARCHES = frozenset({"grep", "egrep", "fgrep", "rg", "ag"})
_READERS = frozenset({"cat", "head", "tail", "less", "more", "nl"})
_LISTS = frozenset({"ls", "find", "tree", "fd"})


def run(command: str, files: dict[str, str]) -> str:
    """Return what a command prints; `files` are the contents by absolute path, and may change.

    Raises:
        ToolError: the command fails.

    """
    parts = _CHAIN.split(_NO_ERRORS.sub("", command.strip()))
    # What a pipe does to the output is not simulated: the output says enough.
    printed = [_part(part.partition(" | ")[0], files) for part in parts]
    return "\n".join(filter(None, printed)) or NO_OUTPUT


def absolute(path: str) -> str:
    """Return the absolute path of one that may be relative to the project."""
    return posixpath.normpath(posixpath.join(ROOT, path))


def _part(command: str, files: dict[str, str]) -> str:
    if re.search(r"\bpytest\b", command):
        raise ToolError(f"Exit code 1\n{_TEST_RUN}")
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation mark without its partner: nothing that is known here
        return ""
    if words[:2] == ["git", "grep"]:
        words = words[1:]
    program, rest = (words[0], words[1:]) if words else ("", [])
    if program == "pwd":
        return ROOT
    if words[:2] == ["git", "status"]:
        return "On branch main\nnothing to commit"
    if program == "sed":
        return _sed(rest, files)
    if program in {"echo", "printf"}:
        return _echo(rest, files)
    commands: dict[frozenset[str], Callable[[list[str], dict[str, str]], str]] = {
        _SEARCHES: _search,
        _READERS: _read,
        _LISTS: _list,
    }
    found = next((do for names, do in commands.items() if program in names), None)
    return found(rest, files) if found else ""


def _read(words: list[str], files: dict[str, str]) -> str:
    names = [word for word in words if not word.startswith("-") and not word.isdecimal()]
    return "\n".join(_file(name, files).rstrip("\n") for name in names)


def _file(name: str, files: dict[str, str]) -> str:
    try:
        return files[absolute(name)]
    except KeyError:
        raise ToolError(f"Exit code 1\ncat: {name}: No such file or directory") from None


def _list(words: list[str], files: dict[str, str]) -> str:
    options = [words[n + 1] for n, word in enumerate(words[:-1]) if word in {"-name", "-iname"}]
    places = [word for word in words if not word.startswith("-") and word not in options]
    within = absolute(places[0]) if places and not places[0].isdecimal() else ROOT
    pattern = options[0] if options else "*"
    found = [
        path
        for path in _below(within, files)
        if fnmatch.fnmatchcase(posixpath.basename(path), pattern)
    ]
    return "\n".join(found)


def _below(place: str, files: dict[str, str]) -> Iterator[str]:
    for path in files:
        if path == place or path.startswith(f"{place.rstrip('/')}/"):
            yield path


def _search(words: list[str], files: dict[str, str]) -> str:
    options = [word for word in words if word.startswith("-")]
    names = [word for word in words if not word.startswith("-")]
    if not names:
        raise ToolError("Exit code 2\nusage: grep [OPTION]... PATTERNS [FILE]...", is_slip=True)
    # A pattern is the model's: as a regular expression it could take for ever. The words in it
    # find the same lines here.
    wanted = [word.strip().casefold() for word in _WORDS.findall(names[0])]
    include = [option.partition("=")[2] for option in options if option.startswith("--include=")]
    flags = "".join(option[1:] for option in options if not option.startswith("--"))
    lines = [
        (path, number, line)
        for place in names[1:] or ["."]
        for path in _below(absolute(place), files)
        if not include or any(fnmatch.fnmatchcase(path, f"*{glob}") for glob in include)
        for number, line in enumerate(files[path].splitlines(), 1)
        if any(word in line.casefold() for word in wanted)
    ]
    if not lines:
        raise ToolError("Exit code 1")
    if "l" in flags:
        return "\n".join(dict.fromkeys(path for path, _, _ in lines))
    return "\n".join(f"{path}:{number}:{line}" for path, number, line in lines)


def _echo(words: list[str], files: dict[str, str]) -> str:
    sign = next((word for word in words if word in {">", ">>"}), None)
    if sign is None:
        return " ".join(words)
    place = words.index(sign)
    path = absolute(" ".join(words[place + 1 :]))
    before = files.get(path, "") if sign == ">>" else ""
    files[path] = f"{before}{' '.join(words[:place])}\n"
    return ""


def _sed(words: list[str], files: dict[str, str]) -> str:
    script = next((word for word in words if not word.startswith("-")), "")
    names = [word for word in words if not word.startswith("-")][1:]
    substitution = _substitution(script)
    if substitution is None or not any(word.startswith("-i") for word in words):
        return _read(names, files)
    for name in names:
        text = _file(name, files)
        files[absolute(name)] = text.replace(*substitution)
    return ""


def _substitution(script: str) -> tuple[str, str] | None:
    """Return the old and the new text of a script such as `s/old/new/g`; None for any other."""
    if script[:1] != "s" or script[1:2] not in set(_SIGNS):
        return None
    match script.split(script[1]):
        case [_, old, new, "" | "g"]:
            return old, new
    return None
