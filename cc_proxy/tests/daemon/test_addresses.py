import pytest

from cc_proxy.app.addresses import is_loopback, to_bind, to_connect, url


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LocalHost", "::ffff:127.0.0.1"]
)
def test_loopback_is_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost", "LocalHost"])
def test_localhost_is_asked_at_the_address_that_every_machine_has(host: str) -> None:
    assert to_bind(host) == to_connect(host) == "127.0.0.1"
    assert url(host, 1) == "http://127.0.0.1:1"


def test_any_other_address_is_bound_as_it_is_and_asked_where_it_can_be() -> None:
    assert (to_bind("0.0.0.0"), to_connect("0.0.0.0")) == ("0.0.0.0", "127.0.0.1")  # noqa: S104
    assert (to_bind("::"), to_connect("::")) == ("::", "::1")
    assert (to_bind("gpu.lan"), to_connect("gpu.lan")) == ("gpu.lan", "gpu.lan")


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.5", "localhost.example.com", "::ffff:10.0.0.1", "128.0.0.1"],  # noqa: S104
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)
