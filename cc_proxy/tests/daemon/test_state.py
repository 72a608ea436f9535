import sys
from pathlib import Path

import msgspec
import pytest

from cc_proxy.app.config import ClaudeSettings, Server, Settings
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import state
from cc_proxy.app.daemon.process.state import ProcessState, UnreadableStateError


def test_what_is_written_is_read(paths: Paths, a_state: ProcessState) -> None:
    state.write(paths, a_state)
    assert state.read(paths) == a_state
    assert state.read_pid(paths) == a_state.pid
    if sys.platform != "win32":
        assert paths.state_file.stat().st_mode & 0o777 == 0o600


def test_nothing_written_is_no_state(paths: Paths) -> None:
    assert state.read(paths) is None
    assert state.read(Paths(Path("/no/such/folder"), paths.log_dir)) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff\xfe", b"\0" * 100])
def test_a_broken_file_is_told_apart_from_none(paths: Paths, content: bytes) -> None:
    paths.state_file.write_bytes(content)
    with pytest.raises(UnreadableStateError, match="is broken"):
        state.read(paths)


@pytest.mark.posix_only("links that anybody may make")
def test_a_link_in_place_of_the_state_is_an_error(paths: Paths, tmp_path: Path) -> None:
    paths.state_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DaemonError, match="symbolic link"):
        state.read(paths)


def test_only_the_own_state_is_cleared(paths: Paths, a_state: ProcessState) -> None:
    state.write(paths, msgspec.structs.replace(a_state, instance_id="newer"))
    state.clear_own(paths, a_state.instance_id)
    assert paths.state_file.exists()
    state.clear_own(paths, "newer")
    assert not paths.state_file.exists()
    assert not paths.pid_file.exists()


def test_the_options_digest_leaves_the_address_out() -> None:
    elsewhere = Settings(server=Server(port=5000))
    assert state.options_digest(elsewhere) == state.options_digest(Settings())
    other = Settings(claude=ClaudeSettings(bin="other"))
    assert state.options_digest(other) != state.options_digest(Settings())


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:3456"),
        ("0.0.0.0", "http://127.0.0.1:3456"),  # noqa: S104 - the case under test
        ("::", "http://[::1]:3456"),
        ("fe80::1", "http://[fe80::1]:3456"),
    ],
)
def test_the_url_is_one_that_can_be_called(a_state: ProcessState, host: str, url: str) -> None:
    assert msgspec.structs.replace(a_state, host=host).url == url
