"""Reading a file that the user has named, with an error that says why it cannot be read."""

import os
import stat
from pathlib import Path

from cc_proxy.app import private_files
from cc_proxy.app.config.errors import ConfigError, Problem
from cc_proxy.app.config.yaml_file.excerpt import SourceText
from cc_proxy.app.private_files import obstacle

LARGEST_FILE = 1024 * 1024


def read(path: Path, *, named_by: str, is_named: bool = True) -> str:
    """Return a configuration file's text without a byte order mark.

    `named_by` is the flag, variable or place that led to the file. One that is only found
    (`is_named`: False) must be of this user or of root. Raises ConfigError.
    """
    if not is_named and (owner := private_files.foreign_owner(path)):
        problem = Problem(
            where=named_by,
            what=f"{path} belongs to {owner}",
            expected="a file of your own, or of root",
            fix=f"make it yours: sudo chown {os.geteuid()} {path}; or name it: --config {path}",
        )
        raise ConfigError([problem])
    return _decoded(content(path, named_by=named_by, wanted="a configuration file"), path)


def content(path: Path, *, named_by: str, wanted: str) -> bytes:
    """Return what is in a file that the user has named, 1 MiB at most.

    `wanted` says in an error what the file should be. Raises ConfigError with one problem, which
    shows nothing of the content.
    """

    def unusable(what: str, fix: str) -> ConfigError:
        expected = f"{wanted} that can be read"
        problem = Problem(where=named_by, what=f"{path} {what}", expected=expected, fix=fix)
        return ConfigError([problem])

    try:
        status = path.stat()
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            fix = "name a file; container tools make a folder where a file to mount is missing"
            raise unusable("is a folder", fix)
        # A pipe would block, and be empty for the background process. /dev/null is fine.
        if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            raise unusable("is not a regular file", "name a regular file")
        if private_files.is_of_everybody(status):
            fix = f"if nobody else has written to it: chmod 600 {path}"
            raise unusable(f"can be written to by every user (mode {mode & 0o7777:04o})", fix)
        with path.open("rb") as file:
            found = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        fix = f"create the file, or name another one with {named_by}"
        raise unusable("does not exist", fix) from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        fix = "make it readable for the user that runs cc-proxy"
        if (folder := obstacle(path)) != path.parent or not os.access(folder, os.X_OK):
            fix = f"make {folder} a folder that this user can read, or name a file with --config"
        raise unusable(f"cannot be read: {reason}", fix) from error
    if len(found) > LARGEST_FILE:
        raise unusable("is larger than 1 MiB", f"name {wanted}")
    return found


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()  # all before the first bad byte is UTF-8
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        source = SourceText(error.object.decode(errors="replace"))
        problem = Problem(
            where=f"{path}:{line + 1}:{column + 1}",
            what="not UTF-8",
            excerpt=source.excerpt(line, column),
            expected="a file in UTF-8",
            found=f"the byte 0x{error.object[error.start]:02X}",
            fix="save the file as UTF-8",
        )
        raise ConfigError([problem]) from error
