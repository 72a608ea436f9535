"""The cases: what a model wrote, and what is to come of it."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_OWN = Path(__file__).parents[2] / "cc_proxy/tests/translate/rescue"

Tools = dict[str, dict[str, Any]]
Call = tuple[str, dict[str, Any]]

# The whole calls of which the `maimed` cases lost one mark.
_WHOLE: dict[str, dict[str, Any]] = {
    "Bash": {"command": "ls -la vendor", "description": "List it"},
    "Edit": {
        "file_path": "a/b.kt",
        "old_string": "val x = 1",
        "new_string": "val x = 2",
        "replace_all": True,
    },
    "Read": {"file_path": "/srv/ledger/src/booking.rs", "offset": 120, "limit": 60},
}


@dataclass(frozen=True, slots=True)
class Case:
    """One answer of a model.

    `tier`: `main` has one reading; `wish` is a judgement; `look` must stay text; `maimed` lost one
    mark, so it is the call as it was, or text. `calls` are the wanted ones. `read` is what the
    model has read before. `half` (0 or 1) parts the cases by their names: the rules are made on
    the first, the second only shows whether they hold.
    """

    name: str
    tier: str
    text: str
    calls: tuple[Call, ...]
    thinking: str = ""
    native: Call | None = None
    read: str = ""

    @property
    def half(self) -> int:
        """The half of the corpus that this case belongs to."""
        return zlib.crc32(self.name.encode()) & 1


def tools() -> Tools:
    """Return the declared tools: name -> JSON schema of the arguments."""
    return _load(_HERE / "tools.json")


def own_tools() -> Tools:
    """Return the tools of the own corpus, which wants arguments as they were written."""
    return {
        name: {key: value for key, value in schema.items() if key != "additionalProperties"}
        for name, schema in _load(_OWN / "tools.json").items()
    }


def sample() -> list[Case]:
    """Return the sample of fresh model outputs, what only Ollama's own parser sees left out."""
    return [case for case in _from("sample.jsonl") if not case.name.startswith("Ollama's parser")]


def fresh() -> list[Case]:
    """Return the cases that were written after the rules, in kinds that nobody had in mind."""
    return list(_from("fresh.jsonl"))


def heldout() -> list[Case]:
    """Return the cases of somebody who knows how models write, and had not read the rules."""
    return list(_from("heldout.jsonl"))


def second() -> list[Case]:
    """Return more such cases, of which nobody saw a single one until the rules were done."""
    return list(_from("heldout2.jsonl"))


def own() -> list[Case]:
    """Return the repository's own corpus."""
    found = [
        Case(entry["name"], "main", entry["text"], _calls(entry["calls"]))
        for entry in json.loads((_OWN / "calls.json").read_text("utf-8"))
    ]
    for name, block in _blocks("wild.txt"):
        text, _, calls = block.rpartition("\n--- ")
        found.append(Case(name, "main", text, _calls(json.loads(calls))))
    found += [Case(name, "look", text, ()) for name, text in _blocks("lookalikes.txt")]
    return found


def _from(name: str) -> Iterator[Case]:
    inputs = _load(_HERE / "inputs.json")
    for line in (_HERE / name).read_text("utf-8").splitlines():
        entry = json.loads(line)
        given = inputs.get(entry["name"], entry)
        native = given.get("native")
        calls = _calls(entry["want"] or ())
        if entry["tier"] == "maimed":
            tool = next(tool for tool in _WHOLE if f"{tool}, without" in entry["name"])
            calls = ((tool, _WHOLE[tool]),)
        yield Case(
            name=entry["name"],
            tier=entry["tier"],
            text=entry["text"],
            calls=calls,
            thinking=given.get("thinking", ""),
            native=(native[0], native[1]) if native else None,
            read=given.get("read", ""),
        )


def _calls(found: Any) -> tuple[Call, ...]:  # noqa: ANN401 - JSON
    return tuple((name, arguments) for name, arguments in found)


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def _blocks(name: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of a file in which `=== name` begins each."""
    for block in ("\n" + (_OWN / name).read_text("utf-8")).split("\n=== ")[1:]:
        title, _, text = block.partition("\n")
        yield title, text
