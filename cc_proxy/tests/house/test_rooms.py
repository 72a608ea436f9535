"""The layout: layers, folders that a reader can take in, modules of one idea."""

import tomllib
from collections import Counter

from cc_proxy.tests.house.program import APP, MODULES, ROOT

MOST_MODULES = 16
LEAST_LINES, MOST_LINES = 30, 350
# One idea that needs fewer lines.
SHORT = {
    "chat/model_names.py": "how names of models compare",
    "claude_needs.py": "figures, each with the trial behind it",
    "cli/output/amounts.py": "amounts as text",
    "control_characters.py": "one function for any foreign text",
    "daemon/errors.py": "errors that many modules raise",
    "fitness/advice.py": "one question about a verdict",
    "fitness/estimate.py": "one sum",
    "fitness/interval.py": "one formula",
    "fitness/project/errors.py": "an error that several modules raise",
    "garbage.py": "the interpreter's collector and nothing else",
    "gateway/activity/folder.py": "the name of a project's folder",
    "gateway/routes/metrics.py": "a route a file",
    "gateway/routes/reload.py": "a route a file",
    "gateway/unread.py": "one class, one line of the log",
    "practice/model/meter.py": "two counts",
    "readers.py": "one question about an error",
    "request_id.py": "one context variable",
    "translate/answer/retry/echo.py": "one question about a text",
    "translate/rescue/formats/values.py": "what several readers share",
    "upstreams/http/decoder.py": "one protocol",
    "upstreams/http/framing.py": "how a line is recognised",
    "upstreams/http/words.py": "one set of words",
    "upstreams/ollama/missing_model.py": "one message",
    "upstreams/openai/placing.py": "one set of headers",
}
# One state machine that would be harder to read in two files.
LONG = {
    "translate/rescue/formats/tags.py": "one form of calls, with its damage",
}


def test_every_module_is_in_a_layer() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = linter["importlinter"]["contracts"][0]["layers"]
    held = {name.strip().rpartition(".")[2] for layer in layers for name in layer.split("|")}
    rooms = {module.room for module in MODULES if module.name != "__init__.py"}
    assert sorted(rooms - held) == []
    assert sorted(held - rooms) == []


def test_a_folder_has_few_modules() -> None:
    counts = Counter(module.folder for module in MODULES if not module.is_door)
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_a_module_has_one_idea_in_few_lines() -> None:
    wrong = {module.name: module.lines for module in MODULES if not _fits(module.lines)}
    doors = {module.name for module in MODULES if module.is_door and module.lines <= MOST_LINES}
    assert {
        name: lines for name, lines in wrong.items() if name not in {*doors, *SHORT, *LONG}
    } == {}


def test_a_module_is_an_exception_only_while_it_is_one() -> None:
    lines = {module.name: module.lines for module in MODULES}
    assert [name for name in SHORT if lines.get(name, LEAST_LINES) >= LEAST_LINES] == []
    assert [name for name in LONG if lines.get(name, MOST_LINES) <= MOST_LINES] == []


def test_every_folder_has_a_door_that_says_what_it_is_for() -> None:
    doors = {module.folder: module for module in MODULES if module.is_door}
    folders = {module.folder for module in MODULES}
    assert sorted(folders - set(doors)) == []
    silent = {folder for folder, door in doors.items() if not dict(door.docstrings())}
    assert sorted(silent) == []
    assert APP.is_dir()


def _fits(lines: int) -> bool:
    return LEAST_LINES <= lines <= MOST_LINES
