import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_proxy.app import private_files
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.private_files import NotPrivateError


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.posix_only("modes of files")
def test_what_is_written_is_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    private_files.replace(path, b"one")
    private_files.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "write", [private_files.open_to_append, private_files.open_to_lock, private_files.read]
)
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
    private_files.replace(link, b"new")
    assert target.read_text() == "untouched"
    assert not link.is_symlink()


def test_a_full_disk_leaves_no_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(DaemonError, match="found a full disk") as caught,
        explained(tmp_path / "file", "--state-dir"),
    ):
        private_files.replace(tmp_path / "file", b"data")
    assert list(tmp_path.iterdir()) == []
    assert caught.value.hint == "Free some space, or name another folder with --state-dir."


OPENING = [private_files.open_to_append, private_files.open_to_lock, private_files.read]
needs_modes = pytest.mark.posix_only("owners and modes of files")


@pytest.mark.parametrize("opening", OPENING)
@pytest.mark.posix_only("named pipes in folders")
def test_a_named_pipe_in_place_of_a_file_does_not_block(
    tmp_path: Path, opening: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotPrivateError, match="something that is not a file"):
        opening(tmp_path / "pipe")


@pytest.mark.parametrize("opening", OPENING)
@needs_modes
def test_another_users_file_is_not_believed_nor_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opening: Callable[[Path], object]
) -> None:
    path = tmp_path / "file"
    path.write_text("planted")
    if os.getuid() == 0:
        os.chown(path, 1234, -1)
        path.chmod(0o666)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(NotPrivateError) as caught:
        opening(path)
    assert str(path.stat().st_uid) in caught.value.found
    assert caught.value.fix == f"Remove it: rm {path}"
    assert path.read_text() == "planted"


@needs_modes
def test_the_name_of_the_user_whose_it_is_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    if os.getuid() == 0:
        os.chown(tmp_path / "file", 1, -1)
    import pwd  # noqa: PLC0415 - Windows has none

    name = pwd.getpwuid((tmp_path / "file").stat().st_uid).pw_name
    with pytest.raises(NotPrivateError, match=f"a file of the user {name} "):
        private_files.read(tmp_path / "file")


@needs_modes
def test_what_every_user_can_write_to_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("planted")
    path.chmod(0o666)
    with pytest.raises(NotPrivateError, match=r"every user can write to \(mode 0666\)") as caught:
        private_files.read(path)
    assert caught.value.fix.endswith(f"chmod 600 {path}")


@pytest.mark.parametrize("opening", OPENING)
@pytest.mark.parametrize("mode", [0o644, 0o660])
@needs_modes
def test_what_others_could_read_is_for_the_user_alone_from_then_on(
    tmp_path: Path, opening: Callable[[Path], object], mode: int
) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    handle = opening(path)
    if isinstance(handle, int):
        os.close(handle)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o700, False), (0o770, False), (0o1777, False), (0o777, True)]
)
@needs_modes
def test_a_folder_in_which_others_could_replace_files_is_refused(
    tmp_path: Path,
    mode: int,
    refused: bool,  # noqa: FBT001 - a column of the table
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    if not refused:
        private_files.check_folder(folder)
        return
    with pytest.raises(DaemonError) as caught, explained(folder, "--state-dir"):
        private_files.check_folder(folder)
    assert "every user can write to (mode 0777)" in caught.value.message
    assert caught.value.hint == (
        f"Take it away from others: chmod 700 {folder}, or name another folder with --state-dir."
    )


@needs_modes
def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    if os.getuid() == 0:
        os.chown(tmp_path, 1234, -1)
    with pytest.raises(NotPrivateError, match="a folder of the user") as caught:
        private_files.check_folder(tmp_path)
    assert caught.value.fix == f"Make it yours: sudo chown 4242 {tmp_path}"


@pytest.mark.posix_only("files that can be cut while they are open")
def test_what_is_added_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    private_files.append(path, b"one\n")
    write = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) <= 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data[:2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            private_files.append(path, b"two\n")
    private_files.append(path, b"three\n")
    assert path.read_bytes() == b"one\nthree\n"


@pytest.mark.parametrize(
    "change", [lambda path: private_files.replace(path, b"new"), private_files.remove]
)
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
    monkeypatch.setattr(private_files, "_READING_HOLDS", True)
    change(path)
    assert held == []
    assert not path.exists() or path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] in ([], ["file"])
    held.append("no permission at all")
    monkeypatch.setattr(private_files, "_READING_HOLDS", False)
    with pytest.raises(PermissionError):
        change(path)


def test_the_file_or_the_folder_that_is_in_the_way_is_named(tmp_path: Path) -> None:
    there, missing = tmp_path / "there", tmp_path / "missing"
    there.touch()
    for path, named in ((there, f"{there} a file"), (missing, f"{tmp_path} a folder")):
        with pytest.raises(DaemonError) as caught, explained(path, "--state-dir"):
            raise PermissionError(errno.EACCES, "denied")
        assert caught.value.hint == (
            f"Make {named} you can write to, or name another folder with --state-dir."
        )
