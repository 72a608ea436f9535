"""A small project in memory. Nothing of the machine is read, written or run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cc_proxy.app.fitness.project import shell
from cc_proxy.app.fitness.project.errors import ToolError
from cc_proxy.app.fitness.project.shell import ROOT

__all__ = ["FILES", "ROOT", "Call", "ToolError", "Workspace"]
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


@dataclass(frozen=True)
class Call:
    """A call that the client would carry out: its tool and its arguments."""

    name: str
    input: dict[str, Any]


@dataclass
class Workspace:
    """The files by their absolute paths, and those that were read.

    A file that is there can be changed only after Read, as in Claude Code (2.1.332 says so in the
    descriptions of Edit and Write).
    """

    files: dict[str, str] = field(
        default_factory=lambda: {f"{ROOT}/{path}": text for path, text in FILES.items()}
    )
    read: set[str] = field(default_factory=set)

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
            "ReportFindings": _report,
        }
        do = tools.get(call.name)
        if do is None:
            raise ToolError(f"{call.name} is switched off in this session. Use the other tools.")
        return do(call.input)

    def text(self, path: str) -> str:
        """Return a file by its path in the project, nothing for one that is not there."""
        return self.files.get(f"{ROOT}/{path}", "")

    def _read(self, asked: dict[str, Any]) -> str:
        lines = self._file(asked["file_path"]).splitlines()
        self.read.add(shell.absolute(asked["file_path"]))
        first = max(asked.get("offset", 1), 1)
        chosen = lines[first - 1 :][: asked.get("limit", len(lines))]
        return "\n".join(f"{number:6}\t{line}" for number, line in enumerate(chosen, first))

    def _write(self, asked: dict[str, Any]) -> str:
        path = self._to_change(asked["file_path"])
        self.files[path] = asked["content"]
        return f"File written: {path}"

    def _edit(self, asked: dict[str, Any]) -> str:
        self._file(asked["file_path"])
        path = self._to_change(asked["file_path"])
        text, old = self.files[path], asked["old_string"]
        found = text.count(old) if old else 0
        if found == 0:
            raise ToolError(f"String to replace not found in file: {old}", is_slip=True)
        if found > 1 and not asked.get("replace_all"):
            text = f"Found {found} matches of old_string, but replace_all is false."
            raise ToolError(text, is_slip=True)
        self.files[path] = text.replace(old, asked["new_string"])
        return f"The file {path} has been updated."

    def _bash(self, asked: dict[str, Any]) -> str:
        if asked.get("run_in_background"):
            return "Command running in background with ID: 1"
        return shell.run(asked["command"], self.files)

    def _to_change(self, name: str) -> str:
        path = shell.absolute(name)
        if path in self.files and path not in self.read:
            raise ToolError("File has not been read yet. Read it first before writing to it.")
        self.read.add(path)
        return path

    def _file(self, path: str) -> str:
        try:
            return self.files[shell.absolute(path)]
        except KeyError:
            raise ToolError(f"File does not exist: {path}") from None


def _report(asked: dict[str, Any]) -> str:
    return f"Reported {len(asked['findings'])} findings."
