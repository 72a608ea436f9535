"""The page of `cc-proxy ui`: its files, its headers, and what lets a browser in."""

import re
from importlib.resources import files
from typing import Any

import pytest

from cc_proxy.app.gateway.http.page_access import MAX_TICKETS, TICKET_SECONDS, PageAccess
from cc_proxy.app.gateway.http.page_files import FILES

from .conftest import KEY, Gateway

FOLDER = files("cc_proxy") / "data" / "ui"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}


async def status(gateway: Gateway, method: str, path: str, key: str | None, **headers: str) -> int:
    sent = headers | ({"x-api-key": key} if key else {})
    gateway.client.headers.pop("x-api-key", None)
    async with gateway.client.request(method, gateway.url + path, headers=sent) as response:
        return response.status


async def asked(gateway: Gateway, path: str, key: str) -> dict[str, Any]:
    async with gateway.client.post(gateway.url + path, headers={"x-api-key": key}) as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        found: dict[str, Any] = await response.json()
        return found


async def page_key(gateway: Gateway) -> str:
    ticket = await asked(gateway, "/ui/ticket", KEY)
    assert ticket["seconds"] == TICKET_SECONDS
    return str((await asked(gateway, "/ui/key", ticket["ticket"]))["key"])


def test_every_file_of_the_folder_is_served() -> None:
    assert sorted(FILES.values()) == sorted(TEXTS)


async def test_the_files_need_no_key_and_say_what_a_browser_may_do(gateway: Gateway) -> None:
    gateway.client.headers.pop("x-api-key")
    for path in FILES:
        async with gateway.client.get(gateway.url + path) as response:
            assert response.status == 200
            headers = response.headers
            policy = headers["Content-Security-Policy"].split("; ")
            assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= {
                *policy
            }
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
    for path in ("/ui/", "/ui/../config.schema.json", "/ui/nothing.js"):
        assert await status(gateway, "GET", path, None) == 401
        assert await status(gateway, "GET", path, KEY) == 404


def test_the_page_takes_nothing_from_elsewhere_and_has_no_script_or_style_within() -> None:
    for name, text in TEXTS.items():
        addresses = set(re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\s\"']*", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    html = TEXTS["index.html"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]+src=)", html)


async def test_a_page_of_another_site_gets_neither_the_page_nor_a_key(gateway: Gateway) -> None:
    for method, path in [("GET", "/ui"), ("POST", "/ui/key"), ("POST", "/ui/ticket")]:
        for header in ({"Origin": "https://a.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert await status(gateway, method, path, KEY, **header) == 403
        assert await status(gateway, method, path, KEY, Host="a.example") == 403


async def test_a_ticket_works_once(gateway: Gateway) -> None:
    ticket = (await asked(gateway, "/ui/ticket", KEY))["ticket"]
    assert await status(gateway, "POST", "/ui/key", ticket) == 200
    assert await status(gateway, "POST", "/ui/key", ticket) == 401


async def test_only_who_has_the_proxys_key_gets_a_ticket(gateway: Gateway) -> None:
    key = await page_key(gateway)
    for wrong in (None, "wrong", key):
        assert await status(gateway, "POST", "/ui/ticket", wrong) == 401


async def test_the_key_of_the_page_shows_what_goes_on_and_opens_nothing_else(
    gateway: Gateway,
) -> None:
    key = await page_key(gateway)
    assert key != KEY
    assert await status(gateway, "GET", "/activity?upstream=0", key) == 200
    for method, path in [
        ("POST", "/v1/messages"),
        ("GET", "/v1/models"),
        ("GET", "/health"),
        ("GET", "/metrics"),
        ("POST", "/reload"),
        ("POST", "/preload"),
        ("POST", "/activity"),
        ("GET", "/v1/activity"),
        ("POST", "/ui/key"),
    ]:
        assert await status(gateway, method, path, key) == 401, path


def test_the_key_of_the_page_stays_after_a_restart_and_tells_nothing_of_the_other() -> None:
    first, again, other = PageAccess(KEY), PageAccess(KEY), PageAccess(KEY + "x")
    assert first.key == again.key
    assert first.key != other.key
    assert KEY not in first.key


def test_a_ticket_ends_by_itself() -> None:
    now = 0.0
    access = PageAccess(KEY, lambda: now)
    early, late = access.new_ticket(), access.new_ticket()
    now = TICKET_SECONDS
    assert access.opens("POST", "/ui/key", early.encode())
    now = TICKET_SECONDS + 1
    assert not access.opens("POST", "/ui/key", late.encode())


def test_many_tickets_that_nobody_uses_take_no_more_room() -> None:
    access = PageAccess(KEY)
    tickets = [access.new_ticket() for _ in range(3 * MAX_TICKETS)]
    assert not access.opens("POST", "/ui/key", tickets[0].encode())
    assert access.opens("POST", "/ui/key", tickets[-MAX_TICKETS].encode())


@pytest.mark.parametrize("path", ["/activity", "/ui/ticket", "/ui"])
def test_a_ticket_is_for_the_exchange_alone(path: str) -> None:
    access = PageAccess(KEY)
    assert not access.opens("GET", path, access.new_ticket().encode())
