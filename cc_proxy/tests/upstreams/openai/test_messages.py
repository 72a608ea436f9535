"""Claude Code's requests through the gateway to a real llama-server, and to recorded servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from cc_proxy.app.config import AffinityHeader, UpstreamSettings
from cc_proxy.tests.upstreams.openai import gateway as gateways
from cc_proxy.tests.upstreams.openai.answers import DONE, data, event
from cc_proxy.tests.upstreams.openai.gateway import Gateway, blocks
from cc_proxy.tests.upstreams.openai.llama import WINDOW
from cc_proxy.tests.upstreams.openai.llama import serving as llama_server
from cc_proxy.tests.upstreams.openai.recorded import named
from cc_proxy.tests.upstreams.openai.stand import ASKED, Stand, over_vllm, vllm_server

BASH = {
    "name": "Bash",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}
TIME = {
    "name": "get_time",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with (
        llama_server(tmp_path, slots=2) as url,
        gateways.serving(UpstreamSettings(url=url)) as found,
    ):
        yield found


async def test_the_one_model_of_a_server_answers_claudes_names(gateway: Gateway) -> None:
    status, message = await gateway.ask("[[hello]]")
    assert (status, message["stop_reason"]) == (200, "end_turn")
    assert blocks(message, "text")[0]["text"] == "Hello there, this is a steady answer."
    health = await gateway.health()
    assert health["default_model"]["name"] == "script"
    assert health["default_model"]["context_window"] == WINDOW
    assert health["upstream"]["version"].startswith("llama-server")


async def test_calls_of_one_answer_come_each_in_a_block(gateway: Gateway) -> None:
    status, message = await gateway.ask("[[two]]", tools=[BASH, TIME])
    assert (status, message["stop_reason"]) == (200, "tool_use")
    calls = [(block["name"], block["input"]) for block in blocks(message, "tool_use")]
    assert calls == [("Bash", {"command": "date"}), ("get_time", {"zone": "UTC"})]


async def test_a_call_that_leaks_into_the_text_is_made(gateway: Gateway) -> None:
    _, message = await gateway.ask("[[bare]]", tools=[BASH])
    assert [block["input"] for block in blocks(message, "tool_use")] == [{"command": "uname"}]


async def test_thinking_comes_in_its_block(gateway: Gateway) -> None:
    _, message = await gateway.ask("[[think]]", thinking={"type": "enabled", "budget_tokens": 1024})
    assert blocks(message, "thinking")[0]["thinking"].startswith("The user wants a greeting.")
    assert blocks(message, "text")[0]["text"] == "Good morning."


async def test_a_prompt_that_is_too_long_is_said_in_the_words_of_the_api(
    gateway: Gateway,
) -> None:
    status, error = await gateway.ask("y " * 3 * WINDOW)
    assert status == 400
    assert error["error"]["message"].startswith("prompt is too long: ")
    assert error["error"]["message"].endswith(f"> {WINDOW} maximum")


async def test_the_cached_part_of_a_prompt_is_the_servers_own_count(gateway: Gateway) -> None:
    text = "[[hello]] " + "The same words again. " * 100
    _, first = await gateway.ask(text)
    assert first["usage"]["cache_read_input_tokens"] == 0
    _, again = await gateway.ask(text)
    used = again["usage"]
    assert used["cache_read_input_tokens"] > 10 * used["input_tokens"]


async def test_a_prompt_is_counted_by_the_server(gateway: Gateway) -> None:
    text = "[[hello]] " + "qxzjv " * 100
    said = await count(gateway, text)
    _, message = await gateway.ask(text)
    used = message["usage"]
    assert said == used["input_tokens"] + used["cache_read_input_tokens"]


async def test_a_model_that_is_not_there_is_not_another_one(gateway: Gateway) -> None:
    status, error = await gateway.ask("hi", model="gone")
    assert (status, error["error"]["type"]) == (404, "not_found_error")
    assert (
        error["error"]["message"] == "local has no model gone. See what it serves: cc-proxy models"
    )
    status, _ = await gateway.ask("[[hello]]", model="local/script")
    assert status == 200


# Servers that are not here: their recorded answers.
@pytest.fixture
async def vllm() -> AsyncIterator[Stand]:
    async with over_vllm() as stand:
        yield stand


async def test_cut_arguments_never_become_an_empty_call(vllm: Stand) -> None:
    vllm.recorded += ["vllm/script_cutargs", "vllm/script_cutargs"]
    status, message = await vllm.gateway.ask("[[cutargs]]", tools=[BASH])
    assert (status, message["stop_reason"]) == (200, "max_tokens")
    assert blocks(message, "tool_use") == []
    assert len(vllm.asked) == 2


async def test_cut_arguments_are_asked_for_once_more(vllm: Stand) -> None:
    vllm.recorded += ["vllm/script_cutargs", "vllm/script_bash"]
    _, message = await vllm.gateway.ask("[[cutargs]]", tools=[BASH])
    assert [b["input"] for b in blocks(message, "tool_use")] == [{"command": "echo one && ls -la"}]
    assert vllm.asked[0] == vllm.asked[1]


async def test_blank_text_behind_the_thinking_is_not_shown(vllm: Stand) -> None:
    vllm.recorded += ["vllm/script_think", "vllm/script_tcall"]
    _, words = await vllm.gateway.ask("[[think]]")
    assert [block["text"] for block in blocks(words, "text")] == ["Good morning."]
    _, call = await vllm.gateway.ask("[[tcall]]", tools=[BASH])
    assert [block["type"] for block in call["content"]] == ["thinking", "tool_use"]


async def test_a_count_that_is_not_exact_teaches_nothing(vllm: Stand) -> None:
    text = "word " * 20
    before = await count(vllm.gateway, text)
    vllm.recorded += ["vllm/chat_overflow_prompt"]
    status, error = await vllm.gateway.ask(text)
    assert (status, error["error"]["message"]) == (
        400,
        "prompt is too long: 16385 tokens > 16384 maximum",
    )
    assert await count(vllm.gateway, text) == before


async def count(gateway: Gateway, text: str) -> int:
    asked = gateways.body(text)
    del asked["max_tokens"]
    async with gateway.client.post(gateway.url + "/v1/messages/count_tokens", json=asked) as found:
        return int((await found.json())["input_tokens"])


@pytest.mark.parametrize("router", ["vllmrouter", "sglrouter"])
async def test_an_error_that_a_router_labels_as_a_stream_is_an_error(
    vllm: Stand, router: str
) -> None:
    vllm.recorded += [f"{router}/overflow"]
    assert named(f"{router}/overflow").content_type == "text/event-stream"
    status, error = await vllm.gateway.ask("hi")
    assert (status, error["error"]["message"]) == (
        400,
        "prompt is too long: 80017 tokens > 16384 maximum",
    )


async def test_a_worker_that_died_costs_no_answer(vllm: Stand) -> None:
    vllm.recorded += ["vllmrouter/after_worker_killed"] * 2 + ["vllm/script_hello"]
    status, _ = await vllm.gateway.ask("hi")
    assert (status, len(vllm.asked)) == (200, 3)


async def test_a_replica_that_dies_in_mid_answer_ends_it_with_an_error(vllm: Stand) -> None:
    vllm.recorded += ["rayserve/replica_killed_midstream"]
    events = await vllm.gateway.stream("hi")
    assert events[-1]["type"] == "error"
    assert "local ended its answer in the middle." in events[-1]["error"]["message"]


async def test_a_demanded_call_is_demanded_in_the_servers_own_way(vllm: Stand) -> None:
    vllm.recorded += ["vllm/chat_tool_choice_named"]
    choice = {"type": "tool", "name": "Bash"}
    _, message = await vllm.gateway.ask("hi", tools=[BASH, TIME], tool_choice=choice)
    assert message["stop_reason"] == "tool_use"
    (asked,) = vllm.asked
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "Bash"}}
    assert "response_format" not in asked


async def test_a_leaked_call_counts_for_nothing_when_none_may_be_made(vllm: Stand) -> None:
    vllm.recorded += ["vllm/chat_tool_choice_none"]
    turns = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    none = {"type": "none"}
    _, message = await vllm.gateway.ask("", messages=turns, tools=[BASH], tool_choice=none)
    assert (message["stop_reason"], blocks(message, "tool_use")) == ("end_turn", [])
    assert vllm.asked[0]["tool_choice"] == "none"
    assert vllm.asked[0]["tools"]


async def test_the_session_is_named_to_a_router_and_its_id_stays_here(vllm: Stand) -> None:
    session = {"X-Claude-Code-Session-Id": "0b5e6d2c-1111-4222-8333-444455556666"}
    vllm.gateway.client.headers.update(session)
    await vllm.gateway.ask("hi")
    await vllm.gateway.ask("hi again")
    first, second = vllm.headers
    names = ("X-Session-ID", "X-SMG-Routing-Key", "X-Claude-Code-Session-Id")
    keys = {first[name] for name in names} | {second[name] for name in names}
    assert len(keys) == 1
    assert "0b5e6d2c" not in str((first, second, vllm.asked))


async def test_a_balancer_gets_the_key_of_a_session_in_its_own_header_too(vllm: Stand) -> None:
    shared = vllm.gateway.shared
    upstream = shared.upstreams.first
    name, settings = upstream.name, shared.context.settings
    affinity = AffinityHeader(header="X-Our-Session")
    own = msgspec.structs.replace(settings.upstreams[name], affinity=affinity)
    upstream.use(msgspec.structs.replace(settings, upstreams={name: own}))
    vllm.gateway.client.headers.update({"X-Claude-Code-Session-Id": "0b5e6d2c"})
    await vllm.gateway.ask("hi")
    (sent,) = vllm.headers
    assert sent["X-Our-Session"] == sent["X-Session-ID"]


async def test_nothing_that_only_ollama_knows_is_sent(vllm: Stand) -> None:
    await vllm.gateway.ask("hi", tools=[BASH])
    (asked,) = vllm.asked
    assert set(asked) == {
        *("model", "messages", "stream", "stream_options", "tools", "parallel_tool_calls"),
        *("max_tokens", "chat_template_kwargs"),
    }


COUNTS = data({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 9}})


@pytest.mark.parametrize("reason", ["stop", "weird"])
async def test_an_empty_answer_is_not_asked_for_again_and_names_no_other_server(
    vllm: Stand, reason: str
) -> None:
    vllm.recorded += [event({"content": ""}, finish_reason=reason) + COUNTS + DONE]
    _, message = await vllm.gateway.ask("hi", tools=[BASH])
    assert len(vllm.asked) == 1
    (text,) = [block["text"] for block in blocks(message, "text")]
    assert "that local could not read" in text


async def test_a_web_page_at_200_is_the_servers_name_and_its_title(vllm: Stand) -> None:
    vllm.recorded += [b"<html><head><title>Please log in</title></head></html>"]
    status, error = await vllm.gateway.ask("hi")
    assert status == 502
    assert (
        'local sent a web page, which is not local\'s own: "Please log in".'
        in error["error"]["message"]
    )


async def test_the_words_of_an_error_event_reach_the_client(vllm: Stand) -> None:
    error = b'event: error\ndata: {"message": "CUDA error: out of memory"}\n\n'
    vllm.recorded += [event({"content": "Hi"}) + error]
    events = await vllm.gateway.stream("hi")
    assert events[-1]["type"] == "error"
    assert "CUDA error: out of memory" in events[-1]["error"]["message"]


async def test_lists_of_models_name_their_server(vllm: Stand) -> None:
    url = vllm.gateway.url + "/v1/models"
    async with vllm.gateway.client.get(url) as answer:
        (listed,) = (await answer.json())["data"]
    async with vllm.gateway.client.get(url + "/script") as answer:
        one = await answer.json()
    assert listed["description"].startswith("local · ")
    assert one["description"] == "script on local"


async def test_more_fields_of_the_configuration_are_in_each_request() -> None:
    async with vllm_server() as (url, app):
        upstream = UpstreamSettings(url=url, extra_body={"top_k": 7, "cache_salt": "mine"})
        async with gateways.serving(upstream) as gateway:
            await gateway.ask("hi", top_k=3)
        (asked,) = app[ASKED]
    assert (asked["top_k"], asked["cache_salt"]) == (7, "mine")


async def test_the_count_of_a_prompt_teaches_what_is_behind_it(vllm: Stand) -> None:
    text = "word " * 200
    before = await count(vllm.gateway, text)
    vllm.counts.append(before - 20)
    vllm.gateway.client.headers["X-Claude-Code-Session-Id"] = "another"
    assert await count(vllm.gateway, f"{text}x") == before - 20
    (asked,) = vllm.counted
    assert set(asked) == {"model", "messages", "chat_template_kwargs"}
    vllm.counts.append(1)
    # In the same session it is worked out.
    assert abs(await count(vllm.gateway, f"{text}x more") - before + 20) < 20
