"""The practice server against what a real Ollama 0.32.15 was seen to answer.

recordings.json holds the recorded requests and answers, long runs of one letter shortened. The
model's words are made the recorded ones by a script, so that the whole answer can be compared.
"""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cc_proxy.app.practice.model.meter import TOKEN_BYTES
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.server import PracticeServer

RECORDINGS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "recordings.json").read_text(encoding="utf-8")
)
STOP = {"stop": ["<|im_end|>"], "num_ctx": 8192}
MODELS = (
    PracticeModel("tiny-plain", tools=False, parameters=STOP),
    PracticeModel("tiny-long", tools=False, parameters=STOP),
    PracticeModel("tiny-think", thinking=True, parameters=STOP),
    PracticeModel("tiny-two", parameters=STOP),
    PracticeModel("tiny-both", parameters=STOP),
    PracticeModel("tiny-jinja", style="jinja", parameters={"num_ctx": 8192}),
    PracticeModel("tiny-defctx", parameters={"stop": ["<|im_end|>"]}),
    PracticeModel("tiny", parameters=STOP),
)
WEATHER = {"calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}
# What the model did when its answer does not show it.
SCRIPTS: dict[str, Any] = {
    "20c_chat_tool_cut_by_num_predict": WEATHER,
    "21_chat_format_schema": {"text": "These are words, and no JSON."},
    "21b_chat_format_json": {"text": json.dumps({"zone": " far and near" * 100})},
    "21d_chat_format_and_tools": WEATHER,
    "22_chat_stop": {"text": " OVER"},
    "78_runner_killed_chat_nostream": {"text": "so far", "die": True},
    "81_undeclared_tool_stream": WEATHER,
    "81b_undeclared_tool_nostream": WEATHER,
    "83e_jinja_undeclared_tool": WEATHER,
    "83f_jinja_tool_cut": WEATHER,
}
# What was loaded when `/api/ps` was asked.
LOADED = {
    "07_ps": ("tiny", 8192),
    "33b_ps_after": ("tiny", 1_000_000),
    "82b_ps": ("tiny-defctx", None),
}
LONG = " and so on" * 400


@pytest.mark.parametrize("name", RECORDINGS)
async def test_the_practice_server_answers_as_the_recorded_ollama_did(name: str) -> None:
    recording = RECORDINGS[name]
    # Some recorded conversations hold a turn of the assistant already.
    script = [SCRIPTS.get(name) or spoken(recording)] * 3
    async with PracticeServer(models=MODELS, script=script) as server:
        if name in LOADED:
            await load(server, *LOADED[name])
        status, headers, text = await send(server, recording["request"])

    assert status == recording["status"]
    for header, value in recording["headers"].items():
        assert headers.get(header) == value, header
    if not recording.get("lines"):
        assert text == recording.get("text", "")
        return
    lines = [json.loads(line) for line in text.splitlines()]
    assert [normal(line) for line in lines[-1:]] == [normal(recording["lines"][-1])]
    assert shape(lines[0]) == shape(recording["lines"][0])
    if status == 200:
        check_the_words(name, lines, recording["lines"])


def spoken(recording: dict[str, Any]) -> dict[str, Any]:
    """Return the turn that makes a model say what was recorded."""
    turn: dict[str, Any] = {}
    lines = [line for line in recording.get("lines", ()) if isinstance(line.get("done"), bool)]
    messages = [line.get("message") or {"content": line.get("response", "")} for line in lines]
    if thinking := "".join(message.get("thinking", "") for message in messages):
        turn["thinking"] = thinking
    text = "".join(message.get("content", "") for message in messages)
    if any(line.get("done_reason") == "length" for line in lines):
        text += LONG
    turn["text"] = text
    turn["calls"] = [
        call["function"] for message in messages for call in message.get("tool_calls", ())
    ]
    return turn


async def load(server: PracticeServer, model: str, num_ctx: int | None) -> None:
    body = {"model": model, "options": {"num_ctx": num_ctx}, "messages": []}
    await send(server, {"method": "POST", "path": "/api/chat", "json": body})


async def send(server: PracticeServer, request: dict[str, Any]) -> tuple[int, Any, str]:
    headers = request.get("headers", {})
    body = request.get("body")
    if "json" in request:
        headers = {**headers, "Content-Type": "application/json"}
        body = json.dumps(scaled(unfolded(request["json"])))
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            request["method"], server.url + request["path"], data=body, headers=headers
        ) as response,
    ):
        values: dict[str, str] = {}
        # `headers.getall` cuts at commas in aiohttp 4.
        for raw, value in response.raw_headers:
            name = raw.decode()
            before = f"{values[name]}, " if name in values else ""
            values[name] = before + value.decode()
        return response.status, values, await response.text()


def unfolded(value: Any) -> Any:
    """Return a recorded body with its long runs (`⟪x*3000⟫`) written out."""
    if isinstance(value, str):
        return re.sub(r"⟪(.)\*(\d+)⟫", lambda run: run[1] * int(run[2]), value)
    if isinstance(value, list):
        return [unfolded(item) for item in value]
    if isinstance(value, dict):
        return {key: unfolded(item) for key, item in value.items()}
    return value


def scaled(body: dict[str, Any]) -> dict[str, Any]:
    """Make a small window smaller: the recorded model's tokens were bytes, ours are four."""
    options = body.get("options", {})
    if options.get("num_ctx") == 1024:
        return {**body, "options": {**options, "num_ctx": 1024 // TOKEN_BYTES}}
    return body


def normal(line: dict[str, Any]) -> Any:
    """Return what of a line must be the same, and only the keys of the rest."""
    if "error" in line:
        return re.sub(r"\d+( tokens|[,}])", r"N\1", line["error"])
    if "_debug_info" in line:
        rendered = line["_debug_info"]["rendered_template"]
        return re.sub(r"<\|(words|call|think)\|>$", "", rendered)
    return shape(line), line.get("done_reason"), line.get("version")


def shape(value: Any) -> Any:
    """Return the keys of a line in their order, and those of its message and its calls."""
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else "list"
    if isinstance(value, dict):
        return [
            (key, shape(inner) if key in ("message", "models", "details", "tool_calls") else "")
            for key, inner in value.items()
        ]
    return "value"


def check_the_words(name: str, lines: list[Any], recorded: list[Any]) -> None:
    if "message" not in recorded[0] or "_debug_info" in recorded[0]:
        return
    ours, theirs = joined(lines), joined(recorded)
    assert ours["calls"] == theirs["calls"]
    if name in ("21_chat_format_schema", "21d_chat_format_and_tools"):
        assert json.loads(ours["content"]) == {"ok": True, "n": 0}
    elif lines[-1]["done_reason"] == "stop":
        assert ours["content"] == theirs["content"]
        assert ours["thinking"] == theirs["thinking"]
    if len(recorded) > 1:
        assert len(lines) > 1


def joined(lines: list[Any]) -> dict[str, Any]:
    messages = [line["message"] for line in lines]
    return {
        "content": "".join(message.get("content", "") for message in messages),
        "thinking": "".join(message.get("thinking", "") for message in messages),
        "calls": [
            call["function"] for message in messages for call in message.get("tool_calls", ())
        ],
    }
