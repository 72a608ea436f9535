import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_proxy.app.daemon import files
from cc_proxy.app.daemon.errors import DaemonError


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.posix_only("modes of files")
def test_what_is_written_is_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.replace(path, b"one")
    files.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [files.open_to_append, files.open_to_lock, files.read])
@pytest.mark.posix_only("links that anybody may make")
def test_a_symbolic_link_is_not_followed(tmp_path: Path, write: Callable[[Path], object]) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("untouched")
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        write(link)
    assert target.read_text() == "untouched"


@pytest.mark.posix_only("links that anybody may make")
def test_a_link_is_replaced_not_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("untouched")
    link.symlink_to(target)
    files.replace(link, b"new")
    assert target.read_text() == "untouched"
    assert not link.is_symlink()


def test_a_full_disk_leaves_no_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(DaemonError, match="found a full disk") as caught,
        files.explained(tmp_path / "file", "--state-dir"),
    ):
        files.replace(tmp_path / "file", b"data")
    assert list(tmp_path.iterdir()) == []
    assert caught.value.hint == "Free some space, or name another folder with --state-dir."


@pytest.mark.posix_only("named pipes in folders")
def test_a_named_pipe_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a file"):
        files.read(tmp_path / "pipe")


@pytest.mark.posix_only("numbers of users")
def test_another_users_file_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("planted")
    os.chown(tmp_path / "file", os.getuid(), -1)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    if os.getuid() == 0:
        os.chown(tmp_path / "file", 1234, -1)
    with pytest.raises(files.ForeignFileError):
        files.read(tmp_path / "file")


@pytest.mark.parametrize("change", [lambda path: files.replace(path, b"new"), files.remove])
def test_a_file_that_is_read_just_now_can_be_changed_where_that_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    held = ["once", "twice"]

    def windows(real: Callable[..., object]) -> Callable[..., object]:
        def asked(self: Path, *arguments: object, **named: object) -> object:
            if held:
                held.pop()
                raise PermissionError(errno.EACCES, "used by another process")
            return real(self, *arguments, **named)

        return asked

    monkeypatch.setattr(Path, "replace", windows(Path.replace))
    monkeypatch.setattr(Path, "unlink", windows(Path.unlink))
    monkeypatch.setattr(files, "_READING_HOLDS", True)
    change(path)
    assert held == []
    assert not path.exists() or path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] in ([], ["file"])
    held.append("no permission at all")
    monkeypatch.setattr(files, "_READING_HOLDS", False)
    with pytest.raises(PermissionError):
        change(path)


def test_the_file_or_the_folder_that_is_in_the_way_is_named(tmp_path: Path) -> None:
    there, missing = tmp_path / "there", tmp_path / "missing"
    there.touch()
    for path, named in ((there, f"{there} a file"), (missing, f"{tmp_path} a folder")):
        with pytest.raises(DaemonError) as caught, files.explained(path, "--state-dir"):
            raise PermissionError(errno.EACCES, "denied")
        assert caught.value.hint == (
            f"Make {named} you can write to, or name another folder with --state-dir."
        )
