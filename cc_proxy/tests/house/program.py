"""The program's modules, parsed once for the tests of this folder."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
APP = ROOT / "cc_proxy/app"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Named(NamedTuple):
    """A public definition: its kind (module, class, function, value), its name and its place."""

    kind: str
    name: str
    place: str


@dataclass(frozen=True)
class Module:
    """A module of the program; `name` is its path below `app/`."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(APP).as_posix()

    @property
    def folder(self) -> str:
        return self.path.parent.relative_to(APP).as_posix()

    @property
    def room(self) -> str:
        return self.name.partition("/")[0].removesuffix(".py")

    @property
    def is_door(self) -> bool:
        return self.path.name == "__init__.py"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def docstrings(self) -> Iterator[tuple[str, str]]:
        """Yield each docstring, with the name of what it describes."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)):
                text = ast.get_docstring(node)
                if text:
                    yield getattr(node, "name", "module"), text

    def public_names(self) -> Iterator[Named]:
        """Yield the module, and what it and its public classes define without an underscore."""
        if not self.is_door:
            yield Named("module", self.path.stem, self.name)
        yield from self._defined(self.tree.body)

    def _defined(self, body: list[ast.stmt]) -> Iterator[Named]:
        for node in body:
            place = f"{self.name}:{node.lineno}"
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield Named("class", node.name, place)
                yield from self._defined(node.body)
            elif isinstance(node, FUNCTIONS) and not node.name.startswith("_"):
                yield Named("function", node.name, place)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name) and not target.id.startswith("_"):
                        yield Named("value", target.id, place)


MODULES = [Module(path) for path in sorted(APP.rglob("*.py"))]
