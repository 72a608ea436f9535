"""The pretended project: what its tools say, and that it is nobody's files."""

import inspect
from pathlib import Path

import pytest

from cc_proxy.app.fitness import tools, workspace
from cc_proxy.app.fitness.workspace import ROOT, Call, ToolError, Workspace


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
    imported = {name for name, value in vars(workspace).items() if inspect.ismodule(value)}
    assert imported == {"fnmatch", "posixpath", "re"}


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
        ("TaskUpdate", {"taskId": "7", "status": "completed"}, True),
        ("TaskUpdate", {"taskId": "one"}, True),
        ("Read", {"file_path": "CHANGELOG.md"}, False),
        ("Bash", {"command": "python -m pytest -q"}, False),
    ],
)
def test_a_slip_of_the_model_is_told_from_bad_luck(
    name: str, arguments: dict[str, object], *, is_slip: bool
) -> None:
    with pytest.raises(ToolError) as raised:
        do(name, **arguments)
    assert raised.value.is_slip is is_slip


@pytest.mark.parametrize(
    ("name", "arguments", "found"),
    [
        ("Grep", {"pattern": r"def\s+apply_discount\("}, f"{ROOT}/shop/prices.py"),
        ("Grep", {"pattern": "HERONS: 7", "output_mode": "content"}, "north.txt:1:herons: 7"),
        ("Grep", {"pattern": "(a+)+$", "path": f"{ROOT}/stock"}, "No files found"),
        ("Grep", {"pattern": "nowhere", "output_mode": "content"}, "No matches found"),
        ("Glob", {"pattern": "**/*.py"}, f"{ROOT}/shop/cart.py"),
        ("Glob", {"pattern": "*.txt", "path": f"{ROOT}/stock"}, f"{ROOT}/stock/south.txt"),
        ("Glob", {"pattern": "*.rs"}, "No files found"),
        ("Bash", {"command": "cat 'docs/opening hours.txt'"}, "Monday to Friday"),
        ("Bash", {"command": "ls -la"}, f"{ROOT}/README.md"),
        ("Bash", {"command": "pwd"}, ROOT),
        ("Bash", {"command": "sleep 9", "run_in_background": True}, "in background"),
        ("Bash", {"command": "make"}, "(no output)"),
    ],
)
def test_a_search_and_a_command_give_what_the_tasks_need(
    name: str, arguments: dict[str, object], found: str
) -> None:
    assert found in do(name, **arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("Read", {"file_path": "a", "offset": 1}, None),
        ("Read", {}, "`file_path` is missing"),
        ("Read", {"file_path": "a", "offset": "1"}, "expected integer, found str"),
        ("Read", {"file_path": "a", "offset": True}, "expected integer, found bool"),
        ("Read", {"file_path": "a", "lines": 3}, "unexpected parameter `lines`"),
        ("Grep", {"pattern": "a", "output_mode": "lines"}, "expected one of content"),
        ("Grep", {"pattern": "a", "-n": True, "head_limit": 2.5}, None),
        ("TaskUpdate", {"taskId": "1", "status": "deleted"}, None),
        ("TaskUpdate", {"taskId": "1", "status": "done"}, "expected one of pending"),
        ("TaskUpdate", {"taskId": "1", "addBlocks": [2]}, "expected string, found int"),
        ("TaskCreate", {"subject": "a", "description": "b", "metadata": {"c": 1}}, None),
        ("TodoWrite", {"todos": []}, "No such tool available: TodoWrite"),
    ],
)
def test_a_call_is_checked_against_its_schema_as_the_client_does(
    name: str, arguments: dict[str, object], says: str | None
) -> None:
    found = tools.objection(name, arguments)
    assert found is None if says is None else says in str(found)
