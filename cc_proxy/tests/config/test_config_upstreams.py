"""The section `upstreams`: one server with OpenAI's API, and what the server does not say."""

from collections.abc import Callable

import pytest

from cc_proxy.app.config import (
    AffinityHeader,
    ConfigError,
    LoadedConfig,
    UpstreamModelSettings,
    UpstreamSettings,
    redacted,
    secrets_of,
)
from cc_proxy.app.config.file_form import yaml_lines
from cc_proxy.app.config.validation.rules import OWN_FIELDS
from cc_proxy.tests.config.test_config_data_files import schema_accepts

LoadFile = Callable[..., LoadedConfig]

ACCEPTED = [
    "upstreams: {vllm: {url: 'http://gpu1:8000'}}",
    "upstreams: {my-box_2: {kind: openai, url: 'https://me:secret@x/v1/', api_key: k}}",
    "upstreams: {a: {url: 'http://x', timeout: 5, reasoning: none, models: {m: {vision: on}}}}",
    "upstreams: {a: {url: 'http://x', models: {m: {tools: null, context_window: 32k}}}}",
    "upstreams: {a: {url: 'http://x'}, b: {url: 'http://y'}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', keep_alive: 5m}, b: {url: 'https://y/p'}}",
    "upstreams: {a: {kind: ollama, urls: ['http://x:1', 'http://y:1'], drain: ['http://x:1']}}",
    "upstreams: {a: {urls: ['http://x/v1', 'https://y'], affinity: none}}",
    "upstreams: {a: {url: 'http://x', affinity: {header: X-Our-Session}}}",
    "upstreams: {a: {urls: ['http://x'], affinity: {header: X-Our-Session}}}",
    "upstreams:",
]
REFUSED = [
    "upstreams: {a: {kind: ollama}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', urls: ['http://y']}}",
    "upstreams: {a: {kind: ollama, urls: []}}",
    "upstreams: {a: {kind: ollama, urls: ['http://x', 'http://x']}}",
    "upstreams: {a: {kind: ollama, urls: ['x:11434']}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', affinity: session}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', drain: ['http://x']}}",
    "upstreams: {a: {urls: ['http://x'], affinity: random}}",
    "upstreams: {a: {urls: ['http://x'], keep_alive: 5m}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', reasoning: none}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', models: {m: {vision: on}}}}",
    "upstreams: {a: {kind: ollama, url: 'http://x', affinity: {header: X-Our-Session}}}",
    "upstreams: {a: {url: 'http://x', affinity: {header: 'X Our'}}}",
    "upstreams: {a: {url: 'http://x', affinity: {header: Host}}}",
    "upstreams: {a: {url: 'http://x', affinity: {value: user}}}",
    "upstreams: {a: {url: 'http://x', affinity: {}}}",
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


def test_hosts_are_read_and_shown_as_the_file_has_them(load_file: LoadFile) -> None:
    text = """\
upstreams:
  gpus:
    kind: ollama
    urls: [http://a:11434, "http://me:secret@b:11434/"]
    drain: [http://a:11434]
    keep_alive: 5m
"""
    loaded = load_file(text)
    assert loaded.settings.upstreams == {
        "gpus": UpstreamSettings(
            kind="ollama",
            urls=("http://a:11434", "http://me:secret@b:11434"),
            drain=("http://a:11434",),
            keep_alive="5m",
        )
    }
    shown = redacted(loaded.settings)
    assert shown["upstreams"] == {
        "gpus": {
            "kind": "ollama",
            "urls": ["http://a:11434", "http://********@b:11434"],
            "drain": ["http://a:11434"],
            "affinity": "session",
            "api_key": None,
            "timeout": "900s",
            "keep_alive": "5m",
            "proxy": "auto",
            "headers": {},
            "ca_file": None,
            "client_cert": None,
            "client_key": None,
        }
    }
    assert "secret" in secrets_of(loaded.settings)


def test_an_error_is_at_the_key_that_is_wrong(load_file: LoadFile) -> None:
    text = """\
upstreams:
  gpus:
    urls: [http://a:11434]
    drain: [http://b:11434]
"""
    with pytest.raises(ConfigError) as caught:
        load_file(text)
    (problem,) = caught.value.problems
    assert problem.where.endswith("the.yaml:4:5")
    assert (problem.expected, problem.found) == ("addresses that urls has", "http://b:11434")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("upstreams:\n  vllm: {kind: openai}", "upstreams.vllm has no url"),
        ("upstreams: {vllm: {url: 'http://x', kind: OpenAI}}", "write openai"),
        ("upstreams: {ollama: {url: 'http://x'}}", "choose another name"),
        ("upstreams: {a: {urls: ['http://x'], url: 'http://y'}}", "has both url and urls keep one"),
        ("upstreams: {a: {urls: ['http://x', 'http://x']}}", "has a host twice"),
        ("upstreams: {a: {urls: ['http://x'], drain: ['http://z']}}", "a host that it does not"),
        ("upstreams: {a: {urls: ['http://x'], drain: ['http://x']}}", "drains every host"),
        ("upstreams: {a: {url: 'http://x', drain: ['http://x']}}", "a cannot have drain"),
        ("upstreams: {a: {urls: ['http://x'], keep_alive: 5m}}", "a cannot have keep_alive"),
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


def test_the_way_to_a_server_is_set_as_that_to_ollama(load_file: LoadFile) -> None:
    content = """
upstreams:
  a:
    url: https://gpu.example.com
    headers: {X-Key: "${KEY}"}
    proxy: http://me:hunter2-long@proxy.example.com:3128
"""
    settings = load_file(content, {"KEY": "s3cret-of-a-header"}).settings
    found = settings.upstreams["a"]
    assert found.headers == {"X-Key": "s3cret-of-a-header"}
    assert {"s3cret-of-a-header", "hunter2-long"} <= set(secrets_of(settings))
    shown = str(redacted(settings))
    assert "s3cret" not in shown
    assert "hunter2" not in shown


def test_the_environment_names_the_proxy_to_each_server(load_file: LoadFile) -> None:
    content = "upstreams: {a: {url: 'http://gpu1'}, b: {url: 'http://gpu2', proxy: none}}"
    proxy = {"HTTP_PROXY": "http://proxy.example.com:3128", "NO_PROXY": "gpu3"}
    loaded = load_file(content, proxy)
    used = {name: one.proxy for name, one in loaded.settings.upstreams.items()}
    assert used == {"a": "http://proxy.example.com:3128", "b": "none"}
    assert loaded.origins["upstreams.a.proxy"] == "environment HTTP_PROXY"
    with pytest.raises(ConfigError, match="HTTP_PROXY") as caught:
        load_file(content, {"HTTP_PROXY": "socks5://x"})
    assert "upstreams.a.proxy: none" in str(caught.value.hint)


def test_the_files_of_a_server_are_checked(load_file: LoadFile) -> None:
    with pytest.raises(ConfigError, match=r"Expected upstreams\.a\.ca_file .* that can be read"):
        load_file("upstreams: {a: {url: 'https://x', ca_file: /no/such/file.pem}}")


def test_more_fields_of_a_request_are_whatever_json_has(load_file: LoadFile) -> None:
    content = """
upstreams:
  a:
    url: http://x
    extra_body:
      cache_salt: "${SALT}"
      chat_template_kwargs: {enable_thinking: false, parts: [1, 2.5, null, {deep: yes}]}
"""
    loaded = load_file(content, {"SALT": "mine"})
    kwargs = {"enable_thinking": False, "parts": [1, 2.5, None, {"deep": True}]}
    extra = {"cache_salt": "mine", "chat_template_kwargs": kwargs}
    assert loaded.settings.upstreams["a"].extra_body == extra
    written = "\n".join(yaml_lines({"upstreams": redacted(loaded.settings)["upstreams"]}))
    assert load_file(written).settings.upstreams["a"].extra_body == extra
    assert schema_accepts(content)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        *((f"{{{name}: m}}", "cc-proxy sets it in each request") for name in sorted(OWN_FIELDS)),
        *(("{model: m}", name) for name in sorted(OWN_FIELDS)),
        ("{day: 2026-01-01}", "put it in quotes"),
        ("[a]", "a mapping from names to values"),
        ("{a: &a {b: *a}}", "at most 16 levels"),
        ("{a: &a [[], []], b: &b [" + "*a, " * 400 + "]}", "1000 mappings"),
    ],
)
def test_more_fields_that_cannot_be_sent_are_refused(
    load_file: LoadFile, extra: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(f"upstreams: {{a: {{url: 'http://x', extra_body: {extra}}}}}")
    assert words.lower() in caught.value.details.lower()


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("fallback:\n  a: b\n  b: c\n  c: a\n", 4, "a:latest -> b:latest -> c:latest -> a:latest"),
        ("fallback: {a: A:latest}", 1, "a:latest -> a:latest"),
        (
            "upstreams: {gpu: {url: 'http://x'}}\nfallback: {a: b, gpu/b: ollama/c, ollama/c: b}",
            2,
            "b:latest -> ollama/c:latest -> b:latest",
        ),
    ],
)
def test_fallbacks_that_go_round_are_refused_with_the_line(
    load_file: LoadFile, text: str, line: int, found: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(text)
    (problem,) = caught.value.problems
    assert problem.where.endswith(f"the.yaml:{line})")
    assert (problem.what, problem.found) == ("the fallbacks go round in a circle", found)


@pytest.mark.parametrize("address", ["url: 'http://x'", "urls: ['http://x']"])
def test_an_affinity_without_its_header_is_one_problem(load_file: LoadFile, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(f"upstreams: {{a: {{{address}, affinity: {{}}}}}}")
    (problem,) = caught.value.problems
    assert (problem.what, problem.expected, problem.found, problem.fix) == (
        "upstreams.a.affinity has no header",
        "header",
        "none",
        "add it",
    )


def test_a_chain_of_fallbacks_may_join_another_one(load_file: LoadFile) -> None:
    loaded = load_file("fallback: {a: b, b: c, d: b}")
    assert loaded.settings.fallback == {"a": "b", "b": "c", "d": "b"}


def test_the_header_of_a_balancer_is_read_and_shown_as_the_file_has_it(load_file: LoadFile) -> None:
    text = "upstreams: {a: {url: 'http://x', affinity: {header: X-Our-Session}}}"
    loaded = load_file(text)
    assert loaded.settings.upstreams["a"].affinity == AffinityHeader(header="X-Our-Session")
    values = redacted(loaded.settings)
    assert load_file("\n".join(yaml_lines(values))).settings == loaded.settings
