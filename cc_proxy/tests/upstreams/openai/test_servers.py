"""What a server is, and what it says of its models, as recorded."""

import msgspec
import pytest

from cc_proxy.app.upstreams.openai.servers import (
    ServerEngine,
    engine_of,
    props,
    served_models,
    studio_models,
    version,
)
from cc_proxy.tests.upstreams.openai.recorded import named

# SGLang 0.5.23's ModelCard, from its source.
SGLANG = b"""{"object":"list","data":[{"id":"Qwen/Qwen3-8B","object":"model","created":1795895964,
"owned_by":"sglang","root":"Qwen/Qwen3-8B","parent":null,"max_model_len":40960}]}"""
# LM Studio 0.4, from its documentation.
STUDIO = b"""{"models":[
{"type":"llm","key":"qwen/qwen3.5-9b","max_context_length":262144,"loaded_instances":[
 {"id":"qwen/qwen3.5-9b","config":{"context_length":4096}},
 {"id":"qwen/qwen3.5-9b:2","config":{"context_length":32768}}],
 "capabilities":{"vision":true,"trained_for_tool_use":true}},
{"type":"llm","key":"google/gemma-3-4b","max_context_length":131072,"loaded_instances":[],
 "capabilities":{"vision":true,"trained_for_tool_use":false}},
{"type":"llm","key":"plain","loaded_instances":null},
{"type":"embedding","key":"nomic","max_context_length":2048}]}"""
STUDIO_OPENAI = b"""{"object":"list","data":[{"id":"qwen/qwen3.5-9b","object":"model",
"owned_by":"organization_owner"}]}"""


@pytest.mark.parametrize(
    ("name", "engine", "model", "window"),
    [
        ("llama/models", ServerEngine.LLAMA_SERVER, "tiny", 4096),
        ("vllm/models", ServerEngine.VLLM, "script", 16384),
        ("rayllm/models", ServerEngine.RAY, "script", 16384),
        # Those that pass the answer on look like the server behind them.
        ("nginx/models", ServerEngine.LLAMA_SERVER, "script", 16384),
        ("haproxy/models", ServerEngine.LLAMA_SERVER, "script", 16384),
        ("envoy/models", ServerEngine.LLAMA_SERVER, "script", 16384),
        ("vllmrouter/models", ServerEngine.LLAMA_SERVER, "script", 16384),
        # Those that answer themselves say neither what they are nor the window.
        ("smg/models", None, "script", None),
        ("sglrouter/models", None, "unknown", None),
    ],
)
def test_a_server_is_known_by_what_it_says_of_its_models(
    name: str, engine: ServerEngine | None, model: str, window: int | None
) -> None:
    recorded = named(name)
    assert engine_of(recorded.body, recorded.server) is engine
    assert [(one.name, one.window) for one in served_models(recorded.body)] == [(model, window)]


def test_sglang_is_known() -> None:
    assert engine_of(SGLANG, "uvicorn") is ServerEngine.SGLANG
    assert served_models(SGLANG)[0].window == 40960


def test_a_server_without_models_is_known_by_its_header() -> None:
    assert engine_of(b'{"data":[]}', "llama.cpp") is ServerEngine.LLAMA_SERVER
    assert engine_of(b'{"data":[]}', "uvicorn") is None
    assert engine_of(STUDIO_OPENAI, "") is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"models":[]}', b'{"data":[{}]}'])
def test_what_is_no_list_of_models_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        served_models(body)


def test_lm_studio_says_what_a_model_is_loaded_with() -> None:
    qwen, gemma, plain = studio_models(STUDIO)
    assert (qwen.window, qwen.is_loaded) == (4096, True)
    assert qwen.is_called("qwen/qwen3.5-9b:2")
    assert not qwen.is_called("qwen/qwen3.5-9b:3")
    assert qwen.capabilities == frozenset({"tools", "vision", "thinking"})
    assert (gemma.window, gemma.is_loaded) == (131072, False)
    assert gemma.capabilities == frozenset({"vision", "thinking"})
    assert (plain.window, plain.capabilities) == (None, None)


def test_llama_server_says_its_slots_and_what_its_template_can() -> None:
    found = props(named("llama/props").body)
    assert (found.slots, found.window) == (2, 4096)
    assert found.capabilities == {"tools", "thinking"}


def test_an_older_llama_server_says_less() -> None:
    found = props(b'{"total_slots":1,"chat_template":"{{ tools }}","modalities":{"vision":true}}')
    assert (found.slots, found.window) == (1, None)
    assert found.capabilities == {"tools", "vision"}


def test_vllm_says_its_version() -> None:
    assert version(named("vllm/version").body) == "0.32.0"
