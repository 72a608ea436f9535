"""Answers that are asked for once more: what Ollama is asked then, and what the client sees."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from cc_proxy.app.config import Assist
from cc_proxy.app.gateway.answer import second_tries

from .conftest import Chat, Gateway, Upstream, done, line, says

READ = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}},
        "required": ["file_path"],
    },
}
BASH = {
    "name": "Bash",
    "description": "Runs a command.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}
CALL = {"function": {"name": "Read", "arguments": {"file_path": "a"}}}
PNG = "iVBO" * 300_000
SECRET = "rm -rf the-words-of-the-model"


def refuses(text: str, status: int = 500) -> Chat:
    async def chat(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": text}, status=status)

    return chat


def breaks(*words: str, text: str) -> Chat:
    """Say some words, and end with an error line in mid-stream."""
    error = web.json_response({"error": text}).body
    assert isinstance(error, bytes)
    return says(*(line(word) for word in words), error + b"\n")


def slowly(*lines: bytes) -> Chat:
    """Say each line on its own, as a model does, and then end."""

    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for one in lines:
            await response.write(one)
            await asyncio.sleep(0)
        await response.write(done())
        return response

    return chat


def in_turn(*chats: Chat) -> Chat:
    answers = iter(chats)

    async def chat(request: web.Request) -> web.StreamResponse:
        return await next(answers)(request)

    return chat


def called() -> bytes:
    return done(message={"content": "", "tool_calls": [CALL]})


def texts(message: dict[str, Any]) -> list[str]:
    return [block["text"] for block in message["content"] if block["type"] == "text"]


def inputs(message: dict[str, Any]) -> list[Any]:
    return [(b["name"], b["input"]) for b in message["content"] if b["type"] == "tool_use"]


@pytest.mark.parametrize(
    "text",
    [
        "EOF",
        "unexpected EOF",
        "XML syntax error on line 7: element <parameter> closed by </function>",
        "tool 'Raed' not found",
        'Failed to parse input at pos 31: {"no": call',
        "error parsing tool call: raw='{\"oops', err=unexpected end of JSON input",
        "failed to parse JSON: invalid character 'x'",
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_call_that_ollama_cannot_read_is_asked_for_once_more(
    gateway: Gateway, upstream: Upstream, caplog: Any, text: str, *, streamed: bool
) -> None:
    caplog.set_level("INFO")
    upstream.chat = in_turn(refuses(text), says(called()))
    if streamed:
        events = await gateway.stream(tools=[READ])
        assert events[-2]["delta"]["stop_reason"] == "tool_use"
    else:
        status, message, _ = await gateway.ask(tools=[READ])
        assert (status, inputs(message)) == (200, [("Read", {"file_path": "a"})])
    first, second = upstream.bodies
    assert first == second
    assert "a tool call could not be read" in caplog.text
    assert "assisted=unreadable_call" in caplog.text
    assert "oops" not in caplog.text


async def test_the_same_trouble_again_is_answered_with_a_hint_behind_the_last_turn(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = in_turn(refuses("EOF"), refuses("EOF"), says(called()))
    status, message, _ = await gateway.ask(tools=[READ])
    assert (status, inputs(message)) == (200, [("Read", {"file_path": "a"})])
    first, _, third = upstream.bodies
    before, hinted = first["messages"][-1]["content"], third["messages"][-1]["content"]
    assert hinted.startswith(before)
    assert "could not be read" in hinted
    assert third["messages"][:-1] == first["messages"][:-1]
    assert third["tools"] == first["tools"]


async def test_a_tool_that_is_not_there_is_named_in_the_hint(
    gateway: Gateway, upstream: Upstream
) -> None:
    missing = refuses("tool 'Raed' not found")
    upstream.chat = in_turn(missing, missing, says(called()))
    await gateway.ask(tools=[READ, BASH])
    hinted = upstream.bodies[-1]["messages"][-1]["content"]
    assert "There is no tool Raed. The tools are: Read, Bash." in hinted


async def test_a_session_goes_on_when_every_try_has_failed(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = refuses("EOF")
    status, message, _ = await gateway.ask(tools=[READ])
    assert (status, message["stop_reason"]) == (200, "end_turn")
    assert texts(message)[0].startswith("[cc-proxy: the model wrote a tool call 3 times")
    assert len(upstream.bodies) == 3


async def test_what_was_shown_before_the_error_is_neither_lost_nor_shown_twice(
    gateway: Gateway, upstream: Upstream
) -> None:
    again = says(line("I read "), line("it."), called())
    upstream.chat = in_turn(breaks("I read ", "it.", text="EOF"), again)
    events = await gateway.stream(tools=[READ])
    shown = [e["delta"]["text"] for e in events if e.get("delta", {}).get("text")]
    assert "".join(shown) == "I read it."
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert [e["type"] for e in events][-1] == "message_stop"


async def test_other_words_in_the_second_try_are_shown_whole(
    gateway: Gateway, upstream: Upstream
) -> None:
    again = says(line("I read the file."), called())
    upstream.chat = in_turn(breaks("I read ", "it.", text="EOF"), again)
    _, message, _ = await gateway.ask(tools=[READ])
    assert texts(message) == ["I read it.", "I read the file."]
    assert inputs(message) == [("Read", {"file_path": "a"})]


async def test_the_model_reads_its_second_try_and_not_what_failed(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = in_turn(
        breaks("First words.", text="EOF"), says(line("Other words."), called()), says(done())
    )
    _, message, _ = await gateway.ask(tools=[READ])
    result = {"type": "tool_result", "tool_use_id": message["content"][-1]["id"], "content": "b"}
    await gateway.ask(
        tools=[READ],
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": message["content"]},
            {"role": "user", "content": [result]},
        ],
    )
    assert upstream.bodies[-1]["messages"][1]["content"] == "Other words."


async def test_calls_before_the_unreadable_one_are_made(
    gateway: Gateway, upstream: Upstream
) -> None:
    call = line(message={"content": "", "tool_calls": [CALL]})
    error = b'{"error":"EOF"}\n'
    upstream.chat = says(call, error)
    _, message, _ = await gateway.ask(tools=[READ])
    assert inputs(message) == [("Read", {"file_path": "a"})]
    assert len(upstream.bodies) == 1


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            'error parsing tool call: raw=\'{"command": "ls", }\', err=invalid character',
            ("Bash", {"command": "ls"}),
        ),
        (
            'Failed to parse input at pos 4: [TOOL_CALLS]Read[ARGS]{"file_path": "b"}',
            ("Read", {"file_path": "b"}),
        ),
    ],
)
async def test_a_call_is_read_from_the_error_that_shows_it(
    gateway: Gateway, upstream: Upstream, caplog: Any, text: str, made: Any
) -> None:
    upstream.chat = refuses(text)
    _, message, _ = await gateway.ask(tools=[READ, BASH])
    assert inputs(message) == [made]
    assert len(upstream.bodies) == 1
    assert "read from its error" in caplog.text


async def test_arguments_without_a_name_that_fit_two_tools_are_asked_for_again(
    gateway: Gateway, upstream: Upstream
) -> None:
    other = READ | {"name": "Open"}
    raw = 'error parsing tool call: raw=\'{"file_path": "b", }\', err=invalid character'
    upstream.chat = in_turn(refuses(raw), says(called()))
    _, message, _ = await gateway.ask(tools=[READ, other])
    assert inputs(message) == [("Read", {"file_path": "a"})]


async def test_a_large_request_is_not_asked_again_once_something_was_shown(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_tries, "MAX_HELD_BYTES", 10)
    upstream.chat = in_turn(breaks("I read ", "it.", text="EOF"), says(called()))
    events = await gateway.stream(tools=[READ])
    shown = [e["delta"]["text"] for e in events if e.get("delta", {}).get("text")]
    assert "".join(shown).startswith("I read it.[cc-proxy: the model wrote a tool call")
    assert len(upstream.bodies) == 1


async def test_a_call_that_is_cut_twice_has_met_the_limit(
    gateway: Gateway, upstream: Upstream
) -> None:
    # Recording 83f.
    upstream.chat = refuses(
        'llama-server returned invalid tool call arguments for "Read": unexpected end of JSON input'
    )
    status, message, _ = await gateway.ask(tools=[READ])
    assert (status, message["stop_reason"]) == (200, "max_tokens")
    assert len(upstream.bodies) == 2


async def test_no_word_of_the_model_is_in_the_log(
    gateway: Gateway, upstream: Upstream, caplog: Any
) -> None:
    upstream.chat = refuses(f"error parsing tool call: raw='{{{SECRET}', err=invalid character")
    status, _, _ = await gateway.ask(tools=[READ])
    assert status == 200
    assert SECRET not in caplog.text


async def test_no_word_of_the_model_is_in_the_log_where_the_help_is_off(
    gateway: Gateway, upstream: Upstream, caplog: Any
) -> None:
    settings = gateway.shared.context.settings
    gateway.shared.models.use(replace(settings, assist=Assist(unreadable_call=False)))
    upstream.chat = refuses(f"error parsing tool call: raw='{{{SECRET}', err=invalid character")
    status, _, _ = await gateway.ask(tools=[READ])
    assert status == 500
    assert SECRET not in caplog.text


async def test_a_large_request_is_given_up_once_something_was_shown(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = breaks("First words.", text="EOF")
    upstream.capabilities = ("completion", "tools", "vision")
    image = {"type": "base64", "media_type": "image/png", "data": PNG}
    large = {"role": "user", "content": [{"type": "image", "source": image}]}
    _, message, _ = await gateway.ask(tools=[READ], messages=[large])
    assert texts(message)[0] == "First words."
    assert texts(message)[1].startswith("[cc-proxy: the model wrote a tool call once")
    assert len(upstream.bodies) == 1


async def test_the_step_of_a_large_request_is_not_asked_for_and_its_turn_ends(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = says(line("I will now read the file."), done())
    upstream.capabilities = ("completion", "tools", "vision")
    image = {"type": "base64", "media_type": "image/png", "data": PNG}
    large = {"role": "user", "content": [{"type": "image", "source": image}]}
    status, message, _ = await gateway.ask(tools=[READ], messages=[large])
    assert (status, message["stop_reason"]) == (200, "end_turn")
    assert texts(message) == ["I will now read the file."]
    assert len(upstream.bodies) == 1


async def test_an_error_of_another_kind_is_not_asked_again(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = refuses("model requires more system memory (9.0 GiB) than is available")
    status, _, _ = await gateway.ask(tools=[READ])
    assert status == 500
    assert len(upstream.bodies) == 1


async def test_a_step_that_was_announced_is_asked_for_once_and_in_silence(
    gateway: Gateway, upstream: Upstream, caplog: Any
) -> None:
    caplog.set_level("INFO")
    upstream.chat = in_turn(
        says(line("I will now read the file."), done()), says(line("Reading."), called())
    )
    _, message, _ = await gateway.ask(tools=[READ])
    assert texts(message) == ["I will now read the file."]
    assert inputs(message) == [("Read", {"file_path": "a"})]
    assert message["stop_reason"] == "tool_use"
    first, second = upstream.bodies
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][-2]["content"] == "I will now read the file."
    assert "assisted=announced_step" in caplog.text
    async with gateway.client.get(gateway.url + "/health?upstream=0") as response:
        assert (await response.json())["assists"] == {"announced_step": 1}


async def test_a_step_that_does_not_come_leaves_the_turn_as_it_was(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = in_turn(says(line("Let me look."), done()), says(line("Done."), done()))
    _, message, _ = await gateway.ask(tools=[READ])
    assert texts(message) == ["Let me look."]
    assert message["stop_reason"] == "end_turn"
    assert len(upstream.bodies) == 2


@pytest.mark.parametrize("trouble", [refuses("EOF"), refuses("out of memory"), says()])
async def test_a_second_try_that_fails_leaves_the_turn_as_it_was(
    gateway: Gateway, upstream: Upstream, trouble: Chat
) -> None:
    upstream.chat = in_turn(says(line("Let me look."), done()), trouble)
    status, message, _ = await gateway.ask(tools=[READ])
    assert (status, texts(message)) == (200, ["Let me look."])


async def test_after_an_error_of_a_tool_no_step_is_asked_for(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = says(line("I will now read the file."), done())
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True}
    history = [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {}}],
        },
        {"role": "user", "content": [result]},
    ]
    await gateway.ask(tools=[READ], messages=history)
    assert len(upstream.bodies) == 1


async def test_text_over_and_over_is_cut_and_asked_for_without_thinking(
    gateway: Gateway, upstream: Upstream, caplog: Any
) -> None:
    caplog.set_level("INFO")
    upstream.capabilities = ("completion", "tools", "thinking")
    loop = line(message={"content": "", "thinking": "Wait, let me think again. "})
    upstream.chat = in_turn(slowly(*[loop] * 500), says(line("Yes."), done()))
    events = await gateway.stream(thinking={"type": "adaptive"})
    thought = "".join(e["delta"]["thinking"] for e in events if e.get("delta", {}).get("thinking"))
    assert len(thought) < 5_000
    assert [e["delta"]["text"] for e in events if e.get("delta", {}).get("text")] == ["Yes."]
    assert [body["think"] for body in upstream.bodies] == [True, False]
    assert "assisted=repeated_text" in caplog.text


async def test_text_that_repeats_itself_again_ends_the_answer_with_a_word_about_it(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = slowly(*[line("The same line again.\n")] * 500)
    _, message, _ = await gateway.ask()
    assert message["stop_reason"] == "end_turn"
    assert texts(message)[-1].startswith("[cc-proxy: the model repeated the same text")
    assert len(upstream.bodies) == 2


@pytest.mark.parametrize(
    ("switch", "chat"),
    [
        ("announced_step", says(line("I will now read the file."), done())),
        ("repeated_text", slowly(*[line("The same line again.\n")] * 500)),
        ("unreadable_call", refuses("EOF")),
    ],
)
async def test_each_help_can_be_switched_off(
    gateway: Gateway, upstream: Upstream, switch: str, chat: Chat
) -> None:
    settings = gateway.shared.context.settings
    gateway.shared.models.use(replace(settings, assist=Assist(**{switch: False})))
    upstream.chat = chat
    await gateway.ask(tools=[READ])
    assert len(upstream.bodies) == 1


CUT_STRING = {"function": {"name": "Read", "arguments": '{"file_path": "/a/very/lo'}}


def calls_with(call: dict[str, Any]) -> bytes:
    return done(message={"content": "", "tool_calls": [call]})


# As the one argument that the tool needs, the text would be a file of that name.
@pytest.mark.parametrize(
    "arguments", ['{"file_path": "/a/lo', '{"file_path": /a}', "{ 'file_path': "]
)
async def test_arguments_that_are_a_broken_object_in_a_string_are_asked_for_again(
    gateway: Gateway, upstream: Upstream, arguments: str
) -> None:
    broken = {"function": {"name": "Read", "arguments": arguments}}
    upstream.chat = in_turn(says(line("Now."), calls_with(broken)), says(called()))
    _, message, _ = await gateway.ask(tools=[READ])
    assert [b["input"] for b in message["content"] if b["type"] == "tool_use"] == [
        {"file_path": "a"}
    ]
    assert len(upstream.bodies) == 2


async def test_arguments_that_are_cut_in_a_string_twice_end_the_answer(
    gateway: Gateway, upstream: Upstream
) -> None:
    upstream.chat = says(calls_with(CUT_STRING))
    _, message, _ = await gateway.ask(tools=[READ])
    assert message["stop_reason"] == "max_tokens"
    assert [block for block in message["content"] if block["type"] == "tool_use"] == []


async def test_arguments_that_are_plain_text_are_the_one_argument(
    gateway: Gateway, upstream: Upstream
) -> None:
    plain = {"function": {"name": "Bash", "arguments": "{ echo a; }"}}
    upstream.chat = says(calls_with(plain))
    _, message, _ = await gateway.ask(tools=[BASH])
    assert message["content"][-1]["input"] == {"command": "{ echo a; }"}
