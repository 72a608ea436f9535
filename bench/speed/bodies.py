"""Requests of the shape that Claude Code sends, in the Messages API's form and in Ollama's.

About 12 KB of system prompt, 20 tools with schemas (60 KB), then turns with calls and their
results until the size is reached. Where a request says `#########` the load client puts its
number, so that no two are equal.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

NUMBER = "#########"
_WORDS = (
    "file path the command run read write edit search content line result when must should use "
    "directory pattern output timeout user request tool call return value function test error "
    "string number option default example project source code change commit branch"
)
_POOL_BYTES = 1 << 20
_SYSTEM_BYTES = 12_000
_TOOLS = 20
_TOOL_BYTES = 3_000
_LARGEST_RESULT = 6_000
_SMALLEST_RESULT = 200
# What a call and the frame around its result weigh.
_FRAME_BYTES = 700
_CACHED = {"type": "ephemeral"}


@dataclass(frozen=True)
class Body:
    """What a request is made of; `size` in bytes, or `messages` of some 450 bytes each.

    `plain`: one short question, no tools. `new_front`: what differs from request to request
    stands at the beginning, so that nothing of it was seen before; else it is the last turn.
    """

    size: int = 0
    messages: int = 0
    plain: bool = False
    new_front: bool = False


@dataclass(frozen=True)
class _Conversation:
    system: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    messages: list[dict[str, Any]]


class _Text:
    """Words in no order, cut from a pool: as fast for 32 MB as for 1 KB."""

    def __init__(self) -> None:
        self._random = Random(7)  # noqa: S311 - the same text every time, not a secret
        words = self._random.choices(_WORDS.split(), k=_POOL_BYTES // 5)
        self._pool = " ".join(
            word + "\n" if self._random.random() < 0.06 else word  # noqa: PLR2004 - line length
            for word in words
        )

    def take(self, size: int) -> str:
        start = self._random.randrange(len(self._pool) - size)
        return self._pool[start : start + size]


def write(body: Body, model: str, form: str, folder: Path) -> Path:
    """Write the request into a file and return it; `form` is `anthropic` or `ollama`."""
    name = f"{form}-{model.replace('/', '_').replace(',', '_')}-{abs(hash(body)):x}.json"
    path = folder / name
    if not path.exists():
        made = _conversation(body)
        asked = _anthropic(made, model) if form == "anthropic" else _ollama(made, model)
        path.write_text(json.dumps(asked), encoding="utf-8")
    return path


def _conversation(body: Body) -> _Conversation:
    text = _Text()
    first = NUMBER if body.new_front else "0"
    last = f"Request {NUMBER}."
    if body.plain:
        question = {"role": "user", "content": [{"type": "text", "text": last}]}
        return _Conversation([{"type": "text", "text": f"Session {first}."}], [], [question])
    system = [
        {
            "type": "text",
            "text": f"Session {first}. You are a command line assistant.",
            "cache_control": _CACHED,
        },
        {"type": "text", "text": text.take(_SYSTEM_BYTES), "cache_control": _CACHED},
    ]
    tools = [_tool(text, number) for number in range(_TOOLS)]
    reminder = f"<system-reminder>\n{text.take(800)}\n</system-reminder>"
    messages: list[dict[str, Any]] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": reminder},
                {"type": "text", "text": "Please fix the failing test."},
            ],
        }
    ]
    reached = len(json.dumps([system, tools, messages]))
    while len(messages) < body.messages - 1 or reached < body.size - _FRAME_BYTES:
        room = body.size - reached - _FRAME_BYTES
        result = max(_SMALLEST_RESULT, min(_LARGEST_RESULT, room))
        turns = _turns(text, len(messages) // 2, result)
        messages += turns
        reached += len(json.dumps(turns))
    asks = {"type": "text", "text": last, "cache_control": _CACHED}
    messages[-1]["content"].append(asks)
    return _Conversation(system, tools, messages)


def _turns(text: _Text, number: int, result: int) -> list[dict[str, Any]]:
    call = f"toolu_{number:024d}"
    return [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": text.take(150)},
                {
                    "type": "tool_use",
                    "id": call,
                    "name": f"Tool{number % _TOOLS:02d}",
                    "input": {"param_0": "a", "param_1": text.take(60)},
                },
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call, "content": text.take(result)}],
        },
    ]


def _tool(text: _Text, number: int) -> dict[str, Any]:
    nested = {
        "type": "object",
        "properties": {"a": {"type": "string", "minLength": 1}, "b": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    kinds: list[dict[str, Any]] = [
        {"type": "string", "enum": ["a", "b", "c"]},
        {"type": "string"},
        {"type": "array", "items": nested},
        {"type": "number"},
        {"type": "boolean"},
    ]
    properties = {
        f"param_{place}": {**kinds[place % len(kinds)], "description": text.take(120)}
        for place in range(3 + number % 5)
    }
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "required": ["param_0"],
        "additionalProperties": False,
    }
    rest = max(200, _TOOL_BYTES - len(json.dumps(schema)) - 80)
    return {"name": f"Tool{number:02d}", "description": text.take(rest), "input_schema": schema}


def _anthropic(made: _Conversation, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "messages": made.messages,
        "system": made.system,
        "tools": made.tools,
        "metadata": {"user_id": "user_bench"},
        "max_tokens": 32_000,
        "temperature": 1,
        "stream": True,
    }


def _ollama(made: _Conversation, model: str) -> dict[str, Any]:
    system = "\n\n".join(block["text"] for block in made.system)
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}]
    for message in made.messages:
        for block in message["content"]:
            messages += _ollama_messages(message["role"], block)
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool["description"],
                "parameters": tool["input_schema"],
            },
        }
        for tool in made.tools
    ]
    options = {"num_predict": 32_000, "temperature": 1}
    return {
        "model": model,
        "messages": messages,
        "tools": tools,
        "stream": True,
        "options": options,
    }


def _ollama_messages(role: str, block: dict[str, Any]) -> list[dict[str, Any]]:
    match block["type"]:
        case "text":
            return [{"role": role, "content": block["text"]}]
        case "tool_use":
            call = {"function": {"name": block["name"], "arguments": block["input"]}}
            return [{"role": role, "content": "", "tool_calls": [call]}]
        case _:
            return [{"role": "tool", "content": block["content"]}]
