"""The plain endpoint: the sessions as Ollama's own `/v1/messages` sends them to the engine.

It translates as `anthropic/anthropic.go` of Ollama does (read on 2026-08-21): the blocks of the
system prompt are joined with nothing in between, the attribution line among them; the results of a
user turn stand before its text; system messages stay system messages, where they are; assistant
turns go back as the client re-serialised them; tools stand where the client put them. Images and
whatever else these sessions do not use are left out.
"""

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

Json = dict[str, Any]
_MAX_BODY_BYTES = 64 * 1024 * 1024


class NaiveProxy:
    """Serves `/v1/messages` on a free port of this machine, in front of an Ollama at `upstream`.

    `model` answers for every name. `keep`, if given, is a folder that gets each body.
    """

    def __init__(self, upstream: str, model: str, keep: Path | None = None) -> None:
        self._upstream = upstream
        self._model = model
        self._keep = keep
        self._asked = 0
        self._session: aiohttp.ClientSession | None = None
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_post("/v1/messages", self._messages)
        self._runner = web.AppRunner(app, access_log=None)
        self.url = ""

    async def __aenter__(self) -> Self:
        """Serve."""
        self._session = aiohttp.ClientSession()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._asked += 1
        if self._keep is not None:
            path = self._keep / f"{self._asked:03}.json"
            path.write_text(json.dumps(body, indent=1), encoding="utf-8")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        events = _events(self._chunks(translated(body, self._model)), body["model"])
        if not body.get("stream"):
            return web.json_response(await _whole(events))
        await answer.prepare(request)
        async for event in events:
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            await answer.write(text.encode())
        return answer

    async def _chunks(self, body: Json) -> AsyncIterator[Json]:
        if self._session is None:
            raise RuntimeError("NaiveProxy is used as an async context manager.")
        async with self._session.post(f"{self._upstream}/api/chat", json=body) as response:
            response.raise_for_status()
            async for line in response.content:
                yield json.loads(line)


def translated(body: Json, model: str) -> Json:
    """Return the body for Ollama of a Messages API body."""
    messages = _turns({"role": "system", "content": body.get("system") or []})
    for message in body["messages"]:
        messages += _turns(message)
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool.get("description", ""),
                "parameters": tool["input_schema"],
            },
        }
        for tool in body.get("tools") or ()
        if "input_schema" in tool
    ]
    return {
        "model": model,
        "messages": messages,
        "tools": tools,
        "stream": True,
        "options": {"num_predict": body["max_tokens"]},
    }


def _turns(message: Json) -> list[Json]:
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    turn: Json = {"role": message["role"], "content": "".join(_texts(blocks))}
    if thinking := "".join(b["thinking"] for b in blocks if b["type"] == "thinking"):
        turn["thinking"] = thinking
    if calls := [b for b in blocks if b["type"] == "tool_use"]:
        turn["tool_calls"] = [
            {"function": {"name": call["name"], "arguments": call["input"]}} for call in calls
        ]
    results = [
        {"role": "tool", "content": _result(block)}
        for block in blocks
        if block["type"] == "tool_result"
    ]
    empty = not turn["content"] and len(turn) == len(("role", "content"))
    return results if empty else [*results, turn]


def _texts(blocks: list[Json]) -> list[str]:
    return [block["text"] for block in blocks if block["type"] == "text"]


def _result(block: Json) -> str:
    content = block.get("content") or ""
    return content if isinstance(content, str) else "".join(_texts(content))


@dataclass
class _Blocks:
    """The blocks of one answer; at most one is open."""

    opened: int = 0
    kind: str = ""
    calls: int = 0
    made: list[Json] = field(default_factory=list)

    def add(self, kind: str, text: str) -> list[Json]:
        events = self.open(kind, {kind: ""}) if self.kind != kind else []
        return [*events, self._delta({"type": f"{kind}_delta", kind: text})]

    def call(self, call: Json) -> list[Json]:
        self.calls += 1
        start = {"id": f"toolu_{uuid.uuid4().hex}", "name": call["name"], "input": {}}
        arguments = json.dumps(call["arguments"])
        return [
            *self.open("tool_use", start),
            self._delta({"type": "input_json_delta", "partial_json": arguments}),
            *self.close(),
        ]

    def open(self, kind: str, start: Json) -> list[Json]:
        before = self.close()
        self.kind = kind
        self.opened += 1
        block = {"type": kind, **start}
        index = self.opened - 1
        return [*before, {"type": "content_block_start", "index": index, "content_block": block}]

    def close(self) -> list[Json]:
        if not self.kind:
            return []
        self.kind = ""
        return [{"type": "content_block_stop", "index": self.opened - 1}]

    def _delta(self, delta: Json) -> Json:
        return {"type": "content_block_delta", "index": self.opened - 1, "delta": delta}


async def _events(chunks: AsyncIterator[Json], model: str) -> AsyncIterator[Json]:
    message: Json = {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    yield {"type": "message_start", "message": message}
    blocks = _Blocks()
    async for chunk in chunks:
        said = chunk["message"]
        for kind, text in (("thinking", said.get("thinking")), ("text", said.get("content"))):
            for event in blocks.add(kind, text) if text else ():
                yield event
        for call in said.get("tool_calls") or ():
            for event in blocks.call(call["function"]):
                yield event
        if chunk["done"]:
            for event in blocks.close():
                yield event
            usage = {
                "input_tokens": chunk["prompt_eval_count"],
                "output_tokens": chunk["eval_count"],
            }
            stop = {"stop_reason": "tool_use" if blocks.calls else "end_turn"}
            yield {"type": "message_delta", "delta": stop, "usage": usage}
    yield {"type": "message_stop"}


async def _whole(events: AsyncIterator[Json]) -> Json:
    """Return a text answer in one piece; these sessions ask for nothing else without a stream."""
    message: Json = {}
    text = ""
    async for event in events:
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_delta":
                text += event["delta"].get("text", "")
            case "message_delta":
                message |= {"stop_reason": event["delta"]["stop_reason"], "usage": event["usage"]}
    return message | {"content": [{"type": "text", "text": text}]}
