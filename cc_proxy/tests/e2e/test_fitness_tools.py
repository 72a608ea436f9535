"""The session of `models test` beside one of the real Claude Code."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import unknown_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.fitness.session import opening, system_prompt
from cc_proxy.app.fitness.tools import declared
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.translate.request.tools.deferred import STUB_DESCRIPTION
from cc_proxy.app.translate.request.tools.definitions import tool_set
from cc_proxy.tests.wire_body import wire_body

from .conftest import Stage

pytestmark = [
    pytest.mark.claude,
    pytest.mark.parametrize("claude", ["current"], indirect=True),
]


def shape(value: Any) -> Any:
    """Return a schema without its words, of which the test of models has its own."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not _is_words(key, item)}
        return {key: shape(item) for key, item in kept.items()}
    return [shape(item) for item in value] if isinstance(value, list) else value


def _is_words(key: str, item: Any) -> bool:
    # An argument may be called description as well.
    return key == "description" and isinstance(item, str)


async def test_the_tools_and_the_size_are_those_of_a_session(stage: Stage) -> None:
    ours = tool_set_of(declared())
    await stage.ask("hi", turns=[{"text": "Hello."}])
    request = stage.chats()[-1].body
    tools = [tool["function"] for tool in request["tools"]]
    stubs = [tool["name"] for tool in tools if tool["description"] == STUB_DESCRIPTION]
    full = {tool["name"]: shape(tool) for tool in tools if tool["name"] not in stubs}
    # Claude Code declares all tools in the order of their names, and ours are all of them.
    assert full == {tool["name"]: shape(tool) for tool in ours}
    assert list(full) == [tool["name"] for tool in ours]
    test = first_request()
    assert [tool["function"]["name"] for tool in test["tools"]] == [tool["name"] for tool in tools]
    assert size(test) == pytest.approx(size(request), rel=0.12)


def first_request() -> dict[str, Any]:
    """Return what Ollama gets for the first turn of a task."""
    asked = {
        "model": "m",
        "max_tokens": 1,
        "system": [{"type": "text", "text": system_prompt()}],
        "tools": declared(),
        "messages": opening("hi"),
    }
    target = Target(unknown_model("m"), 65_536, "5m")
    body = wire_body(chat_request(decode(msgspec.json.encode(asked)), target), target)
    return dict(msgspec.json.decode(body))


def size(request: dict[str, Any]) -> int:
    """Return the letters of what the model reads."""
    return len(msgspec.json.encode([request["tools"], request["messages"]]))


def tool_set_of(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tools as the proxy sends them to Ollama."""
    body = tool_set(msgspec.json.encode(tools), ()).body
    return [tool["function"] for tool in msgspec.json.decode(body)]
