"""Who asks, read from the headers that Claude Code 2.1.332 and 2.1.197 send."""

import json
import logging
from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.config import RequestClasses
from cc_proxy.app.gateway.scheduling.caller import (
    MAX_ID,
    Priority,
    RequestClass,
    SmallTask,
    caller,
)

from .conftest import Gateway, Upstream, body

SESSION = {"X-Claude-Code-Session-Id": "s"}
MONITOR = "security monitor for autonomous AI coding agents"
AGENT = {"x-claude-code-agent-id": "a1"}
READ = {"name": "Read", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
TOOLS = msgspec.Raw(b'[{"name": "Read", "input_schema": {}}]')


def hints(kind: str, waits: str | None = None) -> dict[str, str]:
    more = {} if waits is None else {"x-claude-1p-request-class": waits}
    return {**SESSION, "x-claude-code-request-class": kind, **more}


def asked(tools: msgspec.Raw = TOOLS) -> MessagesRequest:
    return MessagesRequest("m", [], tools=tools)


@pytest.mark.parametrize(
    ("headers", "kind", "priority", "side"),
    [
        (hints("main", "main"), RequestClass.MAIN, Priority.PERSON, False),
        (hints("compaction", "main"), RequestClass.COMPACTION, Priority.PERSON, False),
        (hints("auxiliary", "main"), RequestClass.AUXILIARY, Priority.PERSON, True),
        (
            hints("auxiliary", "summary-extraction"),
            RequestClass.AUXILIARY,
            Priority.BACKGROUND,
            True,
        ),
        (
            hints("subagent", "blocking-subagent") | AGENT,
            RequestClass.SUBAGENT,
            Priority.SUBAGENT,
            True,
        ),
        (hints("workflow", "background-task"), RequestClass.WORKFLOW, Priority.BACKGROUND, True),
        (hints("auxiliary"), RequestClass.AUXILIARY, Priority.BACKGROUND, True),
        (hints("workflow"), RequestClass.WORKFLOW, Priority.SUBAGENT, True),
        (hints("of tomorrow", "of tomorrow"), RequestClass.MAIN, Priority.PERSON, False),
    ],
)
def test_the_hint_headers_say_who_asks(
    headers: dict[str, str], kind: RequestClass, priority: Priority, *, side: bool
) -> None:
    who = caller(headers, asked(), only_searches=False)
    assert (who.kind, who.priority, who.side) == (kind, priority, side)


@pytest.mark.parametrize(
    ("headers", "tools", "searches", "kind", "priority"),
    [
        (SESSION, TOOLS, False, RequestClass.MAIN, Priority.PERSON),
        (SESSION, msgspec.Raw(b"[]"), False, RequestClass.AUXILIARY, Priority.BACKGROUND),
        (SESSION, TOOLS, True, RequestClass.AUXILIARY, Priority.BACKGROUND),
        (SESSION | AGENT, TOOLS, False, RequestClass.SUBAGENT, Priority.SUBAGENT),
        (SESSION | AGENT, msgspec.Raw(b"null"), False, RequestClass.SUBAGENT, Priority.SUBAGENT),
    ],
)
def test_without_them_the_other_headers_and_the_tools_say_it(
    headers: dict[str, str],
    tools: msgspec.Raw,
    kind: RequestClass,
    priority: Priority,
    *,
    searches: bool,
) -> None:
    who = caller(headers, asked(tools), only_searches=searches)
    assert (who.kind, who.priority) == (kind, priority)


def test_a_long_id_is_cut_where_it_comes_in() -> None:
    long = {"X-Claude-Code-Session-Id": "s" * 8000, "x-claude-code-agent-id": "a" * 8000}
    found = caller(long, asked(), only_searches=False)
    assert (found.session, found.agent) == ("s" * MAX_ID, "a" * MAX_ID)


def test_another_client_is_of_no_class_whatever_it_says() -> None:
    who = caller({"x-claude-code-request-class": "auxiliary"}, asked(), only_searches=False)
    assert (who.kind, who.priority, who.side) == (None, Priority.PERSON, False)


@pytest.fixture
def settings() -> dict[str, Any]:
    classes = RequestClasses(
        subagent="helper",
        auxiliary="small",
        web_search="searcher",
        auto_mode="judge",
        compaction="summarizer",
    )
    return {"request_classes": classes, "aliases": {"small": "tiny"}}


@pytest.mark.parametrize(
    ("headers", "tools", "model"),
    [
        (hints("main"), [], "m"),
        (hints("compaction"), [READ], "summarizer"),
        (hints("auxiliary"), [], "tiny"),
        (hints("auxiliary"), [SEARCH], "searcher"),
        (SESSION, [SEARCH], "searcher"),
        (hints("auxiliary"), [READ], "m"),
        (hints("subagent") | AGENT, [READ], "helper"),
        (hints("workflow"), [READ], "helper"),
        (SESSION | AGENT, [READ], "helper"),
        (SESSION, [], "tiny"),
        ({}, [], "m"),
    ],
)
async def test_a_class_can_have_a_model_of_its_own(
    gateway: Gateway, upstream: Upstream, headers: dict[str, str], tools: Any, model: str
) -> None:
    url = gateway.url + "/v1/messages"
    async with gateway.client.post(url, json=body(tools=tools), headers=headers) as done:
        assert done.status == 200
        assert (await done.json())["model"] == "m", "the client gets the name that it asked for"
    assert upstream.bodies[-1]["model"] == model


async def test_the_class_stands_in_the_line_of_the_request(gateway: Gateway, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    url = gateway.url + "/v1/messages"
    async with gateway.client.post(url, json=body(), headers=hints("compaction", "main")) as done:
        assert done.status == 200
    assert " class=compaction " in caplog.text
    caplog.clear()
    await gateway.ask()
    assert "class=" not in caplog.text


@pytest.mark.parametrize(
    ("fields", "waits", "task"),
    [
        ({"system": f"You are a {MONITOR}."}, "main", SmallTask.AUTO_MODE),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "", SmallTask.TITLE),
        ({}, "summary-extraction", SmallTask.TITLE),
        ({}, "main", None),
    ],
)
def test_a_small_task_is_known_by_what_it_asks_for(
    fields: dict[str, Any], waits: str, task: SmallTask | None
) -> None:
    decoded = requests.decode(json.dumps(body(**fields)).encode())
    who = caller(hints("auxiliary", waits), decoded, only_searches=False)
    assert who.task is task


async def test_the_safety_check_of_auto_mode_can_have_a_model_of_its_own(
    gateway: Gateway, upstream: Upstream
) -> None:
    url = gateway.url + "/v1/messages"
    checks = body(system=[{"type": "text", "text": f"You are a {MONITOR}."}])
    async with gateway.client.post(url, json=checks, headers=hints("auxiliary")) as done:
        assert done.status == 200
    assert upstream.bodies[-1]["model"] == "judge"
