"""The effect of a call if it ran: reads, changes files, or runs anything at all."""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgspec

from cc_proxy.app.translate.rescue.declared import RescuedCall


class Stakes(IntEnum):
    """The harm of a call that was not intended."""

    READS = 0
    CHANGES = 1
    RUNS = 2


_READERS = frozenset(
    {
        *("read", "grep", "glob", "ls", "webfetch", "websearch", "todowrite", "todoread"),
        *("listagents", "askuserquestion", "exitplanmode", "enterplanmode", "bashoutput"),
        *("taskoutput", "taskcreate", "taskupdate", "tasklist", "taskget", "toolsearch", "lsp"),
        *("notebookread", "listmcpresources", "readmcpresource", "reportfindings"),
    }
)
_CHANGERS = frozenset({"write", "edit", "multiedit", "notebookedit", "agent", "task", "skill"})
_SHELLS = frozenset({"bash", "shell", "powershell", "execute", "terminal"})
_READING_VERBS = frozenset(
    [
        "get",
        "list",
        "search",
        "read",
        "query",
        "find",
        "fetch",
        "view",
        "show",
        "describe",
        "lookup",
        "resolve",
        "count",
        "check",
    ]
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Commands that only look, whatever their arguments are.
_LOOKING = frozenset(
    [
        "[",
        "arch",
        "basename",
        "cal",
        "cat",
        "cd",
        "cksum",
        "cmp",
        "column",
        "comm",
        "cut",
        "date",
        "df",
        "diff",
        "dir",
        "dirname",
        "du",
        "echo",
        "egrep",
        "expr",
        "false",
        "fgrep",
        "file",
        "fold",
        "free",
        "grep",
        "groups",
        "head",
        "hexdump",
        "hostname",
        "id",
        "jq",
        "less",
        "ls",
        "lsblk",
        "lscpu",
        "lsof",
        "md5sum",
        "more",
        "nl",
        "nproc",
        "od",
        "paste",
        "printenv",
        "printf",
        "ps",
        "pwd",
        "readlink",
        "realpath",
        "rev",
        "rg",
        "seq",
        "sha256sum",
        "sort",
        "stat",
        "strings",
        "tac",
        "tail",
        "test",
        "tr",
        "tree",
        "true",
        "type",
        "uname",
        "uniq",
        "uptime",
        "wc",
        "where",
        "which",
        "who",
        "whoami",
    ]
)
_LOOKING_AT = {
    "git": "blame cat-file describe diff grep log ls-files ls-tree reflog remote rev-list rev-parse"
    " shortlog show status version",
    "npm": "explain list ls outdated root view why",
    "pip": "check freeze index list show",
    "pip3": "check freeze index list show",
    "cargo": "metadata tree version",
    "go": "env list version",
    "docker": "images inspect logs ps version",
    "kubectl": "describe get logs version",
    "systemctl": "is-active status",
    "brew": "info list search",
    "apt": "list search show",
}
# The everyday commands of a project: they run its own code, and leave what can be undone.
_EVERYDAY = {
    "git": "add branch commit fetch pull stash switch",
    "npm": "ci i install run start test",
    "pnpm": "i install run start test",
    "yarn": "add install run start test",
    "bun": "add install run test",
    "npx": "eslint jest prettier tsc vitest",
    "cargo": "add bench build check clippy doc fmt run test",
    "go": "build fmt get mod run test vet",
    "make": "all build check fmt format lint test tests unit",
    "mvn": "compile package test verify",
    "gradle": "assemble build check test",
    "./gradlew": "assemble build check test",
    "dotnet": "build restore run test",
    "pip": "install",
    "pip3": "install",
    "uv": "pip run sync",
    "poetry": "install run",
    "bundle": "exec install",
    "cmake": "",
}
_EVERYDAY_ALONE = frozenset(
    [
        "black",
        "deno",
        "eslint",
        "flake8",
        "gcc",
        "jest",
        "javac",
        "make",
        "mkdir",
        "mypy",
        "node",
        "prettier",
        "pytest",
        "python",
        "python3",
        "rspec",
        "ruff",
        "rustfmt",
        "sleep",
        "touch",
        "tox",
        "tsc",
        "vitest",
    ]
)
_PARTS = re.compile(r"&&|\|\||[;|&\n]")
# Writes into a file, or has a command within the command: neither can be seen through.
_REDIRECT = re.compile(r"(?<![0-9&])[0-9]?>>?\s*(?!&|/dev/null\b)\S|`|\$\(|<\(")
_HARMLESS_REDIRECT = re.compile(r"[0-9&]?>>?\s*(?:/dev/null\b|&[0-9])")
_QUOTED = re.compile(r"'[^']*'|\"[^\"`$]*\"")
_ASSIGNMENT = re.compile(r"\A(?:\s*\w+=\S*)+\s*")
_HARM = re.compile(
    r"-(?:delete|exec\w*|ok\w*|fprint\w*|fls)\b|--(?:output|delete|force|hard)\b|\bsystem\("
)
_MOST_READ = 20_000


def stakes_of(call: RescuedCall) -> Stakes:
    """Return what a call of a tool would do, by its name and arguments."""
    words = [word.casefold() for word in _WORDS.findall(call.name.rpartition("__")[2])]
    name = "".join(words)
    if name in _SHELLS:
        given = msgspec.json.decode(call.arguments)
        return _of_command(given)
    if name in _READERS:
        return Stakes.READS
    if name in _CHANGERS:
        return Stakes.CHANGES
    return Stakes.READS if words and words[0] in _READING_VERBS else Stakes.RUNS


def _of_command(given: Mapping[str, Any]) -> Stakes:
    command = given.get("command")
    if not isinstance(command, str) or len(command) > _MOST_READ:
        return Stakes.RUNS
    bare = _QUOTED.sub('""', _HARMLESS_REDIRECT.sub("", command))
    if _REDIRECT.search(bare):
        return Stakes.RUNS
    return max((_of_part(part) for part in _PARTS.split(bare) if part.strip()), default=Stakes.RUNS)


def _of_part(part: str) -> Stakes:
    words = _ASSIGNMENT.sub("", part).split()
    if not words:
        return Stakes.READS
    program, rest = words[0].rpartition("/")[2] if words[0] != "./gradlew" else words[0], words[1:]
    if program == "timeout" and len(rest) > 1:
        return _of_part(" ".join(rest[1:]))
    if _HARM.search(part):
        return Stakes.RUNS
    if program in _LOOKING or program in {"find", "awk"} or rest in (["--version"], ["-v"], ["-V"]):
        return Stakes.READS
    if program == "sed":
        return (
            Stakes.RUNS if any(word.startswith(("-i", "--in")) for word in rest) else Stakes.READS
        )
    verb = next((word for word in rest if not word.startswith("-")), "")
    if verb in _LOOKING_AT.get(program, "").split():
        return Stakes.READS
    if program == "git" and rest in (["branch"], ["branch", "-a"], ["stash", "list"]):
        return Stakes.READS
    if program in _EVERYDAY and verb.partition(":")[0] in _EVERYDAY[program].split():
        return Stakes.CHANGES
    return (
        Stakes.CHANGES if program in _EVERYDAY_ALONE and not _clears(program, rest) else Stakes.RUNS
    )


def _clears(program: str, rest: list[str]) -> bool:
    """Return whether an everyday command does something else: `make clean`, `python -c …`."""
    return (program == "make" and bool(rest)) or "-c" in rest or "-e" in rest
