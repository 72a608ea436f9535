"""The pretended project: what its tools say, and that it is nobody's files."""

import inspect
from pathlib import Path

import pytest

from cc_proxy.app.fitness import tools
from cc_proxy.app.fitness.project import shell, workspace
from cc_proxy.app.fitness.project.workspace import ROOT, Call, ToolError, Workspace


def do(name: str, **arguments: object) -> str:
    return Workspace().do(Call(name, dict(arguments)))


def test_nothing_of_the_machine_can_be_reached(tmp_path: Path) -> None:
    real = tmp_path / "real.txt"
    real.write_text("of this machine")
    here = Workspace()
    for path in (str(real), f"{ROOT}/../../../{real}"):
        with pytest.raises(ToolError, match="does not exist"):
            here.do(Call("Read", {"file_path": path}))
    here.do(Call("Write", {"file_path": str(real), "content": "overwritten"}))
    here.do(Call("Bash", {"command": "cd ~ && rm -r *"}))
    assert real.read_text() == "of this machine"
    assert list(tmp_path.iterdir()) == [real]
    for module, known in ((workspace, {"shell"}), (shell, {"fnmatch", "posixpath", "re", "shlex"})):
        imported = {name for name, value in vars(module).items() if inspect.ismodule(value)}
        assert imported == known


def test_reading_gives_the_numbered_lines_that_were_asked_for() -> None:
    assert do("Read", file_path="README.md") == (
        "     1\t# Heron Shop\n     2\t\n     3\tSells feeders and nest boxes. This is version 4.2."
    )
    assert do("Read", file_path=f"{ROOT}/README.md", offset=3, limit=1).startswith("     3\tSells")


@pytest.mark.parametrize(
    ("name", "arguments", "is_slip"),
    [
        ("Edit", {"file_path": "README.md", "old_string": "absent", "new_string": ""}, True),
        ("Edit", {"file_path": "README.md", "old_string": "e", "new_string": ""}, True),
        ("Edit", {"file_path": "README.md", "old_string": "", "new_string": "x"}, True),
        ("Read", {"file_path": "CHANGELOG.md"}, False),
        ("Bash", {"command": "python -m pytest -q"}, False),
        ("Bash", {"command": "cat CHANGELOG.md"}, False),
        ("Bash", {"command": "grep -r"}, True),
        ("Agent", {"description": "a", "prompt": "b"}, False),
    ],
)
def test_a_slip_of_the_model_is_told_from_bad_luck(
    name: str, arguments: dict[str, object], *, is_slip: bool
) -> None:
    here = Workspace()
    here.do(Call("Read", {"file_path": "README.md"}))
    with pytest.raises(ToolError) as raised:
        here.do(Call(name, arguments))
    assert raised.value.is_slip is is_slip


@pytest.mark.parametrize(
    ("name", "more"),
    [("Write", {"content": "x"}), ("Edit", {"old_string": "7", "new_string": "8"})],
)
def test_a_file_is_read_before_it_is_changed(name: str, more: dict[str, str]) -> None:
    here = Workspace()
    call = Call(name, {"file_path": "stock/north.txt", **more})
    with pytest.raises(ToolError, match="has not been read yet") as raised:
        here.do(call)
    assert raised.value.is_slip is False
    here.do(Call("Read", {"file_path": f"{ROOT}/stock/north.txt"}))
    here.do(call)
    here.do(Call("Write", {"file_path": "new.txt", "content": "1"}))
    here.do(Call("Write", {"file_path": "new.txt", "content": "2"}))
    assert here.text("new.txt") == "2"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (r"grep -rnE 'def\s+apply_discount\(' .", f"{ROOT}/shop/prices.py:4:def apply_discount"),
        ("grep -rli 'HERONS: 7' stock | head", f"{ROOT}/stock/north.txt"),
        ("rg recieve", "docs/guide.md:3:"),
        ("git grep -n recieve", "docs/guide.md:3:"),
        ("grep -rn recieve --include='*.md' . 2>/dev/null", "docs/guide.md:3:"),
        ("find . -name '*.py'", f"{ROOT}/shop/cart.py"),
        ("ls stock", f"{ROOT}/stock/south.txt"),
        ("ls -la", f"{ROOT}/README.md"),
        ("cat 'docs/opening hours.txt'", "Monday to Friday"),
        (f"cd {ROOT} && cat README.md", "version 4.2"),
        ("head -n 3 README.md", "version 4.2"),
        ("pwd", ROOT),
        ("git status --short", "On branch main"),
        ("make", "(no output)"),
        ("echo 'it is", "(no output)"),
    ],
)
def test_a_search_and_a_command_give_what_the_tasks_need(command: str, found: str) -> None:
    assert found in do("Bash", command=command)


@pytest.mark.parametrize("pattern", ["nowhere", "(a+)+$"])
def test_a_search_without_a_match_fails_as_in_a_shell(pattern: str) -> None:
    with pytest.raises(ToolError, match="Exit code 1"):
        do("Bash", command=f"grep -rn '{pattern}' stock")


def test_a_command_can_change_a_file() -> None:
    here = Workspace()
    here.do(Call("Bash", {"command": "sed -i 's/recieve/receive/g' docs/guide.md"}))
    assert "receive your order" in here.text("docs/guide.md")
    here.do(
        Call("Bash", {"command": "echo 'None yet' > CHANGELOG.md && echo more >> CHANGELOG.md"})
    )
    assert here.text("CHANGELOG.md") == "None yet\nmore\n"


def test_a_command_in_the_background_and_a_report_are_answered() -> None:
    assert "in background" in do("Bash", command="sleep 9", run_in_background=True)
    assert do("ReportFindings", findings=[{}, {}]) == "Reported 2 findings."


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("Read", {"file_path": "a", "offset": 1}, None),
        ("Read", {}, "`file_path` is missing"),
        ("Read", {"file_path": "a", "offset": "1"}, "expected integer, found str"),
        ("Read", {"file_path": "a", "offset": True}, "expected integer, found bool"),
        ("Read", {"file_path": "a", "lines": 3}, "unexpected parameter `lines`"),
        ("ReportFindings", {"findings": [], "level": "most"}, "expected one of low"),
        ("ReportFindings", {"findings": "two"}, "expected array, found str"),
        ("ReportFindings", {"findings": [{"file": "a"}]}, "`summary` is missing"),
        ("ScheduleWakeup", {"delaySeconds": 2.5}, None),
        ("Workflow", {"args": {"c": 1}}, None),
        ("TodoWrite", {"todos": []}, "No such tool available: TodoWrite"),
    ],
)
def test_a_call_is_checked_against_its_schema_as_the_client_does(
    name: str, arguments: dict[str, object], says: str | None
) -> None:
    found = tools.objection(name, arguments)
    assert found is None if says is None else says in str(found)
