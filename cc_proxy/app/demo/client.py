"""A very small client of the Messages API, for a demo without Claude Code.

It runs the tools that it is asked to run, so it is only ever pointed at the practice model, whose
scripts are fixed.
"""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from cc_proxy.app.demo.events import Event, SessionError, TextEvent, ToolCallEvent, ToolResultEvent
from cc_proxy.app.demo.tools import DEFINITIONS, Tools

_MAX_TURNS = 20
_MAX_TOKENS = 8_192
_TIMEOUT_SECONDS = 120.0


@dataclass
class _Reply:
    """An assistant message, put together from its events."""

    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    is_whole: bool = False

    def add(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "content_block_start":
                self.blocks[event["index"]] = dict(event["content_block"])
            case "content_block_delta":
                self._add_delta(event["index"], event["delta"])
            case "message_stop":
                self.is_whole = True
            case "error":
                raise SessionError(f"The proxy answered: {event['error']['message']}")

    def content(self) -> list[dict[str, Any]]:
        for index, text in self.inputs.items():
            self.blocks[index]["input"] = json.loads(text or "{}")
        return [self.blocks[index] for index in sorted(self.blocks)]

    def _add_delta(self, index: int, delta: dict[str, Any]) -> None:
        block = self.blocks[index]
        match delta["type"]:
            case "text_delta":
                block["text"] += delta["text"]
            case "thinking_delta":
                block["thinking"] += delta["thinking"]
            case "signature_delta":
                block["signature"] = delta["signature"]
            case "input_json_delta":
                self.inputs[index] = self.inputs.get(index, "") + delta["partial_json"]


async def session(
    url: str, key: str, prompt: str, *, model: str, folder: Path
) -> AsyncGenerator[Event, None]:
    """Play a session against the proxy at `url` and yield what happens.

    Raises:
        SessionError: the proxy cannot be reached, refuses, or breaks off.

    """
    tools = Tools(folder)
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    body = {
        "model": model,
        "max_tokens": _MAX_TOKENS,
        "system": f"You help in the terminal.\n\nPrimary working directory: {folder}",
        "tools": DEFINITIONS,
        "messages": messages,
        "stream": True,
    }
    headers = {"Authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
        for _ in range(_MAX_TURNS):
            content = (await _asked(http, url + "/v1/messages", body)).content()
            messages.append({"role": "assistant", "content": content})
            results = []
            for block in content:
                match block["type"]:
                    case "text":
                        yield TextEvent(block["text"])
                    case "tool_use":
                        yield ToolCallEvent(block["name"], block["input"])
                        returned = await tools.run(block["name"], block["input"])
                        yield returned
                        results.append(_result(block["id"], returned))
            if not results:
                return
            messages.append({"role": "user", "content": results})
    raise SessionError(f"The session did not end within {_MAX_TURNS} turns.")


async def _asked(http: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> _Reply:
    reply = _Reply()
    try:
        async with http.post(url, json=body) as response:
            if not response.ok:
                text = (await response.text()).strip()
                raise SessionError(f"The proxy answered {response.status}: {text}")
            async for line in response.content:
                if line.startswith(b"data:"):
                    reply.add(json.loads(line.removeprefix(b"data:")))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SessionError(f"The proxy at {url} cannot be reached: {error}.") from error
    if not reply.is_whole:
        raise SessionError("The proxy's answer broke off.")
    return reply


def _result(call_id: str, returned: ToolResultEvent) -> dict[str, Any]:
    return {
        "type": "tool_result",
        "tool_use_id": call_id,
        "content": returned.text,
        "is_error": returned.is_error,
    }
