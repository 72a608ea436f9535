from collections.abc import Callable
from pathlib import Path

import pytest

from cc_proxy.app.config import (
    Assist,
    ClaudeSettings,
    ConfigError,
    ImageSettings,
    LaunchOptions,
    LoadedConfig,
    LoggingSettings,
    ModelSettings,
    Ollama,
    RequestClasses,
    Server,
    Settings,
    TelemetrySettings,
    WebSearchSettings,
    load,
)

EVERYTHING = """\
server: {host: "::1", port: 8080, auth_key: file-key-1, hold: 3s, keep_on_disk: no,
  allowed_hosts: gpu.example}
ollama:
  base_url: https://ollama.example/prefix/
  api_key: upstream-key
  timeout: 1h30m
  keep_alive: 600
  proxy: none
  headers: {X-Key: k}
aliases:
  default: qwen3-coder:30b
  "claude-haiku-*": qwen3:4b
fallback: {qwen3-coder:30b: laptop/qwen3:4b}
request_classes: {subagent: a, title: b, web_search: c, auto_mode: d, auxiliary: e,
  compaction: f, image: g, long_context: h}
vision_model: qwen3-vl:8b
context_window: 128k
models:
  "qwen3:4b": {context_window: 65536}
  llama3.1:
web_search: {provider: searxng, url: "http://search:8080/", max_results: 3, timeout: 1m}
images: {fetch_urls: true, max_bytes: 2MiB}
assist:
  unreadable_call: false
  announced_step: false
  repeated_text: false
  repeated_call: false
  structured_output: false
claude: {bin: /opt/claude, profile: lean, status_line: false}
logging: {level: debug, format: json}
telemetry: {otlp_url: "http://otel:4318/", traces: true, headers: {X-Key: k}}
"""


def test_every_key_of_the_file_reaches_its_setting(load_file: Callable[..., LoadedConfig]) -> None:
    assert load_file(EVERYTHING).settings == Settings(
        server=Server(
            host="::1",
            port=8080,
            auth_key="file-key-1",
            hold_seconds=3.0,
            keep_on_disk=False,
            allowed_hosts=("gpu.example",),
        ),
        ollama=Ollama(
            base_url="https://ollama.example/prefix",
            api_key="upstream-key",
            timeout_seconds=5400.0,
            keep_alive="600s",
            proxy="none",
            headers={"X-Key": "k"},
        ),
        aliases={"default": "qwen3-coder:30b", "claude-haiku-*": "qwen3:4b"},
        fallback={"qwen3-coder:30b": "laptop/qwen3:4b"},
        request_classes=RequestClasses(
            **dict(zip(RequestClasses.__struct_fields__, "abcdefgh", strict=True))
        ),
        vision_model="qwen3-vl:8b",
        context_window=131072,
        models={"qwen3:4b": ModelSettings(context_window=65536)},
        web_search=WebSearchSettings(
            provider="searxng", url="http://search:8080", max_results=3, timeout_seconds=60.0
        ),
        images=ImageSettings(fetch_urls=True, max_bytes=2097152),
        assist=Assist(
            unreadable_call=False,
            announced_step=False,
            repeated_text=False,
            repeated_call=False,
            structured_output=False,
        ),
        claude=ClaudeSettings(bin="/opt/claude", profile="lean", status_line=False),
        logging=LoggingSettings(level="debug", format="json"),
        telemetry=TelemetrySettings(
            otlp_url="http://otel:4318", traces=True, headers={"X-Key": "k"}
        ),
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# only a comment\n",
        "---\n",
        "~\n",
        "{}\n",
        "server:\nollama:\naliases:\nrequest_classes:\nmodels:\n",
        "web_search:\nimages:\nassist:\nclaude:\nlogging:\n",
        "server: {auth_key: null}\nollama: {api_key: ~}\n",
        "\ufeff# with a byte order mark\n",
        "server:\r\n  port: 3456\r\n",
    ],
)
def test_a_file_that_says_nothing_means_the_defaults(
    load_file: Callable[..., LoadedConfig], content: str
) -> None:
    assert load_file(content).settings == Settings()


