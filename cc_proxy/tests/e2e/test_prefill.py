"""What the real Claude Code makes a model read again: `python -m bench.prefill` in small."""

import asyncio
import os
from dataclasses import replace
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from .conftest import Stage, call

pytestmark = pytest.mark.claude


@pytest.fixture
def engine() -> str:
    """A real llama.cpp, with its slot and its prompt cache."""
    return "llama"


# `<|im_start|>assistant\n<think>\n` and its like, in letters.
OPENING = 64


def turns(folder: object) -> list[Any]:
    """Return 12 turns with tools, some of which the client sends back in another form."""
    path = f"{folder}/notes.md"
    edit = call("Edit", new_string="two", old_string="one", file_path=path)
    side_by_side = [
        {"name": "Read", "arguments": {"file_path": path}},
        {"name": "Bash", "arguments": {"command": "echo '<&> \u9dfa'; exit 3"}},
    ]
    return [
        {"text": "\n\nFirst a file.\n", **call("Write", content="one\n", file_path=path)},
        call("Read", file_path=path),
        {"text": "Now it changes.  ", **edit},
        call("Edit", new_string="x", old_string="not in there", file_path=path),
        {"calls": side_by_side},
        call("Read", offset="1", limit="5", file_path=path),
        call("Read", file_path=f"{folder}/missing.md"),
        *(call("Bash", command=f"echo {number}; seq 30") for number in range(5)),
        {"text": "All is done.\n"},
    ]


async def test_every_token_of_a_session_is_read_once(stage: Stage) -> None:
    await stage.ask("Work.", turns=turns(stage.project))
    await stage.ask("And on.", "-c", turns=[call("Bash", command="date"), {"text": "Done."}])
    chats = [record for record in stage.chats() if record.prompt_tokens]
    # What is read ahead counts as well, but is no turn.
    assert len([record for record in chats if record.body["options"]["num_predict"] > 1]) == 15
    assert sum(record.read_tokens for record in chats) <= 1.02 * chats[-1].prompt_tokens


async def test_a_second_session_in_a_folder_reads_little_but_the_new_words(stage: Stage) -> None:
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    await stage.ask("Good evening.", turns=[{"text": "Good evening."}])
    second = stage.chats()[-1]
    assert second.read_tokens < 0.05 * second.prompt_tokens


async def test_a_session_that_is_continued_reads_what_is_new(stage: Stage) -> None:
    counting = [call("Bash", command=f"echo {number}; seq 2000") for number in range(3)]
    await stage.ask("Count.", turns=[*counting, {"text": "Done."}])
    before = len(stage.practice.journal)
    await stage.ask("And now?", "-c", turns=[{"text": "Now."}])
    assert stage.read_tokens(before) < 100


async def test_two_sessions_at_once_read_what_is_new_in_each(stage: Stage) -> None:
    await stage.ask("Begin.", turns=[{"text": "Begun."}])
    before = len(stage.practice.journal)
    other = replace(stage, project=stage.home.parent / "another")
    other.project.mkdir()
    work = [call("Bash", command=f"echo {number}; seq 40") for number in range(6)]
    await asyncio.gather(
        stage.ask("Work here.", turns=[*work, {"text": "Done."}]),
        other.ask("Work there.", turns=[*work, {"text": "Done."}]),
    )
    first = stage.chats()[0].prompt_tokens
    # On Ollama's own endpoint each of the two has its whole first prompt read.
    assert stage.read_tokens(before) < 1.2 * first


async def test_tools_found_by_tool_search_leave_the_front_as_it_was(stage: Stage) -> None:
    # 2.1.197 searches at other servers than its own only when it is told to.
    stage.more_environment["ENABLE_TOOL_SEARCH"] = "true"
    await stage.ask(
        "Look.",
        "--allowedTools",
        "ToolSearch,TaskStop,CronList",
        turns=[
            call("TaskStop", wrong=1),
            call("ToolSearch", query="select:TaskStop", max_results=5),
            call("ToolSearch", query="select:CronList", max_results=5),
            # As a grammar has the model write the call of a stub.
            call("TaskStop", arguments={"task_id": "heron"}),
            call("CronList", arguments={}),
            {"text": "Found."},
        ],
    )
    first, *others = (record for record in stage.chats() if record.prompt_tokens)
    results = [one.body["messages"] for one in others]
    said = [[m["content"] for m in one if m["role"] == "tool"][-1] for one in results]
    assert "Load the tool first: call ToolSearch" in said[0]
    assert '"name":"TaskStop","parameters":{"type":"object"' in said[1]
    assert '"name":"CronList"' in said[2]
    assert "No task found with ID: heron" in said[3]
    assert "No scheduled jobs" in said[4]
    names = [tool["function"]["name"] for tool in first.body["tools"]]
    assert {"TaskStop", "CronList"} < set(names[names.index("Write") + 1 :])
    assert not [name for name in names if "Placeholder" in name]
    for before, after in pairwise([first, *others]):
        assert after.body["tools"] == before.body["tools"]
        assert after.read_tokens < after.prompt_tokens - before.prompt_tokens + OPENING


@pytest.mark.ollama
@pytest.mark.skipif(
    "CC_PROXY_TEST_OLLAMA" not in os.environ, reason="CC_PROXY_TEST_OLLAMA names no Ollama"
)
async def test_a_real_ollama_renders_each_request_as_a_continuation(stage: Stage) -> None:
    await stage.ask("Work.", turns=turns(stage.project))
    async with aiohttp.ClientSession(os.environ["CC_PROXY_TEST_OLLAMA"]) as ollama:
        model = await _with_tools(ollama)
        bodies = [record.body for record in stage.chats() if record.prompt_tokens]
        prompts = [await _rendered(ollama, body, model) for body in bodies]
    for before, after in pairwise(prompts):
        # The end of a prompt opens the answer, and may do that with more than the answer keeps.
        assert after.startswith(before[:-OPENING])


async def _with_tools(ollama: aiohttp.ClientSession) -> str:
    async with ollama.get("/api/tags") as response:
        models = [model["name"] for model in (await response.json())["models"]]
    for model in models:
        async with ollama.post("/api/show", json={"model": model}) as response:
            if "tools" in (await response.json())["capabilities"]:
                return str(model)
    pytest.fail(f"Expected a model that can use tools, found {models}.")


async def _rendered(ollama: aiohttp.ClientSession, body: dict[str, Any], model: str) -> str:
    asked = body | {"model": model, "stream": False, "_debug_render_only": True}
    asked.pop("think", None)
    async with ollama.post("/api/chat", json=asked) as response:
        answer = await response.json()
    assert response.status == 200, answer
    return str(answer["_debug_info"]["rendered_template"])
