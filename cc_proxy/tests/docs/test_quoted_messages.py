"""What a document says that a person sees, the program says: in the tables by symptom."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from cc_proxy.app.cli.claude.settings.diversions import CONFLICTING
from cc_proxy.tests.docs.shown import DOCUMENTS, ROOT

HEADER = "| what you see |"
# What others show: Claude Code 2.1.330 of a 400 that says `prompt is too long`, a model, and httpx.
OF_OTHERS = {"Prompt is too long", "<tool_call>", "Invalid port: ':1]'"}
VALUE = "…"


@cache
def texts() -> list[str]:
    """Return each text in the program's code, with `…` for what is put into it."""
    found = []
    for module in sorted((ROOT / "cc_proxy/app").rglob("*.py")):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        elsewhere = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node)
            if part is not node
        }
        for node in ast.walk(tree):
            # Docstrings are for readers of the code.
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                elsewhere.add(id(node.value))
            if isinstance(node, ast.JoinedStr):
                found.append("".join(_piece(value) for value in node.values))
            elif isinstance(node, ast.Constant) and id(node) not in elsewhere:
                found.append(str(node.value))
    return found


def _piece(value: ast.expr) -> str:
    return str(value.value) if isinstance(value, ast.Constant) else VALUE


def is_said(message: str) -> bool:
    """Tell whether the program has a text with these words, `…` for any value.

    Where one text is put into another, each part between values is one of either.
    """
    parts = [part.strip(" .:,") for part in message.split(VALUE)]
    whole = re.compile(".*".join(map(re.escape, parts)))
    return any(map(whole.search, texts())) or all(
        any(part in text for text in texts()) for part in parts
    )


def quoted(document: Path) -> list[str]:
    """Return the code in the first column of the tables by symptom."""
    tables = document.read_text(encoding="utf-8").split(HEADER)[1:]
    rows = [row for table in tables for row in table.partition("\n\n")[0].splitlines()[2:]]
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


BY_SYMPTOM = [path for path in DOCUMENTS if HEADER in path.read_text(encoding="utf-8")]


def test_the_pages_by_symptom_are_known() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in BY_SYMPTOM}
    assert names >= {"README.md", "docs/how-to/troubleshoot.md", "docs/how-to/containers.md"}


@pytest.mark.parametrize("document", BY_SYMPTOM, ids=lambda path: path.name)
def test_every_message_that_is_quoted_is_said(document: Path) -> None:
    messages = set(quoted(document)) - OF_OTHERS - set(CONFLICTING)
    assert messages
    assert not [message for message in messages if not is_said(message)]


@pytest.mark.parametrize(
    "message", ["port 3456 is in use", "port … is occupied", "Ollama never answers at …"]
)
def test_a_message_that_nobody_says_is_found(message: str) -> None:
    assert not is_said(message)


def test_a_message_is_known_with_values_in_it() -> None:
    assert is_said("Expected port … on … to be free")
    assert is_said("The model … cannot use tools")
