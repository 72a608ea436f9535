import errno
import os
import socket
import sys

import pytest

from cc_proxy.app.control import health
from cc_proxy.app.daemon.process import listeners, ports
from cc_proxy.app.daemon.process.listeners import Listener

OWN = os.getuid() if sys.platform != "win32" else 0
NOBODY = 4_294_967_000  # a user id without a name

if sys.platform == "linux":  # where /proc tells

    def test_who_listens_is_named_with_its_command() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            found = listeners.find("127.0.0.1", listening.getsockname()[1])
        assert found is not None
        assert str(found).startswith(f"pid {os.getpid()} (")

    def test_a_listener_on_ipv6_is_found_too() -> None:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
            assert listeners.find("::1", listening.getsockname()[1]) is not None

    def test_a_port_that_nobody_has_has_no_listener() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        assert listeners.find("127.0.0.1", port) is None


def test_a_port_in_use_names_its_holder_and_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        found = ports.bind_error(OSError(errno.EADDRINUSE, "in use"), "127.0.0.1", port)
    assert found.code == "port_in_use"
    assert found.exit_code == 1
    if sys.platform == "linux":
        assert f"in use by pid {os.getpid()}" in found.message
    assert found.hint is not None
    assert "--port" in found.hint


@pytest.mark.parametrize(
    ("error", "port", "code"),
    [
        (OSError(errno.EADDRNOTAVAIL, "x"), 3456, "address_not_available"),
        (PermissionError(errno.EACCES, "x"), 80, "port_not_permitted"),
        (socket.gaierror(-2, "x"), 3456, "host_unknown"),
        (OSError(errno.EMFILE, "Too many open files"), 3456, "bind_failed"),
    ],
)
def test_other_reasons_have_their_own_code(error: OSError, port: int, code: str) -> None:
    found = ports.bind_error(error, "192.0.2.1", port)
    assert found.code == code
    assert found.hint is not None


@pytest.mark.parametrize(
    ("found", "is_cc_proxy", "described"),
    [
        (None, False, "another program"),
        (None, True, "a cc-proxy with another state folder"),
        (Listener(OWN, 7, ("nc", "-l")), False, "pid 7 (nc -l)"),
        (Listener(OWN, 7, ("x",)), True, "a cc-proxy with another state folder (pid 7)"),
        (Listener(NOBODY), False, f"a program of the user {NOBODY}"),
        (Listener(NOBODY), True, f"the cc-proxy of the user {NOBODY}"),
    ],
)
def test_who_has_a_port_is_described(
    monkeypatch: pytest.MonkeyPatch, found: Listener | None, *, is_cc_proxy: bool, described: str
) -> None:
    monkeypatch.setattr(listeners, "find", lambda *_: found)
    monkeypatch.setattr(health, "is_cc_proxy", lambda *_: is_cc_proxy)
    assert ports.occupant("localhost", 3456) == described
    error = ports.bind_error(OSError(errno.EADDRINUSE, "in use"), "localhost", 3456)
    assert error.message.endswith(f"found it in use by {described}.")
    assert error.hint is not None
    assert ("--port 3457" in error.hint, "CC_PROXY_PORT" in error.hint) == (True, True)
    # Another person's program is not for us to end.
    if found is not None and found.uid == NOBODY:
        assert error.hint.startswith("To use another port: ")
        assert "stop" not in error.hint


def test_the_command_that_stops_a_cc_proxy_of_ours_has_its_state_folder() -> None:
    words = ("python", "-m", "cc_proxy.app.daemon.child", "--state-dir", "/a b", "--log-dir", "/l")
    assert Listener(OWN, 7, words).state_dir == "/a b"
    assert Listener(OWN, 7, words[:4]).state_dir is None
    assert Listener(OWN, 7).state_dir is None


if sys.platform == "linux":

    def test_a_listener_on_one_loopback_address_is_not_taken_for_one_on_the_other() -> None:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
            assert listeners.find("127.0.0.1", listening.getsockname()[1]) is None
        with socket.create_server(("127.0.0.1", 0)) as listening:
            assert listeners.find("::1", listening.getsockname()[1]) is None
