"""A key for each person of a team: its name, its limit, and what it may see."""

import asyncio
import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from cc_proxy.app.config import ClientKey, LoadedConfig, Server, Settings
from cc_proxy.app.gateway.http import auth
from cc_proxy.app.gateway.http.client_keys import ClientKeys

from .conftest import PATIENCE, Gateway, Upstream, body, done, line

OF_ALL = {"/health", "/activity", "/why", "/metrics", "/openapi.json"}
ALICE, BOB = "alices-key-0123456789", "bobs-key-9876543210123"


@pytest.fixture
def settings() -> dict[str, Any]:
    keys = {"alice": ClientKey(key=ALICE, max_in_flight=1), "bob": ClientKey(key=BOB)}
    return {"server": Server(auth_keys=keys)}


@contextmanager
def as_one(gateway: Gateway, key: str) -> Iterator[None]:
    before = gateway.client.headers["x-api-key"]
    gateway.client.headers["x-api-key"] = key
    try:
        yield
    finally:
        gateway.client.headers["x-api-key"] = before


async def get(gateway: Gateway, path: str, key: str | None = None) -> dict[str, Any]:
    headers = {"x-api-key": key} if key else {}
    async with gateway.client.get(gateway.url + path, headers=headers) as response:
        found: dict[str, Any] = await response.json()
        return found


async def ask(
    gateway: Gateway, key: str, session: str = ""
) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {"authorization": f"Bearer {key}", "X-Claude-Code-Session-Id": session}
    async with gateway.client.post(
        gateway.url + "/v1/messages", json=body(), headers=headers
    ) as response:
        return (
            response.status,
            await response.json(),
            {k.lower(): v for k, v in response.headers.items()},
        )


def held(upstream: Upstream) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the model answer only after the second event; the first is set when it is asked."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        asked.set()
        await go_on.wait()
        await response.write(line("Hello") + done())
        return response

    upstream.chat = chat
    return asked, go_on


