"""Archives that are the same bytes wherever and whenever they are built.

setuptools writes the clock, the umask and the user of the building machine into them. All that
describes the package is in pyproject.toml.
"""

import gzip
import os
import shutil
import tarfile
import time
import zipfile
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.sdist import sdist

# https://reproducible-builds.org/specs/source-date-epoch/; without it 2020-01-01, as a zip file
# has no dates before 1980.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1577836800"))
FILE_MODE, FOLDER_MODE = 0o644, 0o755


class ReproducibleSdist(sdist):
    """An sdist without clock, umask and user."""

    def run(self) -> None:
        """Build it, then write it again."""
        super().run()
        for path in map(Path, self.archive_files):
            rewrite_tar(path)


class ReproducibleWheel(bdist_wheel):
    """A wheel of this tree alone, without clock and umask."""

    def run(self) -> None:
        """Build it from nothing, then write it again."""
        # An earlier build in this folder may have left modules there that are gone by now.
        shutil.rmtree(self.get_finalized_command("build").build_lib, ignore_errors=True)
        super().run()
        for command, _, path in self.distribution.dist_files:
            if command == "bdist_wheel":
                rewrite_zip(Path(path))


def rewrite_tar(path: Path) -> None:
    """Write a .tar.gz again with its members sorted and nothing of the building machine in it."""
    beside = path.with_name(f"{path.name}.new")
    with (
        tarfile.open(path) as old,
        beside.open("wb") as raw,
        gzip.GzipFile("", "wb", mtime=EPOCH, fileobj=raw) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, EPOCH
            plain.mode = FOLDER_MODE if member.isdir() else FILE_MODE
            new.addfile(plain, old.extractfile(member))
    beside.replace(path)


def rewrite_zip(path: Path) -> None:
    """Write a wheel again with one date and one mode for all; its order is sorted already."""
    beside = path.with_name(f"{path.name}.new")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            plain = zipfile.ZipInfo(name, time.gmtime(EPOCH)[:6])
            plain.compress_type = zipfile.ZIP_DEFLATED
            plain.create_system = 3  # Unix, also where it is built on Windows
            plain.external_attr = (0o100000 | FILE_MODE) << 16
            new.writestr(plain, old.read(name))
    beside.replace(path)


setup(cmdclass={"sdist": ReproducibleSdist, "bdist_wheel": ReproducibleWheel})
