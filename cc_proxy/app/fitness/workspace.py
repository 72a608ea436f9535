"""A small project in memory. Nothing of the machine is read, written or run."""

import fnmatch
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ROOT = "/home/dev/shop"
_CART = """\
from shop.prices import VAT, apply_discount


class Cart:
    def __init__(self):
        self.lines = []

    def add(self, name, price, qty=1):
        self.lines.append((name, price, qty))

    def total(self):
        total = 0
        for name, price, qty in self.lines:
            total += price * qty
        return total

    def gross(self):
        return self.total() * (1 + VAT)
"""
_PRICES = """\
VAT = 0.19


def apply_discount(price, percent):
    return price - price * percent / 10


def rounded(price):
    return round(price, 2)
"""
FILES: Mapping[str, str] = {
    "README.md": "# Heron Shop\n\nSells feeders and nest boxes. This is version 4.2.\n",
    "shop/__init__.py": "",
    "shop/cart.py": _CART,
    "shop/prices.py": _PRICES,
    "shop/labels.py": 'GREETING = "Say \\"hello\\" to 5 herons"\nCOLUMN = "name\\tprice"\n',
    "tests/test_prices.py": (
        "from shop.prices import apply_discount\n\n\n"
        "def test_discount():\n    assert apply_discount(100, 10) == 90\n"
    ),
    "docs/guide.md": "# Guide\n\nYou will recieve your order within a week.\n",
    "docs/opening hours.txt": "Monday to Friday, 9 to 17\n",
    "stock/north.txt": "herons: 7\n",
    "stock/south.txt": "herons: 12\n",
}
_TEST_RUN = """\
F                                                                        [100%]
FAILED tests/test_prices.py::test_discount - assert 0.0 == 90
1 failed in 0.02s"""
# What a command prints that some task asks for. Whatever else is "run" prints nothing.
_PRINTED = (
    (re.compile(r"\bpytest\b"), _TEST_RUN, True),
    (re.compile(r"^\s*pwd\s*$"), ROOT, False),
    (re.compile(r"^\s*git status\b"), "On branch main\nnothing to commit", False),
)
_READS = re.compile(r"^\s*cat\s++(['\"]?)([^'\"|;&<>]++)\1\s*$")
_LISTS = re.compile(r"^\s*(?:ls|find)\b")
_WORDS = re.compile(r"[\w @.-]{2,}")


@dataclass(frozen=True)
class Call:
    """A call that the client would carry out: its tool and its arguments."""

    name: str
    input: dict[str, Any]


class ToolError(Exception):
    """What a tool says to the model when it cannot do what it was asked.

    `is_slip`: it was asked for something that the model could have known to be impossible.
    """

    def __init__(self, text: str, *, is_slip: bool = False) -> None:
        super().__init__(text)
        self.is_slip = is_slip


@dataclass
class Workspace:
    """The files by their absolute paths, and the list of tasks."""

    files: dict[str, str] = field(
        default_factory=lambda: {f"{ROOT}/{path}": text for path, text in FILES.items()}
    )
    tasks: list[str] = field(default_factory=list)

    def do(self, call: Call) -> str:
        """Return what a call gives; its arguments fit its schema.

        Raises:
            ToolError: it cannot be done.

        """
        tools: dict[str, Callable[[dict[str, Any]], str]] = {
            "Read": self._read,
            "Write": self._write,
            "Edit": self._edit,
            "Bash": self._bash,
            "Grep": self._grep,
            "Glob": self._glob,
            "TaskCreate": self._task_create,
            "TaskUpdate": self._task_update,
        }
        return tools[call.name](call.input)

    def text(self, path: str) -> str:
        """Return a file by its path in the project, nothing for one that is not there."""
        return self.files.get(f"{ROOT}/{path}", "")

    def _read(self, asked: dict[str, Any]) -> str:
        lines = self._file(asked["file_path"]).splitlines()
        first = max(asked.get("offset", 1), 1)
        chosen = lines[first - 1 :][: asked.get("limit", len(lines))]
        return "\n".join(f"{number:6}\t{line}" for number, line in enumerate(chosen, first))

    def _write(self, asked: dict[str, Any]) -> str:
        path = _absolute(asked["file_path"])
        self.files[path] = asked["content"]
        return f"File written: {path}"

    def _edit(self, asked: dict[str, Any]) -> str:
        path = _absolute(asked["file_path"])
        text, old = self._file(path), asked["old_string"]
        found = text.count(old) if old else 0
        if found == 0:
            raise ToolError(f"String to replace not found in file: {old}", is_slip=True)
        if found > 1 and not asked.get("replace_all"):
            text = f"Found {found} matches of old_string, but replace_all is false."
            raise ToolError(text, is_slip=True)
        self.files[path] = text.replace(old, asked["new_string"])
        return f"The file {path} has been updated."

    def _bash(self, asked: dict[str, Any]) -> str:
        command = asked["command"]
        if asked.get("run_in_background"):
            return "Command running in background with ID: 1"
        if reads := _READS.match(command):
            return self._file(posixpath.join(ROOT, reads[2].strip()))
        if _LISTS.match(command):
            return "\n".join(self.files)
        for pattern, printed, fails in _PRINTED:
            if pattern.search(command):
                if fails:
                    raise ToolError(f"Exit code 1\n{printed}")
                return printed
        return "(no output)"

    def _grep(self, asked: dict[str, Any]) -> str:
        # A pattern is the model's: as a regular expression it could take for ever. The words in
        # it find the same lines here.
        words = [word.strip().casefold() for word in _WORDS.findall(asked["pattern"])]
        within = _absolute(asked.get("path", ROOT))
        found = [
            f"{path}:{number}:{line}"
            for path, text in self.files.items()
            if path == within or path.startswith(f"{within}/")
            for number, line in enumerate(text.splitlines(), 1)
            if any(word in line.casefold() for word in words)
        ]
        if asked.get("output_mode") == "content":
            return "\n".join(found) or "No matches found"
        return "\n".join(dict.fromkeys(line.split(":")[0] for line in found)) or "No files found"

    def _glob(self, asked: dict[str, Any]) -> str:
        within = _absolute(asked.get("path", ROOT))
        pattern = posixpath.join(within, asked["pattern"]).replace("**/", "*")
        return "\n".join(p for p in self.files if fnmatch.fnmatchcase(p, pattern)) or (
            "No files found"
        )

    def _task_create(self, asked: dict[str, Any]) -> str:
        self.tasks.append("pending")
        return f"Task #{len(self.tasks)} created: {asked['subject']}"

    def _task_update(self, asked: dict[str, Any]) -> str:
        number = asked["taskId"].lstrip("#")
        if not number.isdecimal() or not 0 < int(number) <= len(self.tasks):
            raise ToolError(f"Task not found: {asked['taskId']}", is_slip=True)
        self.tasks[int(number) - 1] = asked.get("status", self.tasks[int(number) - 1])
        return f"Updated task #{number}"

    def _file(self, path: str) -> str:
        try:
            return self.files[_absolute(path)]
        except KeyError:
            raise ToolError(f"File does not exist: {path}") from None


def _absolute(path: str) -> str:
    return posixpath.normpath(posixpath.join(ROOT, path))
