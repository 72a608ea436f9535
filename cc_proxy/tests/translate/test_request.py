"""Whole requests: what goes to Ollama, and what the answer must keep to."""

from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.tests.wire_body import wire_body

READ = {"name": "Read", "input_schema": {"type": "object", "properties": {"p": {}}}}
GREP = {"name": "Grep", "input_schema": {"type": "object"}}
NAMED = {"type": "tool"}
BEGUN = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "hello"},
    {"role": "user", "content": "go on"},
]
BILLING = "x-anthropic-billing-header: cc_version=2.1.330.440; cc_entrypoint=sdk-cli;"


def translate(
    *, can: tuple[str, ...] = ("completion", "tools"), family: str = "llama", **fields: Any
) -> TranslatedRequest:
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
    body: dict[str, Any] = msgspec.json.decode(wire_body(translate(**fields)))
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


@pytest.mark.parametrize(
    ("effort", "family", "think"),
    [
        ("low", "qwen3", "low"),
        ("medium", "qwen3", "medium"),
        ("high", "qwen3", "high"),
        ("xhigh", "qwen3", "high"),
        ("max", "qwen3", "max"),
        ("unheard of", "qwen3", True),
        ("low", "gptoss", "low"),
        ("medium", "gptoss", "medium"),
        ("high", "gptoss", "high"),
        ("max", "gptoss", "high"),
        ("unheard of", "gptoss", "medium"),
    ],
)
def test_effort_reaches_every_model_that_thinks(effort: str, family: str, think: Any) -> None:
    thinking, config = {"type": "adaptive"}, {"effort": effort}
    asked = sent(can=("thinking",), family=family, thinking=thinking, output_config=config)
    assert asked["think"] == think
    without = sent(can=(), family=family, thinking=thinking, output_config=config)
    assert "think" not in without


@pytest.mark.parametrize("thinking", [None, {"type": "disabled"}])
@pytest.mark.parametrize("effort", ["low", "high", "max"])
def test_off_is_off_whatever_the_effort(thinking: Any, effort: str) -> None:
    config = {"effort": effort}
    for family, think in (("qwen3", False), ("gptoss", "low")):
        asked = sent(can=("thinking",), family=family, thinking=thinking, output_config=config)
        assert asked["think"] == think


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
    body = msgspec.json.decode(wire_body(with_tools))
    assert "format" not in body
    first = body["messages"][0]
    assert first["role"] == "system"
    assert '{"type":"object","properties":{"title":{"type":"string"}}}' in first["content"]
    assert "output_config.format (said in words: tools are offered)" in with_tools.dropped


def test_no_tools_are_offered_in_a_new_conversation_that_wants_none() -> None:
    assert "tools" not in sent(tools=[READ], tool_choice={"type": "none"})


def test_tools_stay_in_the_prompt_of_a_conversation_that_has_begun() -> None:
    got = translate(tools=[READ], tool_choice={"type": "none"}, messages=BEGUN)
    body = msgspec.json.decode(wire_body(got))
    assert body["tools"] == sent(tools=[READ])["tools"]
    assert body["messages"][-1]["content"].startswith("go on\n\nAnswer in words now")
    assert got.rules.may_call is False


def test_a_named_tool_is_enforced_by_its_schema() -> None:
    got = translate(tools=[READ, GREP], tool_choice={"type": "tool", "name": "Read"})
    body = msgspec.json.decode(wire_body(got))
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
    body = msgspec.json.decode(wire_body(got))
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
        (
            {"tools": [{"type": "bash_1", "name": "sh"}], "tool_choice": NAMED | {"name": "sh"}},
            "tool_choice.name: expected a tool that the client runs, found 'sh'",
        ),
        ({"tools": [{"input_schema": {}}]}, r"tools.0.name: expected the name of the tool"),
        ({"max_tokens": 100.5}, "a whole number in `max_tokens`, got 100.5"),
        ({"tool_choice": {"type": "perhaps"}}, "expected auto, any, tool or none"),
        ({"messages": []}, "at least one message"),
        ({"tools": {"name": "x"}}, "tools: expected a list"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "a JSON schema in `schema`"),
    ],
)
def test_what_the_api_forbids_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiError, match=words):
        translate(**fields)


def test_a_conversation_without_words_is_an_empty_turn() -> None:
    """Ollama takes a request without messages as an order to load the model."""
    block = {"type": "container_upload", "file_id": "file_1"}
    for content in ([], None, [block]):
        messages = [{"role": "user", "content": content}]
        assert sent(messages=messages)["messages"] == [{"role": "user", "content": ""}]


def test_one_call_is_a_rule_of_the_answer() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert translate(tools=[READ], tool_choice=choice).rules.one_call is True


def test_a_tool_that_a_server_must_run_is_left_out_by_name() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    got = translate(tools=[READ, search])
    assert [t["function"]["name"] for t in msgspec.json.decode(wire_body(got))["tools"]] == ["Read"]
    assert any("web_search" in what for what in got.dropped)


@pytest.mark.parametrize(
    "toolset",
    [
        {"type": "mcp_toolset", "mcp_server_name": "files"},
        {"type": "browser_toolset_20260801", "configs": {"zoom": {"enabled": False}}},
        {"type": "computer_toolset_20260801"},
    ],
    ids=lambda toolset: str(toolset["type"]),
)
def test_a_tool_without_a_name_is_left_out_by_its_type(toolset: Any) -> None:
    got = translate(tools=[toolset, READ])
    assert wire_body(got) == wire_body(translate(tools=[READ]))
    why = "(it has no input_schema: a server would have to run it)"
    assert got.dropped == {f"tool {toolset['type']} {why}": 1}


def test_a_demand_that_only_a_server_could_meet_is_named_as_dropped() -> None:
    got = translate(tools=[{"type": "mcp_toolset"}], tool_choice={"type": "any"})
    assert wire_body(got) == wire_body(translate())
    assert "tool_choice any (none of the tools can run here)" in got.dropped


def test_a_tool_may_have_null_for_a_description() -> None:
    assert sent(tools=[READ | {"description": None}]) == sent(tools=[READ])


def test_null_for_parallel_tool_use_is_the_default() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": None}
    assert translate(tools=[READ], tool_choice=choice).rules.one_call is False


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert sent(max_tokens=100.0, top_k=5.0) == sent(max_tokens=100, top_k=5)


def test_the_same_request_gives_the_same_bytes() -> None:
    fields: dict[str, Any] = {"tools": [READ, GREP], "system": "S", "messages": BEGUN}
    assert wire_body(translate(**fields)) == wire_body(translate(**fields))


def test_stop_sequences_have_a_limit() -> None:
    assert translate(stop_sequences=["x" * 4096] * 2).rules.stop_sequences
    with pytest.raises(ApiError, match="at most 8192 characters in all, found 8193"):
        translate(stop_sequences=["x" * 4096, "y" * 4097])
