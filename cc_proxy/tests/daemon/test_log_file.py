import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.log import log_file
from cc_proxy.app.daemon.log.log_file import LogFile

Say = Callable[[str], None]


def record(message: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("name", level, "path", 1, message, None, None)


def handler(path: Path, max_bytes: int = 1000) -> LogFile:
    made = LogFile(path, max_bytes=max_bytes)
    made.setFormatter(logging.Formatter("%(message)s"))
    return made


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.posix_only("modes of files")
def test_the_file_is_for_the_user_alone_even_if_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    path.chmod(0o644)
    handler(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_file_makes_way_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    made = handler(path, max_bytes=10)
    for number in range(6):
        made.emit(record(f"line {number}"))
    made.close()
    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert kept == {
        "log": "line 5\n",
        "log.1": "line 4\n",
        "log.2": "line 3\n",
        "log.3": "line 2\n",
    }


@pytest.mark.posix_only("an open file that can be removed")
def test_a_file_that_is_removed_or_moved_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    made = handler(path)
    made.emit(record("one"))
    path.unlink()
    made.emit(record("two"))
    path.rename(tmp_path / "moved")
    made.emit(record("three"))
    made.close()
    assert path.read_text() == "three\n"
    assert (tmp_path / "moved").read_text() == "two\n"


def test_a_full_file_that_may_not_be_renamed_grows_on_and_the_older_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    made = handler(path, max_bytes=10)
    for number in range(3):
        made.emit(record(f"line {number}"))
    rename = Path.replace

    def held(self: Path, target: Path) -> Path:
        # As Windows has it while another program reads the file.
        if self == path:
            raise PermissionError(errno.EACCES, "in use")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", held)
        for number in range(3, 6):
            made.emit(record(f"line {number}"))
    made.emit(record("line 6"))
    made.close()
    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert kept == {
        "log": "line 6\n",
        "log.1": "line 2\nline 3\nline 4\nline 5\n",
        "log.2": "line 1\n",
        "log.3": "line 0\n",
    }


def test_lines_that_a_full_disk_lost_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    made = handler(path)

    def full(_handle: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        made.emit(record("lost"))
        made.emit(record("lost"))
    made.emit(record("written"))
    made.emit(record("next"))
    made.close()
    assert path.read_text() == "2 lines before the next one could not be written\nwritten\nnext\n"


@pytest.mark.parametrize("again", [False, True])
def test_a_line_that_a_full_disk_cut_is_not_glued_to_the_next_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    again: bool,  # noqa: FBT001 - of a table
) -> None:
    path = tmp_path / "log"
    made = handler(path)
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: write(handle, data[:4]))
        made.emit(record("half of this"))
    if again:  # the next start finds it so
        made.close()
        made = handler(path)
    made.emit(record("whole"))
    made.emit(record("next"))
    made.close()
    lost = "" if again else "1 lines before the next one could not be written\n"
    assert path.read_text() == f"half\n{lost}whole\nnext\n"


@pytest.mark.posix_only("named pipes in folders")
def test_a_pipe_in_place_of_the_log_is_an_error_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with pytest.raises(DaemonError, match="found something that is not a file"):
        handler(tmp_path / "log")


def test_a_log_that_cannot_be_opened_is_an_error_with_the_flag(tmp_path: Path) -> None:
    with pytest.raises(DaemonError) as caught:
        log_file.LogFile(tmp_path / "no" / "log")
    assert caught.value.hint is not None
    assert "--log-dir" in caught.value.hint
