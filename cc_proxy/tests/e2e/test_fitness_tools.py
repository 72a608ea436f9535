"""The tools of `models test` beside those that the real Claude Code declares."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.fitness.tools import declared
from cc_proxy.app.translate.request.tools import tool_set

from .conftest import Stage

pytestmark = [
    pytest.mark.claude,
    pytest.mark.timeout(180),
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


async def test_they_have_the_names_the_arguments_and_the_types_of_the_client(stage: Stage) -> None:
    ours = {tool["name"]: shape(tool) for tool in tool_set_of(declared())}
    stage.more_environment["ENABLE_TOOL_SEARCH"] = "false"
    await stage.ask("hi", f"--tools={','.join(ours)}", turns=[{"text": "Hello."}])
    tools = [tool["function"] for tool in stage.chats()[-1].body["tools"]]
    assert {tool["name"]: shape(tool) for tool in tools} == ours


def tool_set_of(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tools as the proxy sends them to Ollama."""
    body = tool_set(msgspec.json.encode(tools), ()).body
    return [tool["function"] for tool in msgspec.json.decode(body)]
