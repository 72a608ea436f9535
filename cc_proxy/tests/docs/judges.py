"""What holds a command that a document shows against what there is, without running it."""

import ast
import importlib.util
import json
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from cc_proxy.app.cli.commands import group, spelled_out
from cc_proxy.app.cli.common import Common
from cc_proxy.tests.docs.shown import ROOT

_META = {"[COMMAND]": "status", "[NAME]": "NAME", "SHELL": "bash", "[ARGS]": "ARGS"}
# What people do with an installed cc-proxy; release/rehearse.py and release/first_steps.py do it.
_INSTALLS = re.compile(
    r"pipx (install( --force)?|upgrade|uninstall) cc-proxy(==\d+\.\d+\.\d+)?"
    r"|uv tool (install|upgrade|uninstall) cc-proxy(\[pdf\])?"
    r"|pipx install (--force )?(\.|cc-proxy\[pdf\])"
    r"|pipx inject cc-proxy pypdf"
    r"|pipx run pre-commit install"
)


class UntrueError(Exception):
    """A command that would not do what the document says; the text says why."""


def cc_proxy(words: Sequence[str]) -> None:
    """Have click read it as far as it goes without running anything."""
    arguments = spelled_out([_META.get(word, word) for word in words[1:]])
    common = Common()
    try:
        context = group.make_context("cc-proxy", list(arguments), obj=common)
        while isinstance(context.command, click.Group):
            rest = [*context._protected_args, *context.args]  # noqa: SLF001 - click has no other way
            if not rest:
                return
            _, command, rest = context.command.resolve_command(context, rest)
            assert command is not None
            context = command.make_context(command.name, rest, parent=context)
    except click.exceptions.Exit:
        return  # --help
    except click.ClickException as error:
        raise UntrueError(error.format_message()) from error


def passed_to_claude(words: Sequence[str]) -> list[str]:
    """Return the options that Claude Code gets, by its own command or by `cc-proxy claude`."""
    ours: set[str] = set()
    if words[0] == "cc-proxy":
        if "--" in words:
            words = words[words.index("--") :]
        else:
            words = words[1:] if words[1:2] == ["claude"] else []
            command = group.get_command(click.Context(group), "claude")
            assert command is not None
            ours = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return [word for word in words[1:] if word.startswith("-") and word.split("=")[0] not in ours]


def make(words: Sequence[str]) -> None:
    """Look the targets up in the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in words[1:]:
        if "=" not in target and not re.search(rf"^{re.escape(target)}:", text, re.MULTILINE):
            raise UntrueError(f"the Makefile has no {target}")


def installer(words: Sequence[str]) -> None:
    """Take what the rehearsal of a release does, and nothing else."""
    if not _INSTALLS.fullmatch(" ".join(words)):
        raise UntrueError("expected what release/ rehearses")


def pip(words: Sequence[str]) -> None:
    """Look up what of this checkout is installed."""
    extras = _pyproject()["project"]["optional-dependencies"]
    editable = [["install", "-e", f".[{extra}]"] for extra in extras]
    wanted = [*editable, *(["install", what] for what in ("dist/*.whl", "cc-proxy", ".", "pypdf"))]
    wanted.append(["install", "--upgrade", "cc-proxy"])
    if list(words[1:]) not in wanted:
        raise UntrueError(f"expected one of {wanted}")


def shell(words: Sequence[str]) -> None:
    """Take the script that installs, as tests/release runs it."""
    if list(words[1:]) not in (["install.sh"], ["install.sh", "."]):
        raise UntrueError("expected `sh install.sh`, for the checkout with a dot")


def npm(words: Sequence[str]) -> None:
    """Take the packages that the tests run, for everybody on the machine."""
    lock = (ROOT / "cc_proxy/tests/clients/current/package.json").read_text(encoding="utf-8")
    if list(words[1:]) not in [
        ["install", "-g", name] for name in json.loads(lock)["dependencies"]
    ]:
        raise UntrueError("expected `npm install -g` of what the tests run")


def twine(words: Sequence[str]) -> None:
    """Look the arguments up where the release has them."""
    workflow = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    if list(words[1:]) == ["check", "dist/*"]:
        return
    verb, flag, repository, files = words[1:]
    if (verb, flag, files) != ("upload", "--repository", "dist/*") or (
        f"{flag} {repository} " not in workflow
    ):
        raise UntrueError("expected the repositories of release.yml")


def python(words: Sequence[str]) -> None:
    """Look its module up, or read its program."""
    if words[1] == "-c":
        ast.parse(words[2])
    elif words[1] != "-m" or importlib.util.find_spec(words[2]) is None:
        raise UntrueError(f"expected `-m` and a module, found {words[1:3]}")


def pytest(words: Sequence[str]) -> None:
    """Look up the folders and the markers."""
    markers = _pyproject()["tool"]["pytest"]["ini_options"]["markers"]
    names = {marker.partition(":")[0] for marker in markers}
    if "-m" in words:
        expression = words[words.index("-m") + 1]
        if unknown := set(expression.split()) - names - {"not", "and", "or"}:
            raise UntrueError(f"no marker {unknown}")
    for word in words[1:]:
        if word.endswith("/") and not (ROOT / word).is_dir():
            raise UntrueError(f"no folder {word}")


def elsewhere(_: Sequence[str]) -> None:
    """Take it as it is: it is another program's, and what it does is no matter of ours."""


# Each program that a document may show, and who tells whether it is shown rightly.
PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {
    "cc-proxy": cc_proxy,
    "make": make,
    "pipx": installer,
    "uv": installer,
    "pip": pip,
    "sh": shell,
    "npm": npm,
    "twine": twine,
    "python": python,
    "python3": python,
    "pytest": pytest,
    "claude": elsewhere,  # test_commands.py asks Claude Code itself
    "ollama": elsewhere,  # `ollama serve` is played where a page is run
    "docker": elsewhere,  # tests/placements plays the engine; CI builds the image
    "git": elsewhere,  # a maintainer's, for a release
    "sha256sum": elsewhere,  # the same
    "ssh": elsewhere,  # the network of the reader
    "ufw": elsewhere,  # the same
    "ip": elsewhere,  # the same
    "systemctl": elsewhere,  # the reader's system; tests/cli plays it for `cc-proxy service`
    "loginctl": elsewhere,  # the same
    "cat": elsewhere,  # tests/placements runs the pages that have it
    "sed": elsewhere,  # the same
    "mkdir": elsewhere,  # the same
    "openssl": elsewhere,  # the same
    "curl": elsewhere,  # the same
}
# What a shell does itself. In a sentence these are words like others.
OF_THE_SHELL = {"export", "cd", ".", "eval", "umask", "rm", "source", "printf"}
# What PowerShell does itself.
OF_POWERSHELL = {"Out-String", "Invoke-Expression"}


def judge(words: Sequence[str]) -> None:
    """Raise UntrueError unless a command is one that there is."""
    if words[0] in OF_THE_SHELL | OF_POWERSHELL:
        return
    program = Path(words[0]).name
    if program not in PROGRAMS:
        raise UntrueError(f"nobody knows {program}; text that is not typed is fenced as ```text")
    # The name of a program is spoken of, too.
    if len(words) > 1:
        PROGRAMS[program](words)


def _pyproject() -> dict[str, dict[str, dict[str, dict[str, list[str]]]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
