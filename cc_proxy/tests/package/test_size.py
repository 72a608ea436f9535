"""What an installation takes on the disk."""

import re
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BLOCK = 4096
# 13.93 MB are aiohttp and the others; 3.86 are 600 modules in blocks, after setup.py has left out
# what only the source is read for.
MOST_BYTES = 17_900_000
MOST_PACKAGES = 16


def on_disk(sizes: Iterable[int]) -> int:
    return sum(-(-size // BLOCK) * BLOCK for size in sizes)


def needed() -> list[str]:
    """Return the names of what is installed beside the package."""
    locked = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    return re.findall(r"^([\w.-]+)==", locked, re.MULTILINE)


@pytest.mark.xdist_group("dist")
@pytest.mark.skipif(sys.platform != "linux", reason="measured where the libraries are largest")
def test_the_package_and_all_that_it_needs_take_no_more_than_17_9_mb(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        own = [entry.file_size for entry in archive.infolist() if ".data/" not in entry.filename]
    taken = {"cc-proxy": on_disk(own)}
    for name in needed():
        try:
            found = distribution(name)
        except PackageNotFoundError:  # for another Python or another system
            continue
        paths = [Path(str(found.locate_file(file))) for file in found.files or ()]
        inside = [path for path in paths if path.suffix != ".pyc" and path.exists()]
        taken[name] = on_disk(path.stat().st_size for path in inside)
    assert len(taken) <= MOST_PACKAGES
    assert sum(taken.values()) <= MOST_BYTES, taken
