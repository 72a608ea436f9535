"""The Python SDK's clients, as the tests use them, and what they are asked."""

import json
from typing import Any

from anthropic import Anthropic, AsyncAnthropic

from .stack import KEY

Json = dict[str, Any]

READ: Json = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["path"],
    },
}
WEATHER: Json = {
    "name": "get_weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
_SECONDS = 120.0


def sync_client(url: str, *, strict: bool = True, **more: Any) -> Anthropic:
    """Return a client that tries once and, if `strict`, holds answers to the API's types."""
    settings: Json = {"api_key": KEY, "max_retries": 0, "timeout": _SECONDS}
    return Anthropic(base_url=url, _strict_response_validation=strict, **(settings | more))


def async_client(url: str, *, strict: bool = True, **more: Any) -> AsyncAnthropic:
    """Return the same as an asynchronous client."""
    settings: Json = {"api_key": KEY, "max_retries": 0, "timeout": _SECONDS}
    return AsyncAnthropic(base_url=url, _strict_response_validation=strict, **(settings | more))


def call(name: str, **arguments: Any) -> Json:
    """Return a call as the practice model's scripts write it."""
    return {"name": name, "arguments": arguments}


def script(*turns: Any, words: str = "Play this.") -> str:
    """Return a prompt that makes the practice model play `turns`."""
    return f"{words} [practice: {json.dumps(turns)}]"


def asked(*turns: Any, **fields: Any) -> Json:
    """Return a request whose answer is scripted."""
    return {
        "model": "practice",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": script(*turns)}],
    } | fields
