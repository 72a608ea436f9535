import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from cc_proxy.app.config import ClientKey, ConfigError, LoadedConfig, Settings
from cc_proxy.app.config.validation.schema import paths

LoadFile = Callable[..., LoadedConfig]
DEFAULT_FILE = (files("cc_proxy") / "data" / "cc-proxy.user.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((files("cc_proxy") / "data" / "config.schema.json").read_text(encoding="utf-8"))
COMMENTED_SETTING = re.compile(r"^( *)#(?=\S)", re.MULTILINE)


def schema_accepts(content: str) -> bool:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return bool(validator.is_valid(yaml.safe_load(content)))


def test_the_default_file_is_the_defaults(load_file: LoadFile) -> None:
    loaded = load_file(DEFAULT_FILE)
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert schema_accepts(DEFAULT_FILE)


def test_every_example_of_the_default_file_loads(load_file: LoadFile) -> None:
    uncommented = COMMENTED_SETTING.sub(r"\1", DEFAULT_FILE)
    settings = load_file(uncommented).settings
    hosts = ("proxy.example.com", "*.home.arpa")
    keys = {"alice": ClientKey(key="a-key-of-the-example", max_in_flight=4)}
    assert settings.server == msgspec.structs.replace(
        Settings().server, allowed_hosts=hosts, auth_keys=keys
    )
    headers = {"X-Api-Key": "none"}
    assert settings.ollama == msgspec.structs.replace(Settings().ollama, headers=headers)
    assert settings.upstreams["vllm"].url == "http://gpu1:8000"
    assert settings.telemetry.headers == {"Authorization": "Bearer my-token"}
    assert settings.aliases.keys() == {"default", "claude-haiku-*"}
    assert settings.models["qwen3:4b"].context_window == 32768
    assert schema_accepts(uncommented)


def test_each_example_of_the_default_file_loads_alone(load_file: LoadFile) -> None:
    examples = list(COMMENTED_SETTING.finditer(DEFAULT_FILE))
    assert len(examples) == 53
    for example in examples:
        load_file(DEFAULT_FILE[: example.start()] + example[1] + DEFAULT_FILE[example.end() :])


def test_the_default_file_names_every_key() -> None:
    for path in paths():
        assert re.search(rf"^ *#?{path[-1]}:", DEFAULT_FILE, re.MULTILINE), path


def schema_paths(node: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in node.get("properties", {}).items():
        yield (*above, key)
        yield from schema_paths(below, (*above, key))


def test_the_schema_has_the_keys_of_the_loader() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert list(schema_paths(SCHEMA)) == list(paths())


def test_the_defaults_of_the_schema_are_the_defaults(load_file: LoadFile) -> None:
    sections = {
        name: {key: entry["default"] for key, entry in section["properties"].items()}
        for name, section in SCHEMA["properties"].items()
        if "properties" in section
    }
    for key in ("vision_model", "context_window"):
        sections[key] = SCHEMA["properties"][key]["default"]
    assert load_file(json.dumps(sections)).settings == Settings()


ACCEPTED = [
    "server: {hold: 30s}",
    "server: {hold: 2.5}",
    "server: {allowed_hosts: a.example.com}",
    "server: {allowed_hosts: 'a.example.com, *.example.com'}",
    "server: {allowed_hosts: [a.example.com, '*.example.com', '${MODEL}']}",
    "server: {allowed_hosts: }",
    "server: {allowed_hosts: []}",
    "claude: {profile: lean}",
    "",
    "server:",
    "server: {host: localhost, port: 0}",
    "server: {host: '::1'}",
    "server: {host: '[fe80::1]'}",
    "server: {host: 10.0.0.1, port: 65535}",
    "server: {auth_key: '12345678'}",
    "server: {auth_key: dev-key}",
    "server: {auth_key: null}",
    "server: {keep_on_disk: false}",
    "server: {port: '${PORT}', auth_key: '${KEY}'}",
    "ollama: {base_url: 'https://x/prefix', api_key: k}",
    "ollama: {base_url: 'gpu:11434'}",
    "ollama: {base_url: 'http://[::1]:11434/'}",
    "ollama: {proxy: auto}",
    "ollama: {proxy: none}",
    "ollama: {proxy: 'proxy:3128'}",
    "ollama: {proxy: 'http://me:secret@proxy.example.com:3128/'}",
    "ollama: {headers: {X-Key: 'a b', X-Number: 5, X-Other: '${KEY}'}}",
    "ollama: {headers: , ca_file: , client_cert: null}",
    "ollama: {timeout: 1.5, keep_alive: -1}",
    "ollama: {timeout: 1h30m, keep_alive: '-1'}",
    "ollama: {timeout: 500ms, keep_alive: 0}",
    "aliases: {default: 'qwen3:4b', 'claude-*': 'hf.co/a/b:Q4_K_M'}",
    "aliases: {a: '${MODEL}'}",
    "aliases:",
    "context_window: auto",
    "context_window: 2048",
    "context_window: 64k",
    "context_window: '65536'",
    "context_window: 9999K",
    "models: {'m:1': {context_window: 128k}, m: {}, o: }",
    "web_search: {provider: ollama}",
    "web_search: {provider: searxng, url: 'http://127.0.0.1:8080/searx', max_results: 10}",
    "web_search: {url: null, timeout: 5}",
    "images: {fetch_urls: true, max_bytes: 5MiB}",
    "images: {fetch_urls: off, max_bytes: 1024}",
    "images: {fetch_urls: '${YES}', max_bytes: 102400KiB}",
    "claude: {bin: '/opt/my programs/claude'}",
    "logging: {level: error}",
    "logging: {level: debug, format: json}",
]

REFUSED = [
    "server: {hold: 0}",
    "server: {hold: soon}",
    "server: {allowed_hosts: '*'}",
    "server: {allowed_hosts: 'http://a.example.com'}",
    "server: {allowed_hosts: 'a.example.com:80'}",
    "server: {allowed_hosts: [a.example.com, 'b c']}",
    "server: {allowed_hosts: [[a]]}",
    "server: {allowed_hosts: {a: b}}",
    "server: {allowed_hosts: ''}",
    "claude: {profile: small}",
    "claude: {profile: 1}",
    "[]",
    "text",
    "1",
    "foo: 1",
    "server: []",
    "server: {hots: x}",
    "server: {host: ''}",
    "server: {host: 'a b'}",
    "server: {host: 'a:1'}",
    "server: {host: 'http://a'}",
    "server: {host: true}",
    "server: {host: null}",
    "server: {port: 65536}",
    "server: {port: -1}",
    "server: {port: '80'}",
    "server: {port: 80.5}",
    "server: {auth_key: ''}",
    "server: {auth_key: '  '}",
    "server: {auth_key: 'with space'}",
    "server: {auth_key: 12345678}",
    "ollama: {base_url: 'http://x/v1'}",
    "ollama: {base_url: 'http://x/api/'}",
    "ollama: {base_url: 'ftp://x'}",
    "ollama: {base_url: 'http://x/?a'}",
    "ollama: {base_url: ''}",
    "ollama: {api_key: ''}",
    "ollama: {proxy: 'socks5://proxy:1080'}",
    "ollama: {proxy: 'http://proxy/a'}",
    "ollama: {proxy: ''}",
    "ollama: {headers: {'a b': x}}",
    "ollama: {headers: {Host: x}}",
    "ollama: {headers: {X-Key: ''}}",
    "ollama: {headers: {X-Key: true}}",
    "ollama: {headers: [a]}",
    "ollama: {ca_file: ca.pem}",
    "ollama: {timeout: 0}",
    "ollama: {timeout: 0s}",
    "ollama: {timeout: 604801}",
    "ollama: {timeout: 5 minutes}",
    "ollama: {keep_alive: -2}",
    "ollama: {keep_alive: forever}",
    "aliases: {a: ''}",
    "aliases: {a: 'b*'}",
    "aliases: {a: 1}",
    "aliases: {a: null}",
    "aliases: {'a b': c}",
    "aliases: {'': c}",
    "aliases: []",
    "context_window: 2047",
    "context_window: 1k",
    "context_window: 10000k",
    "context_window: null",
    "models: {'m*': {}}",
    "models: {m: 1}",
    "models: {m: {context_window: auto}}",
    "models: {m: {foo: 1}}",
    "web_search: {provider: google}",
    "web_search: {provider: Ollama}",
    "web_search: {url: '127.0.0.1:8080'}",
    "web_search: {url: 'ftp://x'}",
    "web_search: {max_results: 0}",
    "web_search: {max_results: 11}",
    "web_search: {timeout: 0}",
    "web_search: {key: x}",
    "images: {fetch_urls: maybe}",
    "images: {fetch_urls: 1}",
    "images: {max_bytes: 1023}",
    "images: {max_bytes: 101MiB}",
    "images: {max_bytes: 102401KiB}",
    "claude: {bin: ''}",
    "claude: {bin: [claude]}",
    "logging: {level: INFO}",
    "logging: {level: null}",
]


@pytest.mark.parametrize("content", ACCEPTED)
def test_loader_and_schema_accept(load_file: LoadFile, content: str) -> None:
    load_file(
        content,
        {
            "PORT": "1",
            "KEY": "12345678",
            "MODEL": "m",
            "YES": "true",
            "SIXTEEN": "0123456789abcdef",
        },
    )
    assert schema_accepts(content)


@pytest.mark.parametrize("content", REFUSED)
def test_loader_and_schema_refuse(load_file: LoadFile, content: str) -> None:
    with pytest.raises(ConfigError):
        load_file(content)
    assert not schema_accepts(content)


KEY = "key: 0123456789abcdef"


def test_loader_and_schema_agree_on_the_keys_of_a_team(load_file: LoadFile) -> None:
    accepted = ["{alice: {KEY, max_in_flight: 3}}", "{a.b@c-d: {key_sha256: 'SHA'}}", ""]
    accepted += ["{alice: {key: '${SIXTEEN}', max_in_flight: }}"]
    refused = ["{alice: }", "{alice: {max_in_flight: 3}}", "{alice: {key: short}}", "[alice]"]
    refused += ["{alice: {KEY, max_in_flight: 0}}", "{alice: {KEY, key_sha256: 'SHA'}}"]
    refused += ["{alice: {key_sha256: abc}}", "{alice: {key_file: alice.key}}", "{'a b': {KEY}}"]
    for entries in (*accepted, *refused):
        text = entries.replace("KEY", KEY).replace("SHA", "0f" * 32)
        content = f"server: {{auth_keys: {text}}}"
        try:
            load_file(content, {"SIXTEEN": "0123456789abcdef"})
        except ConfigError:
            assert entries in refused
        else:
            assert entries in accepted
        assert schema_accepts(content) == (entries in accepted), content
