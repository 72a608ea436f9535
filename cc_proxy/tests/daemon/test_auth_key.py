import re

import pytest

from cc_proxy.app.config import Server, Settings
from cc_proxy.app.daemon import auth_key
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths


def test_a_configured_key_is_the_key_and_is_not_written_down(paths: Paths) -> None:
    settings = Settings(server=Server(auth_key="chosen-key"))
    assert auth_key.effective(settings, paths).value == "chosen-key"
    assert not paths.key_file.exists()


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.posix_only("modes of files")
def test_without_one_a_key_is_made_once_and_kept_for_the_user_alone(paths: Paths) -> None:
    made = auth_key.effective(Settings(), paths)
    assert re.fullmatch(r"[\w-]{43}", made.value)
    assert made.notice is None
    assert auth_key.effective(Settings(), paths) == made
    assert paths.key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.posix_only("modes of files")
def test_a_key_that_others_could_read_is_closed_and_told(paths: Paths) -> None:
    made = auth_key.effective(Settings(), paths)
    paths.key_file.chmod(0o644)
    found = auth_key.effective(Settings(), paths)
    assert found.value == made.value
    assert found.notice is not None
    assert found.notice.code == "auth_key_was_open"
    assert paths.key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"two words", "something else"),
        (b"short", "something else"),
        (b"\xff" * 20, "something else"),
    ],
)
def test_a_file_without_a_key_is_an_error_that_does_not_show_it(
    paths: Paths, content: bytes, found: str
) -> None:
    paths.key_file.write_bytes(content)
    with pytest.raises(DaemonError, match=f"found {found}") as caught:
        auth_key.effective(Settings(), paths)
    assert caught.value.code == "auth_key_unusable"
    assert caught.value.hint is not None
    assert f"rm {paths.key_file}" in caught.value.hint
    assert content.strip() not in caught.value.message.encode() or not content.strip()


def test_asking_makes_no_key(paths: Paths) -> None:
    assert auth_key.known(Settings(), paths, {}) is None
    assert not paths.key_file.exists()


def test_with_a_broken_configuration_the_variable_and_the_file_still_count(paths: Paths) -> None:
    made = auth_key.effective(Settings(), paths)
    assert auth_key.known(None, paths, {}) == made.value
    assert auth_key.known(None, paths, {"CC_PROXY_AUTH_KEY": "variable"}) == "variable"


def test_others_are_not_let_in_with_a_generated_key() -> None:
    open_to_all = Server(host="0.0.0.0")  # noqa: S104 - the case under test
    with pytest.raises(DaemonError) as caught:
        auth_key.refuse_open_bind(Settings(server=open_to_all))
    assert caught.value.code == "insecure_bind"
    assert caught.value.exit_code == 2
    assert caught.value.hint is not None
    assert "CC_PROXY_AUTH_KEY" in caught.value.hint


@pytest.mark.parametrize("host", ["localhots.invalid", f"{'a' * 64}.invalid"])
def test_a_name_without_an_address_is_not_called_open(host: str) -> None:
    with pytest.raises(DaemonError) as caught:
        auth_key.refuse_open_bind(Settings(server=Server(host=host)))
    assert caught.value.code == "host_unknown"
    assert f"Expected {host} to be an address of this machine" in caught.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_short_key_is_the_users_business_on_loopback(host: str, paths: Paths) -> None:
    settings = Settings(server=Server(host=host, auth_key="dev-key"))
    assert auth_key.effective(settings, paths) == auth_key.AuthKey("dev-key")


def test_a_short_key_is_a_warning_where_others_can_reach_the_port(paths: Paths) -> None:
    settings = Settings(server=Server(host="192.0.2.1", auth_key="dev-key"))
    found = auth_key.effective(settings, paths)
    assert found.value == "dev-key"
    assert found.notice is not None
    assert found.notice.code == "short_key"
    assert "7 characters" in found.notice.message
    assert "192.0.2.1" in found.notice.message
    assert "dev-key" not in found.notice.message
    long = Settings(server=Server(host="192.0.2.1", auth_key="0123456789abcdef"))
    assert auth_key.effective(long, paths).notice is None


def test_a_chosen_key_or_loopback_is_enough() -> None:
    auth_key.refuse_open_bind(Settings(server=Server(host="0.0.0.0", auth_key="chosen-key")))  # noqa: S104
    auth_key.refuse_open_bind(Settings(server=Server(host="localhost")))
