import errno
import os
import socket
import sys

import pytest

from cc_proxy.app.daemon.process import ports

if sys.platform == "linux":  # where /proc tells

    def test_who_listens_is_named_with_its_command() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            found = ports.listener("127.0.0.1", listening.getsockname()[1])
        assert found is not None
        assert found.startswith(f"pid {os.getpid()} (")

    def test_a_listener_on_ipv6_is_found_too() -> None:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
            assert ports.listener("::1", listening.getsockname()[1]) is not None

    def test_a_port_that_nobody_has_has_no_listener() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        assert ports.listener("127.0.0.1", port) is None


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
