"""Every command that a document shows is one that there is, with the options that it has."""

import os
import subprocess
from pathlib import Path

import pytest

from cc_proxy.tests.docs import judges
from cc_proxy.tests.docs.judges import PROGRAMS, UntrueError, judge
from cc_proxy.tests.docs.shown import DOCUMENTS, ROOT, NoCommandError, Shown, commands, find

CLAUDE = ROOT / "cc_proxy/tests/clients/current/node_modules/.bin/claude"


def wrong(shown: Shown) -> str | None:
    try:
        judge(shown.words)
    except UntrueError as error:
        return f"{shown}: {error}"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_is_shown_is_one(document: Path) -> None:
    assert not list(filter(None, map(wrong, commands(document, set(PROGRAMS)))))


def test_no_program_is_allowed_that_is_nowhere_shown() -> None:
    shown = {
        Path(command.words[0]).name
        for document in DOCUMENTS
        for command in commands(document, set(PROGRAMS))
    }
    assert shown >= PROGRAMS.keys() | judges.OF_POWERSHELL


@pytest.mark.claude
def test_what_is_given_on_to_claude_code_is_an_option_of_it(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    asked = subprocess.run([CLAUDE, "--help"], env=env, capture_output=True, text=True, check=True)
    known = set(asked.stdout.replace(",", " ").split())
    for document in DOCUMENTS:
        for shown in commands(document, {"cc-proxy", "claude"}):
            if "claude" in shown.words[:2]:
                assert set(judges.passed_to_claude(shown.words)) <= known, shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n\n    cc-proxy stat\n", "No such command 'stat'"),
        ("\n\n    cc-proxy start --prot 1\n", "No such option"),
        ("\n\n    cc-proxy start --port many\n", "Expected a whole number, found 'many'"),
        ("see `cc-proxy models pull`", "Missing argument"),
        (
            '\n\n    eval "$(cc-proxy claude --shell csh --print-env)"\n',
            "powershell, found 'csh'",
        ),
        ("```console\n$ cc-proxy status | cc-proxy lgos\n```\n", "No such command 'lgos'"),
        ("`make everything`", "the Makefile has no everything"),
        ("```sh\npipx install ccproxy\n```\n", "expected what release/ rehearses"),
        ("\n\n    .venv/bin/pip install -e '.[docs]'\n", "expected one of"),
        ("```sh\nnpm install -g claude\n```\n", "of what the tests run"),
        ("`python -m release.documents`", "expected `-m` and a module"),
        ("`pytest -m quick`", "no marker {'quick'}"),
        ("\n\n    some output\n", "nobody knows some"),
    ],
)
def test_a_command_that_is_none_is_found(text: str, said: str) -> None:
    (shown,) = [shown for shown in find(text, "x.md", set(PROGRAMS)) if wrong(shown)]
    assert said in str(wrong(shown))


@pytest.mark.parametrize("text", ["```bash\nls\n```\n", "\n\n    it can't\n"])
def test_what_may_be_a_command_or_not_is_refused(text: str) -> None:
    with pytest.raises(NoCommandError, match=r"x\.md:\d: expected"):
        list(find(text, "x.md", set(PROGRAMS)))


def test_a_command_is_told_with_its_line_and_without_its_variables_and_files() -> None:
    text = (
        "One\n\n    A=1 cc-proxy claude --print-env > env.sh\n\n"
        "and `make x`,\n\n```text\ncc-proxy no\n```\n"
    )
    first, second = find(text, "x.md", {"make"})
    assert (first.place, first.words) == ("x.md:3", ("cc-proxy", "claude", "--print-env"))
    assert (second.place, second.inline) == ("x.md:5", True)
