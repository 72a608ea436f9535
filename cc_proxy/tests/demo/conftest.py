"""A practice server, and a client that talks to it as a proxy would."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from cc_proxy.app.practice.server import PracticeServer

BASH = {
    "type": "function",
    "function": {
        "name": "Bash",
        "description": "Runs a command",
        "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
    },
}


@dataclass
class Answered:
    """A whole answer, read to its end."""

    status: int
    lines: list[dict[str, Any]]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]

    @property
    def text(self) -> str:
        return "".join(line.get("message", {}).get("content", "") for line in self.lines)

    @property
    def calls(self) -> list[dict[str, Any]]:
        messages = [line.get("message", {}) for line in self.lines]
        return [call["function"] for m in messages for call in m.get("tool_calls", ())]


class Client:
    """Sends chats to one server."""

    def __init__(self, server: PracticeServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def chat(self, *messages: Any, **body: Any) -> Answered:
        """Send a chat; a message given as a string is the user's."""
        async with self.session.post(self.url, json=request(*messages, **body)) as response:
            text = await response.text()
        return Answered(response.status, [json.loads(line) for line in text.splitlines()])

    @property
    def url(self) -> str:
        return self.server.url + "/api/chat"


def request(*messages: Any, model: str = "practice", **body: Any) -> dict[str, Any]:
    """Return the body of a chat."""
    turns = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
    return {"model": model, "messages": turns, **body}


def script(*turns: Any) -> str:
    """Return a prompt that carries a script."""
    return f"Please play this. [practice: {json.dumps(list(turns))}]"


@pytest.fixture
async def server() -> AsyncIterator[PracticeServer]:
    async with PracticeServer() as running:
        yield running


@pytest.fixture
async def client(server: PracticeServer) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(server, session)
