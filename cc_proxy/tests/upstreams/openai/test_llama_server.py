"""A real llama-server, asked as the gateway asks it: what comes are chunks, whatever was said."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.chat.errors import ContextOverflowError, ModelNotFoundError
from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ChatRequest, ToolCall
from cc_proxy.app.chat.target import Target
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream
from cc_proxy.tests.upstreams.openai.answers import Answer
from cc_proxy.tests.upstreams.openai.llama import WINDOW

MODEL = "script"


def tool(name: str, argument: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {argument: {"type": "string"}},
        "required": [argument],
    }
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TOOLS = msgspec.Raw(msgspec.json.encode([tool("Bash", "command"), tool("get_time", "zone")]))


def asked(*messages: ChatMessage | str, **fields: Any) -> ChatRequest:
    turns = [ChatMessage("user", one) if isinstance(one, str) else one for one in messages]
    return ChatRequest(MODEL, turns, **{"max_tokens": 200, **fields})


async def target(upstream: OpenAIUpstream) -> Target:
    model = await upstream.model(MODEL)
    return Target(model, model.max_context or 0, "30m")


async def answer_to(
    upstream: OpenAIUpstream, request: ChatRequest, conversation: str = ""
) -> Answer:
    encoded = upstream.encode(request, await target(upstream))
    answer = Answer()
    async with upstream.chat(encoded, "session", conversation) as batches:
        async for batch in batches:
            answer.add(batch, None)
    return answer


async def test_the_server_says_what_it_is_and_has(upstream: OpenAIUpstream) -> None:
    info = await upstream.model(MODEL)
    assert (info.max_context, info.capabilities) == (
        WINDOW,
        frozenset({"completion", "tools", "thinking"}),
    )
    assert (await upstream.version()).startswith("llama-server")
    assert [card.name for card in await upstream.models()] == [MODEL]
    assert [model.context_length for model in await upstream.loaded()] == [WINDOW]


async def test_a_model_that_the_server_would_stand_in_for_is_missing(
    upstream: OpenAIUpstream,
) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        await upstream.model("no-such")
    assert str(caught.value) == "local has no model no-such."


async def test_words_and_counts_come(upstream: OpenAIUpstream) -> None:
    answer = await answer_to(upstream, asked("[[unicode]]"))
    assert (answer.text, answer.reason) == ("Größe 日本語 🙂 done", "stop")
    prompt, cached, _ = answer.counts
    assert prompt > 0
    assert cached == 0


async def test_thinking_is_apart_from_words(upstream: OpenAIUpstream) -> None:
    answer = await answer_to(upstream, asked("[[think]]", think=True))
    assert (answer.thinking.strip(), answer.text) == (
        "The user wants a greeting. I greet.",
        "Good morning.",
    )
    unthinking = await answer_to(upstream, asked("[[think]]", think=False))
    assert unthinking.thinking == ""


async def test_calls_come_whole_and_several_in_one_answer(upstream: OpenAIUpstream) -> None:
    one = await answer_to(upstream, asked("[[tcall]]", tools=TOOLS))
    assert one.calls == [("Bash", {"command": "date -u"})]
    assert one.thinking.strip() == "I need the date first."
    two = await answer_to(upstream, asked("[[two]]", tools=TOOLS))
    assert two.calls == [("Bash", {"command": "date"}), ("get_time", {"zone": "UTC"})]


async def test_the_result_of_a_tool_goes_back(upstream: OpenAIUpstream) -> None:
    call = ToolCall(CalledFunction("Bash", msgspec.Raw(b'{"command": "date"}')), "abcdefghi")
    answer = await answer_to(
        upstream,
        asked(
            ChatMessage("system", "You are terse."),
            "[[bash]]",
            ChatMessage("assistant", thinking="A date.", tool_calls=[call]),
            ChatMessage("tool", "Sunday", tool_name="Bash", tool_call_id="abcdefghi"),
            tools=TOOLS,
        ),
    )
    assert answer.text == "Hello there, this is a steady answer."


async def test_an_answer_is_cut_at_its_limit(upstream: OpenAIUpstream) -> None:
    answer = await answer_to(upstream, asked("[[long]]", max_tokens=12))
    assert (answer.reason, answer.counts[2]) == ("length", 12)


async def test_an_answer_in_one_piece_is_the_same(upstream: OpenAIUpstream) -> None:
    streamed = await answer_to(upstream, asked("[[two]]", tools=TOOLS))
    whole = await answer_to(upstream, asked("[[two]]", tools=TOOLS, stream=False))
    assert (whole.calls, whole.counts[0]) == (streamed.calls, streamed.counts[0])


async def test_a_prompt_that_is_too_long_says_both_numbers(upstream: OpenAIUpstream) -> None:
    with pytest.raises(ContextOverflowError) as caught:
        await answer_to(upstream, asked("y " * 3 * WINDOW))
    assert caught.value.window == WINDOW
    assert caught.value.prompt_tokens > WINDOW
    assert caught.value.is_exact


async def test_who_leaves_stops_the_model(upstream: OpenAIUpstream) -> None:
    request = upstream.encode(asked("[[long]]", max_tokens=100_000), await target(upstream))
    async with upstream.chat(request) as batches:
        async for _ in batches:
            break

    async def at_work() -> bool:
        slots: list[dict[str, Any]] = await upstream.client.ask("/slots", msgspec.json.decode)
        return any(slot["is_processing"] for slot in slots)

    while await at_work():
        pass


async def test_each_conversation_keeps_what_was_read_of_it(upstream: OpenAIUpstream) -> None:
    common = "The same words come first for each. " * 20
    own = {name: f"{common} This is {name}. " + f"{name} " * 200 for name in ("ann", "bob", "cy")}
    for name, text in own.items():
        await answer_to(upstream, asked(text), name)
    for name, text in own.items():
        again = asked(text, ChatMessage("assistant", "Hm."), "And?")
        prompt, cached, _ = (await answer_to(upstream, again, name)).counts
        assert cached is not None
        assert cached > 0.9 * prompt


async def test_the_prompt_is_shown_as_the_template_makes_it(upstream: OpenAIUpstream) -> None:
    request = upstream.encode(asked("Hi"), await target(upstream))
    shown = await upstream.rendered_prompt(request)
    assert shown == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<|hello|>"


async def test_the_server_counts_a_prompt_as_it_reads_it_once_a_session(
    upstream: OpenAIUpstream,
) -> None:
    request = asked(ChatMessage("system", "You are terse."), "[[two]]", tools=TOOLS, think=False)
    at = await target(upstream)
    counted = await upstream.count(request, at, "session")
    assert await upstream.count(request, at, "session") is None
    assert counted == (await answer_to(upstream, request)).counts[0]


async def test_no_prompt_is_counted_beside_an_answer(upstream: OpenAIUpstream) -> None:
    request, at = asked("[[long]]", max_tokens=100_000), await target(upstream)
    async with upstream.chat(upstream.encode(request, at)) as batches:
        async for _ in batches:
            assert await upstream.count(request, at, "session") is None
            break
    assert await upstream.count(request, at, "session")