def test_flag_over_environment_over_file_over_default(write: Callable[[str], Path]) -> None:
    path = write("server:\n  port: 1\n  host: filehost\n  auth_key: file-key-1\n")
    environ = {"CC_PROXY_PORT": "2", "CC_PROXY_HOST": "envhost"}
    loaded = load(config_file=path, options=LaunchOptions(port=3), environ=environ)
    assert loaded.settings.server == Server(host="envhost", port=3, auth_key="file-key-1")
    assert loaded.origins["server.port"] == "flag --port"
    assert loaded.origins["server.host"] == "environment CC_PROXY_HOST"
    assert loaded.origins["server.auth_key"] == f"file {path}:4"
    assert loaded.origins["logging.level"] == "default"


def test_every_setting_has_an_origin(write: Callable[[str], Path]) -> None:
    assert list(load(environ={}).origins) == [
        "server.host",
        "server.port",
        "server.auth_key",
        "server.auth_keys",
        "server.hold_seconds",
        "server.keep_on_disk",
        "server.allowed_hosts",
        "server.tls_certificate",
        "server.tls_key",
        "ollama.base_url",
        "ollama.api_key",
        "ollama.proxy",
        "ollama.headers",
        "ollama.ca_file",
        "ollama.client_cert",
        "ollama.client_key",
        "ollama.timeout_seconds",
        "ollama.keep_alive",
        "upstreams",
        "aliases",
        "fallback",
        "request_classes.subagent",
        "request_classes.title",
        "request_classes.web_search",
        "request_classes.auto_mode",
        "request_classes.auxiliary",
        "request_classes.compaction",
        "request_classes.image",
        "request_classes.long_context",
        "vision_model",
        "context_window",
        "models",
        "web_search.provider",
        "web_search.url",
        "web_search.max_results",
        "web_search.timeout_seconds",
        "images.fetch_urls",
        "images.max_bytes",
        "assist.unreadable_call",
        "assist.announced_step",
        "assist.repeated_text",
        "assist.repeated_call",
        "assist.structured_output",
        "claude.bin",
        "claude.profile",
        "claude.status_line",
        "logging.level",
        "logging.format",
        "telemetry.otlp_url",
        "telemetry.traces",
        "telemetry.headers",
    ]
    path = write(EVERYTHING)
    origins = load(config_file=path, environ={}).origins
    assert origins["ollama.timeout_seconds"] == f"file {path}:6"
    assert origins["aliases.claude-haiku-*"] == f"file {path}:12"
    assert origins["models.qwen3:4b.context_window"] == f"file {path}:19"
    # A file that is named must be there (test_config_network.py); other servers stand beside
    # Ollama in test_config_upstreams.py.
    elsewhere = {"ollama.ca_file", "ollama.client_cert", "ollama.client_key", "upstreams"}
    elsewhere.add("server.auth_keys")  # test_config_client_keys.py
    elsewhere |= {"server.tls_certificate", "server.tls_key"}  # test_config_server_certificate.py
    assert {name for name, origin in origins.items() if origin == "default"} == elsewhere


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("CC_PROXY_HOST", "0.0.0.0", "server.host", "0.0.0.0"),  # noqa: S104 - not bound here
        ("CC_PROXY_PORT", "0", "server.port", 0),
        ("CC_PROXY_PORT", " 65535 ", "server.port", 65535),
        ("CC_PROXY_AUTH_KEY", "12345678", "server.auth_key", "12345678"),
        ("CC_PROXY_LOG_LEVEL", "warning", "logging.level", "warning"),
        ("OLLAMA_BASE_URL", "http://gpu:1234/", "ollama.base_url", "http://gpu:1234"),
        ("OLLAMA_HOST", "gpu", "ollama.base_url", "http://gpu:11434"),
        ("OLLAMA_API_KEY", "k", "ollama.api_key", "k"),
        ("OLLAMA_TIMEOUT_SECONDS", "120", "ollama.timeout_seconds", 120.0),
        ("OLLAMA_TIMEOUT_SECONDS", "500ms", "ollama.timeout_seconds", 0.5),
    ],
)
def test_each_variable_sets_its_value(variable: str, text: str, key: str, value: object) -> None:
    loaded = load(environ={variable: text})
    section, name = key.split(".")
    assert getattr(getattr(loaded.settings, section), name) == value
    assert loaded.origins[key] == f"environment {variable}"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_unset(
    load_file: Callable[..., LoadedConfig], empty: str
) -> None:
    environ = {"CC_PROXY_PORT": empty, "OLLAMA_BASE_URL": empty, "OLLAMA_HOST": "gpu"}
    settings = load_file("server: {port: 5}\n", environ).settings
    assert settings.server.port == 5
    assert settings.ollama.base_url == "http://gpu:11434"


