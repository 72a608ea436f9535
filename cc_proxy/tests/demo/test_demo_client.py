"""The parts of a demo: the small client, the real one's output, the tools, the display."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.demo import claude_code, client
from cc_proxy.app.demo.display import Display, ProxyLog, SessionTotals
from cc_proxy.app.demo.events import Event, SessionError, TextEvent, ToolCallEvent, ToolResultEvent
from cc_proxy.app.demo.tools import Tools
from cc_proxy.app.practice.journal import Record

needs_scripts = pytest.mark.posix_only("scripts with a #! line")


def sse(*events: dict[str, Any]) -> str:
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


CALL = [
    *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Writing."}),
    *block(
        1,
        {"type": "tool_use", "id": "toolu_1", "name": "Write", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"file_path": "a.txt", '},
        {"type": "input_json_delta", "partial_json": '"content": "hello"}'},
    ),
    {"type": "message_stop"},
]
END = [
    *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Done."}),
    {"type": "message_stop"},
]


async def played(
    answers: list[str], folder: Path, asked: list[Any], status: int = 200
) -> list[Event]:
    async def messages(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.Response(text=answers[len(asked) - 1], status=status)

    app = web.Application()
    app.router.add_post("/v1/messages", messages)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        events = client.session(url, "key", "Go.", model="m", folder=folder)
        return [event async for event in events]


async def test_the_small_client_runs_a_tool_and_sends_its_result(tmp_path: Path) -> None:
    asked: list[Any] = []
    events = await played([sse(*CALL), sse(*END)], tmp_path, asked)
    arguments = {"file_path": "a.txt", "content": "hello"}
    assert events == [
        TextEvent("Writing."),
        ToolCallEvent("Write", arguments),
        ToolResultEvent("Wrote a.txt.", is_error=False),
        TextEvent("Done."),
    ]
    assert (tmp_path / "a.txt").read_text() == "hello"
    assert asked[1]["messages"][2]["content"][0]["tool_use_id"] == "toolu_1"


@pytest.mark.parametrize(
    ("answer", "status", "complaint"),
    [
        (sse(*CALL[:3]), 200, "broke off"),
        (sse({"type": "error", "error": {"message": "overloaded"}}), 200, "overloaded"),
        ("no", 401, "answered 401: no"),
    ],
)
async def test_the_small_client_says_why_it_cannot_go_on(
    tmp_path: Path, answer: str, status: int, complaint: str
) -> None:
    with pytest.raises(SessionError, match=complaint):
        await played([answer], tmp_path, [], status)


async def test_the_tools_read_edit_and_run(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    await tools.run("Write", {"file_path": "a.txt", "content": "one\ntwo\n"})
    assert (await tools.run("Read", {"file_path": "a.txt"})).text == "1\tone\n2\ttwo"
    edit = {"file_path": "a.txt", "old_string": "two", "new_string": "three"}
    assert not (await tools.run("Edit", edit)).is_error
    assert (await tools.run("Edit", edit)).is_error
    echoed = await tools.run("Bash", {"command": "echo said"})
    assert echoed == ToolResultEvent("said", is_error=False)
    assert (await tools.run("Bash", {"command": "exit 3"})).is_error


async def test_the_tools_stay_in_their_folder(tmp_path: Path) -> None:
    outside = {"file_path": "../escaped.txt", "content": "x"}
    returned = await Tools(tmp_path).run("Write", outside)
    assert returned.is_error
    assert "outside" in returned.text
    assert not (tmp_path.parent / "escaped.txt").exists()


@pytest.fixture
def fake_claude(tmp_path: Path) -> Callable[[str], str]:
    """Return a way to make a Claude Code out of a few lines of Python."""

    def make(body: str) -> str:
        path = tmp_path / "claude"
        path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
        path.chmod(0o700)
        return str(path)

    return make


def session(binary: str, folder: Path) -> AsyncGenerator[Event, None]:
    return claude_code.session(
        binary, "Go.", environ=os.environ, folder=folder, tools=claude_code.PRACTICE_TOOLS
    )


@needs_scripts
async def test_what_claude_code_prints_becomes_events(
    tmp_path: Path, fake_claude: Callable[[str], str]
) -> None:
    lines: list[dict[str, Any]] = [
        {"type": "system", "subtype": "init"},
        {"type": "assistant", "message": {"content": [{"type": "text", "text": "Hi."}]}},
        {
            "type": "assistant",
            "message": {"content": [{"type": "tool_use", "name": "Read", "input": {"a": 1}}]},
        },
        {
            "type": "user",
            "message": {
                "content": [
                    {"type": "tool_result", "content": [{"type": "text", "text": "out"}]},
                    {"type": "tool_result", "content": "no", "is_error": True},
                ]
            },
        },
        {"type": "result", "is_error": False},
    ]
    binary = fake_claude(f"print('a stray line')\nfor l in {lines!r}: print(json.dumps(l))")
    assert [event async for event in session(binary, tmp_path)] == [
        TextEvent("Hi."),
        ToolCallEvent("Read", {"a": 1}),
        ToolResultEvent("out", is_error=False),
        ToolResultEvent("no", is_error=True),
    ]


@needs_scripts
async def test_a_claude_code_that_fails_is_quoted(
    tmp_path: Path, fake_claude: Callable[[str], str]
) -> None:
    binary = fake_claude("sys.exit('Not logged in')")
    with pytest.raises(SessionError, match=r"exit code 1.\nNot logged in"):
        [event async for event in session(binary, tmp_path)]


@needs_scripts
async def test_a_session_that_is_left_ends_claude_code(
    tmp_path: Path, fake_claude: Callable[[str], str]
) -> None:
    message = {"content": [{"type": "text", "text": "pid"}]}
    line = json.dumps({"type": "assistant", "message": message})
    binary = fake_claude(
        f"print({line!r}.replace('pid', str(os.getpid())), flush=True)\ntime.sleep(60)"
    )
    events = session(binary, tmp_path)
    said = await anext(events)
    assert isinstance(said, TextEvent)
    await events.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.text), signal.SIGCONT)


async def test_a_claude_code_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="nowhere"):
        await claude_code.version(str(tmp_path / "nowhere"), os.environ)


@needs_scripts
async def test_the_version_of_claude_code_is_read(fake_claude: Callable[[str], str]) -> None:
    binary = fake_claude("print('2.1.330 (Claude Code)')")
    assert await claude_code.version(binary, os.environ) == "2.1.330"


def record(number: int, **fields: Any) -> Record:
    made = Record(number, "POST", "/api/chat", {}, started=1.0, model="practice:latest")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_what_came_of_an_answer_is_shown_after_the_line_of_its_request() -> None:
    lines: list[str] = []
    display = Display(lines.append, "Claude Code")
    request = record(1, prompt_tokens=1234, reused_tokens=1000, read_tokens=234)
    display.on_record(request)
    display.on_event(TextEvent("Hello."))
    assert lines == []
    request.output_tokens, request.finished, request.ended_by = 56, 3.5, "done"
    display.on_record(request)
    assert lines[0].split() == ["1", "practice:latest", "1,234", "1,000", "234", "56", "2.50", "s"]
    assert lines[1:] == ["     model: Hello."]


def test_a_request_that_a_client_left_is_shown_so() -> None:
    lines: list[str] = []
    display = Display(lines.append, "Claude Code")
    display.on_record(record(1, prompt_tokens=9, finished=2.0, ended_by="client closed"))
    assert lines[0].endswith("(client closed)")


def test_steps_are_shown_on_one_line_each() -> None:
    lines: list[str] = []
    display = Display(lines.append, "Claude Code")
    display.on_event(ToolCallEvent("Bash", {"command": "echo one;\necho two"}))
    display.on_event(ToolResultEvent("x" * 500, is_error=True))
    assert lines[0] == "     Claude Code runs Bash: echo one; echo two"
    assert lines[1].startswith("       it failed: xxx")
    assert len(lines[1]) < 120


def test_the_totals_say_what_reading_everything_would_have_been() -> None:
    records = [
        record(1, prompt_tokens=100, read_tokens=100, output_tokens=1),
        record(2, prompt_tokens=110, reused_tokens=100, read_tokens=10, output_tokens=2),
    ]
    text = "\n".join(SessionTotals.of(records).lines())
    assert "2 requests: 210 prompt tokens in, 3 out." in text
    assert "Read by the model: 110. Without prefix reuse: 210." in text
    assert "100 (48%)" in text


def test_the_proxys_log_is_shown_as_far_as_it_has_been_written(tmp_path: Path) -> None:
    lines: list[str] = []
    path = tmp_path / "log"
    log = ProxyLog(path, Display(lines.append, "Claude Code"))
    path.write_text(
        "2026 INFO req_1 ok asked=a model=m tokens_in=12 tokens_reused=30 tokens_out=3 total_ms=15"
    )
    log.catch_up()
    assert lines == []
    with path.open("a") as file:
        file.write("00\nsomething else\n2026 INFO req_2 failed asked=a model=m total_ms=7\n")
    log.catch_up()
    assert [line.split() for line in lines] == [
        ["1", "m", "42", "12", "3", "0.00", "s", "1.50", "s"],
        ["2", "m", "0", "0", "0", "0.00", "s", "0.01", "s", "(failed)"],
    ]
    log.catch_up()
    assert len(lines) == 2


async def test_nothing_is_left_running_of_a_command_that_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cc_proxy.app.demo.tools._COMMAND_SECONDS", 0.05)
    async with asyncio.timeout(60):
        returned = await Tools(tmp_path).run("Bash", {"command": "exec sleep 60"})
    assert returned.is_error
