"""A client that asks as Claude Code does, and what its requests had the engine read."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.gateway.context import GatewayContext, Shared
from cc_proxy.app.gateway.http.server import application
from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream

KEY = "a key of this test"
SECONDS = 60.0
CALL = {"calls": [{"name": "Tool1", "arguments": {"command": "date"}}]}
# About the sizes of Claude Code 2.1.330, a third of them: system 7 KB, tools 30 KB, reminders 8 KB.
SYSTEM = "You work in the terminal. " * 90
TOOLS = [
    {
        "name": f"Tool{number}",
        "description": f"Tool number {number} does things. " * 20,
        "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
    }
    for number in range(12)
]


@asynccontextmanager
async def proxy(practice: PracticeServer, state_dir: Path) -> AsyncIterator[str]:
    """Run a gateway in front of a practice server; its address."""
    settings = Settings(ollama=Ollama(base_url=practice.url), aliases={"default": "practice"})
    asked = OllamaClient(practice.url, api_key=None, silence_seconds=SECONDS)
    async with OllamaUpstream(asked) as ollama:
        context = GatewayContext(settings, KEY, "instance-1", None, "digest", state_dir)
        shared = Shared(context, Upstreams(ollama))
        async with TestServer(application(shared), handler_cancellation=True) as server:
            yield str(server.make_url("")).rstrip("/")


async def preload(url: str, **fields: Any) -> None:
    """Do what `cc-proxy claude` does before it becomes Claude Code, and wait for the model."""
    async with (
        ClientSession(headers={"x-api-key": KEY}) as client,
        client.post(url + "/preload", json={"wait": True, **fields}) as response,
    ):
        assert response.status == 200, await response.text()


@dataclass
class Claude:
    """One conversation; `entry` says which client it is, as in its User-Agent.

    With `ends` the model calls no tool, and the conversation is over with its first answer.
    """

    url: str
    session: str
    folder: str
    agent: str = ""
    entry: str = "cli"
    system: str = SYSTEM
    ends: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.messages:
            reminder = f"<system-reminder>\n - folder: {self.folder}\n"
            reminder += f"What is said in {self.folder}. " * 100 + "\n</system-reminder>\n"
            text = f"{reminder}The words of {self.session}{self.agent}."
            if self.ends:
                text += ' [practice: [{"text": "Done."}]]'
            self.messages.append({"role": "user", "content": text})

    async def turn(self, result: int = 400) -> dict[str, Any]:
        """Ask, and take in the answer and a result of so many letters for its call."""
        headers = {
            "x-api-key": KEY,
            "User-Agent": f"claude-cli/2.1.332 (external, {self.entry})",
            "X-Claude-Code-Session-Id": self.session,
        }
        if self.agent:
            headers["x-claude-code-agent-id"] = self.agent
        body = {
            "model": "claude-sonnet-5-5",
            "max_tokens": 1000,
            "system": [{"type": "text", "text": self.system}],
            "tools": TOOLS,
            "messages": self.messages,
        }
        async with (
            ClientSession(headers=headers) as client,
            client.post(self.url + "/v1/messages", json=body) as response,
        ):
            answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
        self.messages.append({"role": "assistant", "content": answer["content"]})
        words = f"{self.session} {self.agent} {len(self.messages)} "
        results = [
            {
                "type": "tool_result",
                "tool_use_id": block["id"],
                "content": (words * (result // len(words) + 1))[:result],
            }
            for block in answer["content"]
            if block["type"] == "tool_use"
        ]
        self.messages.append({"role": "user", "content": results or "And on."})
        return answer

    async def grow(self, letters: int) -> None:
        """Go on until the conversation has so many letters of results."""
        await self.turn(letters // 2)
        await self.turn(letters // 2)


def read(practice: PracticeServer, since: int = 0) -> int:
    """Return the tokens that were read, for whatever reason."""
    return sum(record.read_tokens for record in practice.journal[since:])


def turns(practice: PracticeServer, since: int = 0) -> list[Record]:
    """Return the requests that wanted an answer."""
    records = [record for record in practice.chats()[since:] if record.prompt_tokens]
    return [record for record in records if record.body["options"]["num_predict"] > 1]


def plain(conversations: Iterable[Iterable[Record]]) -> int:
    """Return what Ollama's own endpoint has read of the same conversations.

    There each begins with a line of its own, so the engine saves and fetches it as a whole: its
    first prompt is read, and of each later one what is new and was not said by the model.
    """
    total = 0
    for records in conversations:
        first, *_ = listed = list(records)
        total += first.prompt_tokens
        for before, after in pairwise(listed):
            total += after.prompt_tokens - before.prompt_tokens - before.output_tokens
    return total
