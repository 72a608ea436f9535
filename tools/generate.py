"""Make the files that are generated from the code: `python -m tools.generate [--check]`.

With --check nothing is written, and the exit code is 1 if a file is out of date.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cc_proxy import __version__
from tools import contract, help_pages, json_schemas, manual, model_table, reference

ROOT = Path(__file__).parents[1]
FEATURE = ROOT / "devcontainer/src/cc-proxy/devcontainer-feature.json"


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each generated file: its path and its text."""
    yield ROOT / "cc_proxy/data/schemas.json", json_schemas.text()
    for name, text in reference.files().items():
        yield ROOT / "docs/reference" / name, text
    for name, text in manual.files().items():
        yield ROOT / "docs/man" / name, text
    yield ROOT / "cc_proxy/data/help.txt", help_pages.text()
    page = ROOT / "docs/explanation/what-is-lost.md"
    yield page, contract.page(page.read_text(encoding="utf-8"))
    page = ROOT / "docs/how-to/choose-a-model.md"
    yield page, model_table.page(page.read_text(encoding="utf-8"))
    # Of this one only the version is made; it has to stand there, as no build goes before its use.
    feature = FEATURE.read_text(encoding="utf-8")
    yield FEATURE, re.sub(r'(?<="version": ")[^"]+', __version__, feature, count=1)


def stale() -> dict[Path, str | None]:
    """Return what each file that is out of date is to have in it, None for one too many."""
    wanted = dict(generated())
    found: dict[Path, str | None] = {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for folder in {path.parent for path in wanted if path.parent.name == "man"}:
        found |= {path: None for path in folder.glob("*") if path not in wanted}
    return found


def main(arguments: list[str]) -> int:
    """Write what is out of date, or with --check only name it."""
    found = stale()
    for path, text in sorted(found.items()):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        if arguments == ["--check"]:
            continue
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return int(bool(found) and arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
