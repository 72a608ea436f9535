"""A web page reaches nothing: not by another site's request, and not by DNS rebinding."""

from itertools import product
from typing import Any

import pytest

from cc_proxy.app.gateway.http.browser import is_own_name
from cc_proxy.tests.gateway.conftest import KEY

from .conftest import Door

OPEN = [("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello")]
REBOUND = [
    "evil.example",
    "evil.example:3456",
    "EVIL.EXAMPLE",
    "127.0.0.1.nip.io",
    "evil.example.",
]
OWN = [
    "127.0.0.1",
    "127.0.0.1:3456",
    "localhost",
    "LOCALHOST:80",
    "localhost.",
    "cc-proxy.localhost",
    "[::1]",
    "[::1]:3456",
    "192.168.1.7:3456",
    "host.docker.internal:3456",
    "host.containers.internal",
    "cc-proxy:3456",
    "cc_proxy",
    "gpu-box",
]
PAGES = [
    ("Origin", "https://evil.example"),
    ("Origin", "null"),
    ("Origin", ""),
    ("Origin", "http://localhost:3000"),
    ("Origin", "http://127.0.0.1.evil.example"),
    ("Origin", "chrome-extension://abcdef"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Site", "same-site"),
    ("Sec-Fetch-Site", "new-word"),
]


@pytest.mark.parametrize("key", [KEY, None])
async def test_a_strange_host_is_refused_and_told_what_to_do(door: Door, key: str | None) -> None:
    everything = [*OPEN, ("POST", "/v1/messages"), ("GET", "/health")]
    for host, (method, target) in product(REBOUND, everything):
        answer = await door.ask(method, target, host=host, key=key)
        assert answer.status == 403
        if method != "HEAD":
            assert answer.error["type"] == "permission_error"
            assert "server.allowed_hosts" in answer.error["message"]
    assert door.upstream.bodies == []


async def test_a_host_that_is_none_is_refused(door: Door) -> None:
    for host in (
        "",
        " ",
        "a b",
        "user@127.0.0.1",
        "127.0.0.1/x",
        "[::1",
        "[evil.example]",
        "a:b:c",
    ):
        assert (await door.ask("GET", "/health", host=host)).status in (400, 403), host


async def test_a_name_that_no_page_can_have_is_answered(door: Door) -> None:
    for host in OWN:
        assert (await door.ask(host=host)).status == 200, host


@pytest.mark.parametrize(
    "name", ["2130706433", "0x7f000001", "127.1", "017700000001", "com.evil", "", ".", "..", "a."]
)
def test_an_address_in_disguise_is_no_name(name: str) -> None:
    assert is_own_name(name) is (name == "a.")


class TestAllowedHosts:
    @pytest.fixture
    def server_settings(self) -> dict[str, Any]:
        return {"allowed_hosts": ("proxy.example.com", "*.home.arpa")}

    async def test_a_configured_name_is_answered(self, door: Door) -> None:
        expected = {
            "proxy.example.com": 200,
            "Proxy.Example.com:80": 200,
            "a.home.arpa": 200,
            "a.b.home.arpa": 200,
            "home.arpa": 403,
            "evilhome.arpa": 403,
            "example.com": 403,
            "x.proxy.example.com": 403,
        }
        found = {host: (await door.ask(host=host)).status for host in expected}
        assert found == expected


@pytest.mark.parametrize(("name", "value"), PAGES)
async def test_a_page_is_refused_even_with_the_key(door: Door, name: str, value: str) -> None:
    for method, target in [("GET", "/"), ("POST", "/v1/messages"), ("OPTIONS", "/v1/messages")]:
        answer = await door.ask(method, target, f"{name}: {value}")
        assert answer.status == 403
        assert "web pages" in answer.error["message"]
        assert not [header for header in answer.headers if header.startswith("access-control")]
    assert door.upstream.bodies == []


@pytest.mark.parametrize(
    "headers",
    [
        ["Sec-Fetch-Mode: cors"],  # what fetch() of Node.js sends
        ["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"],
        ["Origin: http://127.0.0.1"],
    ],
)
async def test_a_program_is_no_page(door: Door, headers: list[str]) -> None:
    assert (await door.ask("POST", "/v1/messages", *headers)).status == 200


async def test_no_answer_has_a_cors_header(door: Door) -> None:
    for method, target in [*OPEN, ("GET", "/health"), ("OPTIONS", "/v1/messages")]:
        answer = await door.ask(method, target)
        assert not [header for header in answer.headers if header.startswith("access-control")]


async def test_a_page_learns_nothing_about_the_key(door: Door) -> None:
    page = "Origin: https://evil.example"
    right, wrong = [await door.ask("GET", "/health", page, key=key) for key in (KEY, "another-key")]
    assert right.error == wrong.error