async def test_each_key_is_known_by_its_name(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert (await ask(gateway, ALICE, "session-a"))[0] == 200
    assert (await ask(gateway, BOB, "session-b"))[0] == 200
    status, answer, _ = await ask(gateway, ALICE + "x")
    assert (status, answer["error"]["type"]) == (401, "authentication_error")
    lines = [
        record.getMessage() for record in caplog.records if " total_ms=" in record.msg % record.args
    ]
    assert ["key=alice" in lines[0], "key=bob" in lines[1], len(lines)] == [True, True, 2]
    activity = await get(gateway, "/activity")
    assert {one["id"]: one["key"] for one in activity["sessions"]} == {
        "session-a": "alice",
        "session-b": "bob",
    }
    health = await get(gateway, "/health")
    assert [(one["name"], one["requests"]) for one in health["keys"]] == [("alice", 1), ("bob", 1)]
    assert health["keys"][0]["last_used"] is not None


async def test_the_own_key_works_as_ever_and_has_no_name(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert (await gateway.ask())[0] == 200
    assert not [record for record in caplog.records if "key=" in record.getMessage()]
    assert [one["requests"] for one in (await get(gateway, "/health"))["keys"]] == [0, 0]


async def test_more_requests_than_a_key_may_have_get_a_429(
    gateway: Gateway, upstream: Upstream
) -> None:
    asked, go_on = held(upstream)
    first = asyncio.create_task(ask(gateway, ALICE))
    await asyncio.wait_for(asked.wait(), PATIENCE)
    status, answer, headers = await ask(gateway, ALICE)
    assert (status, answer["error"]["type"]) == (429, "rate_limit_error")
    assert (
        "The key of alice is at its limit: 1 of 1 requests in flight" in answer["error"]["message"]
    )
    assert (headers["retry-after"], headers["x-should-retry"]) == ("5", "true")
    assert headers["request-id"] == answer["request_id"]
    # It limits nobody else.
    others = [asyncio.create_task(ask(gateway, BOB)) for _ in range(3)]
    own = asyncio.create_task(gateway.ask())
    health = await get(gateway, "/health")
    assert health["keys"][0] | {"last_used": None} == {
        "name": "alice",
        "in_flight": 1,
        "max_in_flight": 1,
        "requests": 1,
        "refused": 1,
        "last_used": None,
    }
    go_on.set()
    assert [(await one)[0] for one in (first, *others, own)] == [200] * 5
    assert (await ask(gateway, ALICE))[0] == 200


async def test_a_client_that_leaves_makes_room(gateway: Gateway, upstream: Upstream) -> None:
    asked, go_on = held(upstream)
    first = asyncio.create_task(ask(gateway, ALICE))
    await asyncio.wait_for(asked.wait(), PATIENCE)
    first.cancel()
    await asyncio.wait_for(upstream.left.wait(), PATIENCE)
    go_on.set()
    # The handler ends before the connection to the upstream does.
    assert (await ask(gateway, ALICE))[0] == 200


async def test_a_name_sees_its_own_sessions_and_changes_nothing_for_others(
    gateway: Gateway,
) -> None:
    await ask(gateway, ALICE, "session-a")
    await ask(gateway, BOB, "session-b")
    with as_one(gateway, BOB):
        await gateway.ask(model="nope")
        activity = await get(gateway, "/activity")
        assert [one["id"] for one in activity["sessions"]] == ["session-b"]
        assert {one["key"] for one in activity["requests"]} == {"bob"}
        assert activity["errors"] == []
        health = await get(gateway, "/health")
        assert [one["name"] for one in health["keys"]] == ["bob"]
        assert health["last_error"] is None
        # Of all routes, so that a new one is among them.
        routes = {
            (route.method, route.resource.canonical)
            for route in gateway.app.router.routes()
            if route.resource is not None
        }
        assert {("POST", "/reload"), ("POST", "/capture")} <= routes
        closed = {
            (method, path)
            for method, path in routes - auth.OPEN
            if path not in OF_ALL and not path.startswith(("/v1/", "/api/"))
        }
        for method, path in sorted(closed):
            if method == "HEAD":  # has no body to say it in
                continue
            async with gateway.client.request(method, gateway.url + path) as response:
                answer = await response.json()
            assert (response.status, answer["error"]["type"]) == (403, "permission_error")
            assert "found the key of bob" in answer["error"]["message"]
    assert len((await get(gateway, "/activity"))["errors"]) >= 1


async def test_a_reload_adds_and_revokes_keys_and_cuts_no_answer(
    gateway: Gateway, upstream: Upstream
) -> None:
    asked, go_on = held(upstream)
    running = asyncio.create_task(ask(gateway, ALICE))
    await asyncio.wait_for(asked.wait(), PATIENCE)
    carol = ClientKey(key="carols-key-55555555", max_in_flight=3)
    before = gateway.shared.context.settings
    server = msgspec.structs.replace(
        before.server, auth_keys={"bob": before.server.auth_keys["bob"], "carol": carol}
    )
    gateway.shared.use(loaded(msgspec.structs.replace(before, server=server)))
    assert (await ask(gateway, ALICE))[0] == 401
    go_on.set()
    assert (await running)[0] == 200
    assert (await ask(gateway, "carols-key-55555555"))[0] == 200
    names = [one["name"] for one in (await get(gateway, "/health"))["keys"]]
    assert names == ["bob", "carol"]


def loaded(settings: Settings) -> LoadedConfig:
    return LoadedConfig(settings=settings, path=None, sources=(), origins={}, digest="new")


def test_a_name_that_stays_keeps_its_counts_and_the_new_limit_applies() -> None:
    keys = ClientKeys({"alice": ClientKey(key=ALICE)})
    with keys.admitted("alice"), keys.admitted("alice"):
        keys.use({"alice": ClientKey(key=BOB, max_in_flight=2)})
        assert keys.name_of(BOB.encode()) == "alice"
        assert keys.name_of(ALICE.encode()) is None
        (use,) = keys.uses()
        assert (use.in_flight, use.requests, use.max_in_flight) == (2, 2, 2)
        with pytest.raises(Exception, match="2 of 2 requests in flight"), keys.admitted("alice"):
            raise AssertionError
    (use,) = keys.uses()
    assert (use.in_flight, use.refused) == (0, 1)


def test_each_known_key_is_compared_whatever_was_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = ClientKeys({name: ClientKey(key=f"{name}-key-0123456789") for name in "abcd"})
    compared: list[bytes] = []
    compare_digest = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for offered in ("a-key-0123456789", "d-key-0123456789", "x"):
        compared.clear()
        keys.name_of(offered.encode())
        assert len(compared) == len("abcd")


async def test_a_named_key_asks_why_about_its_own_requests(gateway: Gateway) -> None:
    _, _, of_alice = await ask(gateway, ALICE, "shared-session")
    _, _, of_bob = await ask(gateway, BOB, "shared-session")
    name = of_alice["request-id"]
    async with gateway.client.get(
        f"{gateway.url}/why?request={name}", headers={"x-api-key": BOB}
    ) as response:
        assert response.status == 404
    found = await get(gateway, "/why", BOB)
    assert found["request"]["id"] == of_bob["request-id"]
    # The prompt of another person is not the one before it, whatever session it names.
    assert (found["previous"], found["prefix_break"]) == ("", None)
    assert (await get(gateway, f"/why?request={name}"))["request"]["id"] == name
