"""The section `upstreams`: one server with OpenAI's API, and what the server does not say."""

from collections.abc import Callable

import pytest

from cc_proxy.app.config import ConfigError, LoadedConfig, UpstreamModelSettings, UpstreamSettings
from cc_proxy.tests.config.test_config_data_files import schema_accepts

LoadFile = Callable[..., LoadedConfig]

ACCEPTED = [
    "upstreams: {vllm: {url: 'http://gpu1:8000'}}",
    "upstreams: {my-box_2: {kind: openai, url: 'https://me:secret@x/v1/', api_key: k}}",
    "upstreams: {a: {url: 'http://x', timeout: 5, reasoning: none, models: {m: {vision: on}}}}",
    "upstreams: {a: {url: 'http://x', models: {m: {tools: null, context_window: 32k}}}}",
    "upstreams: {a: {url: 'http://x'}, b: {url: 'http://y'}}",
    "upstreams:",
]
REFUSED = [
    "upstreams: {vllm: {}}",
    "upstreams: {vllm: }",
    "upstreams: {vllm: {url: 'gpu1:8000'}}",
    "upstreams: {vllm: {url: 'http://gpu1:8000', kind: vllm}}",
    "upstreams: {vllm: {url: 'http://gpu1:8000', reasoning: never}}",
    "upstreams: {vllm: {url: 'http://gpu1:8000', models: {m: {audio: true}}}}",
    "upstreams: {ollama: {url: 'http://gpu1:8000'}}",
    "upstreams: {a/b: {url: 'http://gpu1:8000'}}",
    "upstreams: vllm",
]


def loads(load_file: LoadFile, content: str) -> bool:
    try:
        load_file(content)
    except ConfigError:
        return False
    return True


def test_loader_and_schema_agree(load_file: LoadFile) -> None:
    found = {text: (loads(load_file, text), schema_accepts(text)) for text in ACCEPTED + REFUSED}
    wanted = dict.fromkeys(ACCEPTED, (True, True)) | dict.fromkeys(REFUSED, (False, False))
    assert found == wanted


def test_a_server_is_read_with_what_it_does_not_say(load_file: LoadFile) -> None:
    text = """\
upstreams:
  vllm:
    url: http://gpu1:8000/v1
    api_key: secret
    timeout: 30m
    reasoning: reasoning_content
    models:
      qwen3-coder: {context_window: 256k, vision: true}
"""
    model = UpstreamModelSettings(context_window=262_144, vision=True)
    assert load_file(text).settings.upstreams == {
        "vllm": UpstreamSettings(
            url="http://gpu1:8000",
            api_key="secret",
            timeout_seconds=1800,
            reasoning="reasoning_content",
            models={"qwen3-coder": model},
        )
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("upstreams:\n  vllm: {kind: openai}", "upstreams.vllm has no url"),
        ("upstreams: {vllm: {url: 'http://x', kind: ollama}}", "in the section ollama: base_url"),
        ("upstreams: {ollama: {url: 'http://x'}}", "choose another name"),
        ("upstreams: {vllm: {url: 'gpu1:8000'}}", "write it with http:// or https:// in front"),
    ],
)
def test_an_error_says_what_to_write(load_file: LoadFile, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(text)
    (problem,) = caught.value.problems
    assert "the.yaml:" in problem.where
    assert words in f"{problem.what} {problem.fix}"


@pytest.mark.parametrize(
    "address",
    [
        "http://h:1/?k=hunter2q",
        "http://h:1/v1#hunter2q",
        "ftp://h/?hunter2q",
        "http://a,b?hunter2q",
    ],
)
@pytest.mark.parametrize("line", ["url: {}", "url: '{}'", 'url: "{}"  # mine'])
def test_the_query_of_an_address_that_is_refused_is_not_shown(
    load_file: LoadFile, address: str, line: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file("upstreams:\n  a:\n    " + line.format(address))
    assert "cannot have this value" in caught.value.details
    assert address.partition("hunter2q")[0][:9] in caught.value.details
    assert "hunter2q" not in caught.value.details + str(caught.value)