def test_ollama_base_url_wins_and_ollama_host_is_then_not_even_read() -> None:
    loaded = load(environ={"OLLAMA_HOST": "://not usable", "OLLAMA_BASE_URL": "http://gpu"})
    assert loaded.settings.ollama.base_url == "http://gpu"
    assert loaded.origins["ollama.base_url"] == "environment OLLAMA_BASE_URL"


def test_ollama_host_wins_over_the_file(load_file: Callable[..., LoadedConfig]) -> None:
    loaded = load_file("ollama: {base_url: http://file}\n", {"OLLAMA_HOST": "gpu"})
    assert loaded.settings.ollama.base_url == "http://gpu:11434"


@pytest.mark.parametrize(
    ("variable", "text", "found"),
    [
        ("CC_PROXY_PORT", "http", "'http'"),
        ("CC_PROXY_PORT", "65536", "'65536'"),
        ("CC_PROXY_PORT", "-1", "'-1'"),
        ("CC_PROXY_PORT", "1" * 5000, "'1"),
        ("CC_PROXY_PORT", "\u0661", "'\u0661'"),
        ("CC_PROXY_HOST", "my host", "'my host'"),
        ("CC_PROXY_HOST", "127.0.0.1:80", "leave it out"),
        ("CC_PROXY_HOST", "http://x", "leave out the scheme"),
        ("CC_PROXY_HOST", "*", "write 0.0.0.0 to listen"),
        ("CC_PROXY_LOG_LEVEL", "WARN", "write warning"),
        ("CC_PROXY_LOG_LEVEL", "loud", "'loud'"),
        ("OLLAMA_TIMEOUT_SECONDS", "0", "longer than zero"),
        ("OLLAMA_TIMEOUT_SECONDS", "-5", "'-5'"),
        ("OLLAMA_TIMEOUT_SECONDS", "2 m", "'2 m'"),
        ("OLLAMA_TIMEOUT_SECONDS", "9" * 400, "168h"),
        ("OLLAMA_BASE_URL", "ftp://x", "'ftp://x'"),
        ("OLLAMA_HOST", "http://user:hunter2@x/v1", "http://********@x"),
    ],
)
def test_a_variable_with_a_wrong_value_is_named_with_what_was_found(
    variable: str, text: str, found: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={variable: text})
    message = f"{caught.value.message} {caught.value.hint}"
    assert message.startswith(f"Expected {variable} to be ")
    assert found in message or f"{found[0].upper()}{found[1:]}" in message
    assert "hunter2" not in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "secret"),
    [
        ("CC_PROXY_AUTH_KEY", "hunter2 hunter2"),
        ("CC_PROXY_AUTH_KEY", "hunter2-\u00fc\u00fc\u00fc"),
        ("OLLAMA_API_KEY", "hunter2\nX-Evil: 1"),
    ],
)
def test_a_secret_that_is_refused_is_not_shown(variable: str, secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={variable: secret})
    assert caught.value.message.startswith(f"Expected {variable} to be ")
    assert "hunter2" not in caught.value.message


def test_problems_of_file_environment_and_flags_come_together(write: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            config_file=write("nonsense: 1\n"),
            environ={"CC_PROXY_HOST": "a b", "OLLAMA_TIMEOUT_SECONDS": "soon"},
            options=LaunchOptions(port=70000),
        )
    assert caught.value.message.startswith("4 problems in the configuration:\n")
    wheres = [problem.where for problem in caught.value.problems]
    assert wheres[1:] == ["CC_PROXY_HOST", "OLLAMA_TIMEOUT_SECONDS", "--port"]
    assert caught.value.hint is not None


def test_the_digest_follows_the_effective_settings_alone(
    load_file: Callable[..., LoadedConfig],
) -> None:
    defaults = load(environ={})
    assert len(defaults.digest) == 64
    assert load_file("server: {port: 3456}\n").digest == defaults.digest
    assert load(environ={"CC_PROXY_PORT": "3456"}).digest == defaults.digest
    changed = {
        load(environ={"CC_PROXY_AUTH_KEY": "12345678"}).digest,
        load(environ={"CC_PROXY_AUTH_KEY": "12345679"}).digest,
        load_file("aliases: {a-*: x, '*-b': z}\n").digest,
        load_file("aliases: {'*-b': z, a-*: x}\n").digest,
    }
    assert len(changed | {defaults.digest}) == 5
