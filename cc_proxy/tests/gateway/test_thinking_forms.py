"""Old thinking in a form that the model's renderer keeps, over the practice server's renderers."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.target import Target, ThinkingForm
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.config import Ollama, Settings
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.routing.thinking_forms import kept_thinking
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.server import PracticeServer
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.upstream import OllamaUpstream
from cc_proxy.tests.wire_body import wire_body

FAMILIES = ("qwen3.5", "gemma4", "nemotron-3-nano")
MODELS = tuple(PracticeModel(name, thinking=True, renderer=name) for name in FAMILIES)


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaUpstream]:
    async with (
        PracticeServer(models=MODELS) as server,
        OllamaUpstream(OllamaClient(server.url, api_key=None, silence_seconds=5)) as client,
    ):
        yield client


async def target_of(ollama: OllamaUpstream, name: str, *, thinks: bool) -> Target:
    models = Models(Settings(ollama=Ollama(base_url=ollama.client.base_url)), Upstreams(ollama))
    loaded: list[str] = []
    return await models.with_forms(await models.target(name), ollama, loaded.append, thinks=thinks)


async def prompt(
    ollama: OllamaUpstream, target: Target, messages: list[Any], *, thinks: bool
) -> str:
    asked = {"model": target.model.name, "max_tokens": 9, "messages": messages}
    if thinks:
        asked["thinking"] = {"type": "adaptive"}
    sent = json.loads(wire_body(chat_request(decode(json.dumps(asked).encode()), target), target))
    sent |= {"stream": False, "_debug_render_only": True}
    text = await ollama.client.ask("/api/chat", json.loads, sent)
    return str(text["_debug_info"]["rendered_template"])


def thought(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "cc-proxy"}


def session(*, thinks: bool, words: bool = True) -> list[dict[str, Any]]:
    """Two questions of a person's, each with calls, results and an answer."""
    messages: list[dict[str, Any]] = []
    for number in range(3):
        messages.append({"role": "user", "content": f"Question {number}?"})
        for step in range(2):
            call_id = f"toolu_{number}_{step}"
            blocks: list[dict[str, Any]] = [thought(f"Step {step}.")] if thinks else []
            # A turn may have words before its call, or none.
            blocks += [{"type": "text", "text": "I look."}] if step and words else []
            blocks.append({"type": "tool_use", "id": call_id, "name": "Read", "input": {"a": "b"}})
            result = {"type": "tool_result", "tool_use_id": call_id, "content": f"Result {step}"}
            messages += [
                {"role": "assistant", "content": blocks},
                {"role": "user", "content": [result]},
            ]
        last = [thought("Enough.")] if thinks else []
        messages.append(
            {"role": "assistant", "content": [*last, {"type": "text", "text": "Because."}]}
        )
    return messages


@pytest.mark.parametrize(
    ("family", "thinks"), [("qwen3.5", True), ("qwen3.5", False), ("gemma4", True)]
)
async def test_every_prompt_of_a_session_begins_with_the_one_before(
    ollama: OllamaUpstream, family: str, *, thinks: bool
) -> None:
    target = await target_of(ollama, family, thinks=thinks)
    assert target.forms[thinks] is not ThinkingForm.FIELD
    # Gemma's renderer puts the words of a turn behind the results of its calls.
    messages = session(thinks=thinks, words=family != "gemma4")
    ends = [n for n, message in enumerate(messages, 1) if message["role"] == "user"]
    prompts = [await prompt(ollama, target, messages[:end], thinks=thinks) for end in ends]
    for earlier, later in pairwise(prompts):
        assert later.startswith(earlier)


@pytest.mark.parametrize(("family", "thinks"), [("nemotron-3-nano", True), ("gemma4", False)])
async def test_where_no_form_helps_thinking_is_sent_as_it_is(
    ollama: OllamaUpstream, family: str, *, thinks: bool
) -> None:
    target = await target_of(ollama, family, thinks=thinks)
    assert target.forms[thinks] is ThinkingForm.FIELD


async def test_what_a_template_forgets_is_measured(ollama: OllamaUpstream) -> None:
    models = Models(Settings(ollama=Ollama(base_url=ollama.client.base_url)), Upstreams(ollama))
    nemotron = await kept_thinking(ollama, await models.target("nemotron-3-nano"), thinks=True)
    qwen = await kept_thinking(ollama, await models.target("qwen3.5"), thinks=True)
    assert nemotron is not None
    assert nemotron.kept < nemotron.of
    assert qwen is not None
    assert qwen.plain < qwen.kept == qwen.of


async def test_a_model_is_loaded_before_its_prompts_are_looked_at() -> None:
    loaded: list[str] = []
    async with (
        PracticeServer(models=MODELS) as server,
        OllamaUpstream(OllamaClient(server.url, api_key=None, silence_seconds=5)) as client,
    ):
        models = Models(Settings(ollama=Ollama(base_url=client.client.base_url)), Upstreams(client))
        target = await models.target("qwen3.5")
        for thinks in (True, False, True):
            await models.with_forms(target, client, loaded.append, thinks=thinks)
        (load,) = server.chats()
    # Once, and with the window of every other request: another would load it again.
    assert loaded == ["qwen3.5"]
    assert load.body["messages"] == []
    assert load.body["options"]["num_ctx"] == target.window
