"""Whole requests: what goes to Ollama, and what the answer must keep to."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.translate.request.build import Target, Translated, chat_request
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.upstreams.ollama.models import ModelInfo

READ = {"name": "Read", "input_schema": {"type": "object", "properties": {"p": {}}}}
GREP = {"name": "Grep", "input_schema": {"type": "object"}}
BEGUN = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "hello"},
    {"role": "user", "content": "go on"},
]
BILLING = "x-anthropic-billing-header: cc_version=2.1.330.440; cc_entrypoint=sdk-cli;"


def translate(
    *, can: tuple[str, ...] = ("completion", "tools"), family: str = "llama", **fields: Any
) -> Translated:
    body = {"model": "m", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
    model = ModelInfo(
        name="m",
        capabilities=frozenset(can),
        max_context=None,
        modelfile_context=None,
        family=family,
    )
    request = decode(msgspec.json.encode(body | fields))
    return chat_request(request, Target(model=model, window=1000, keep_alive="30m"))


def sent(**fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(translate(**fields).body)
    return body


def test_the_attribution_block_never_reaches_the_model() -> None:
    blocks = [
        {"type": "text", "text": BILLING},
        {"type": "text", "text": "You are kind.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be brief."},
    ]
    assert sent(system=blocks)["messages"][0]["content"] == "You are kind.\n\nBe brief."
    assert sent(system=f"{BILLING}\nYou are kind.")["messages"][0]["content"] == "You are kind."
    assert sent(system=BILLING)["messages"][0]["role"] == "user"


@pytest.mark.parametrize("system", [5, [5], {"text": "x"}])
def test_a_system_field_of_another_type_is_refused(system: Any) -> None:
    with pytest.raises(ApiError, match="system: expected a string or a list of text blocks"):
        translate(system=system)


@pytest.mark.parametrize(
    ("thinking", "can", "family", "think"),
    [
        (None, (), "llama", None),
        ({"type": "enabled", "budget_tokens": 100}, (), "llama", None),
        (None, ("thinking",), "qwen3", False),
        ({"type": "disabled"}, ("thinking",), "qwen3", False),
        ({"type": "enabled", "budget_tokens": 100}, ("thinking",), "qwen3", True),
        ({"type": "adaptive"}, ("thinking",), "qwen3", True),
        (None, ("thinking",), "gptoss", "low"),
        ({"type": "adaptive"}, ("thinking",), "gptoss", "medium"),
    ],
)
def test_thinking_is_asked_for_in_what_the_model_can_be_told(
    thinking: Any, can: tuple[str, ...], family: str, think: Any
) -> None:
    assert sent(thinking=thinking, can=can, family=family).get("think") == think


def test_effort_is_a_level_where_levels_are_known() -> None:
    body = sent(can=("thinking",), family="gptoss", output_config={"effort": "high"})
    assert body["think"] == "high"


def test_a_model_does_not_think_before_a_call_that_it_must_make() -> None:
    choice = {"type": "tool", "name": "Read"}
    thinking = {"type": "adaptive"}
    fields: dict[str, Any] = {"tools": [READ], "tool_choice": choice, "thinking": thinking}
    assert sent(can=("tools", "thinking"), family="qwen3", **fields)["think"] is False
    assert sent(can=("tools", "thinking"), family="gptoss", **fields)["think"] == "low"


def test_options_are_what_was_asked_and_the_constant_window() -> None:
    body = sent(temperature=0.2, top_p=0.9, top_k=5, max_tokens=5000, stop_sequences=["END"])
    assert body["options"] == {
        "num_ctx": 1000,
        "num_predict": 1000,
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 5,
    }


def test_stop_sequences_are_kept_by_the_answer_since_ollama_s_would_replace_the_model_s() -> None:
    assert translate(stop_sequences=["END"]).rules == AnswerRules(stop_sequences=("END",))


def test_a_json_schema_for_the_answer_goes_to_format() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    config = {"format": {"type": "json_schema", "schema": schema}}
    assert sent(output_config=config)["format"] == schema
    with_tools = translate(output_config=config, tools=[READ])
    body = msgspec.json.decode(with_tools.body)
    assert "format" not in body
    first = body["messages"][0]
    assert first["role"] == "system"
    assert '{"type":"object","properties":{"title":{"type":"string"}}}' in first["content"]
    assert "output_config.format (said in words: tools are offered)" in with_tools.dropped


def test_no_tools_are_offered_in_a_new_conversation_that_wants_none() -> None:
    assert "tools" not in sent(tools=[READ], tool_choice={"type": "none"})


def test_tools_stay_in_the_prompt_of_a_conversation_that_has_begun() -> None:
    got = translate(tools=[READ], tool_choice={"type": "none"}, messages=BEGUN)
    body = msgspec.json.decode(got.body)
    assert body["tools"] == sent(tools=[READ])["tools"]
    assert body["messages"][-1]["content"].startswith("go on\n\nAnswer in words now")
    assert got.rules.may_call is False


def test_a_named_tool_is_enforced_by_its_schema() -> None:
    got = translate(tools=[READ, GREP], tool_choice={"type": "tool", "name": "Read"})
    body = msgspec.json.decode(got.body)
    assert body["format"] == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "enum": ["Read"]},
            "arguments": READ["input_schema"],
        },
        "required": ["name", "arguments"],
    }
    assert "Call the tool Read now." in body["messages"][-1]["content"]
    assert got.rules.must_call == {"Read"}


def test_any_tool_is_enforced_by_all_their_schemas() -> None:
    got = translate(tools=[READ, GREP], tool_choice={"type": "any"})
    body = msgspec.json.decode(got.body)
    names = [option["properties"]["name"]["enum"] for option in body["format"]["anyOf"]]
    assert names == [["Read"], ["Grep"]]
    assert got.rules.must_call == {"Read", "Grep"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tool_choice": {"type": "any"}}, "demands a tool, and none is declared"),
        (
            {"tools": [READ], "tool_choice": {"type": "tool", "name": "Gone"}},
            "expected one of Read, found 'Gone'",
        ),
        ({"tool_choice": {"type": "perhaps"}}, "expected auto, any, tool or none"),
        ({"messages": []}, "at least one message"),
        ({"tools": {"name": "x"}}, "tools: expected a list"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "a JSON schema in `schema`"),
    ],
)
def test_what_the_api_forbids_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiError, match=words):
        translate(**fields)


def test_one_call_is_a_rule_of_the_answer() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert translate(tools=[READ], tool_choice=choice).rules.one_call is True


def test_a_tool_that_a_server_must_run_is_left_out_by_name() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    got = translate(tools=[READ, search])
    assert [t["function"]["name"] for t in msgspec.json.decode(got.body)["tools"]] == ["Read"]
    assert any("web_search" in what for what in got.dropped)


def test_the_same_request_gives_the_same_bytes() -> None:
    fields: dict[str, Any] = {"tools": [READ, GREP], "system": "S", "messages": BEGUN}
    assert translate(**fields).body == translate(**fields).body
