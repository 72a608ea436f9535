import json

from cc_proxy.app.config import (
    Ollama,
    RequestClasses,
    Server,
    Settings,
    TelemetrySettings,
    UpstreamSettings,
    WebSearchSettings,
    load,
    redacted,
)


def test_secrets_are_hidden_and_everything_else_is_there() -> None:
    settings = Settings(
        server=Server(auth_key="hunter2-hunter2"),
        ollama=Ollama(
            api_key="hunter2",
            base_url="https://user:hunter2@x:1/p",
            proxy="http://user:hunter2@proxy:3128",
            headers={"X-Key": "hunter2"},
        ),
        upstreams={"u": UpstreamSettings(url="http://user:hunter2@gpu", api_key="hunter2")},
        aliases={"default": "m"},
        web_search=WebSearchSettings(url="http://user:hunter2@search:8080"),
        telemetry=TelemetrySettings(
            otlp_url="http://user:hunter2@otel:4318", headers={"Authorization": "hunter3"}
        ),
    )
    shown = redacted(settings)
    assert shown == {
        "server": {
            "host": "localhost",
            "port": 3456,
            "auth_key": "********",
            "auth_keys": {},
            "hold": "10s",
            "keep_on_disk": True,
            "allowed_hosts": [],
            "tls_certificate": None,
            "tls_key": None,
        },
        "ollama": {
            "base_url": "https://********@x:1/p",
            "api_key": "********",
            "proxy": "http://********@proxy:3128",
            "headers": {"X-Key": "********"},
            "ca_file": None,
            "client_cert": None,
            "client_key": None,
            "timeout": "900s",
            "keep_alive": "30m",
        },
        "upstreams": {
            "u": {
                "kind": "openai",
                "url": "http://********@gpu",
                "api_key": "********",
                "timeout": "900s",
                "reasoning": "auto",
                "proxy": "auto",
                "headers": {},
                "ca_file": None,
                "client_cert": None,
                "client_key": None,
                "extra_body": {},
                "save_slots": False,
                "models": {},
            }
        },
        "aliases": {"default": "m"},
        "fallback": {},
        "request_classes": dict.fromkeys(RequestClasses.__struct_fields__),
        "vision_model": None,
        "context_window": "auto",
        "models": {},
        "web_search": {
            "provider": "none",
            "url": "http://********@search:8080",
            "max_results": 5,
            "timeout": "20s",
        },
        "images": {"fetch_urls": False, "max_bytes": 10485760},
        "assist": {
            "unreadable_call": True,
            "announced_step": True,
            "repeated_text": True,
            "repeated_call": True,
            "structured_output": True,
        },
        "claude": {"bin": "claude", "profile": "full", "status_line": True},
        "logging": {"level": "info", "format": "text"},
        "telemetry": {
            "otlp_url": "http://********@otel:4318",
            "traces": False,
            "headers": {"Authorization": "********"},
        },
    }
    assert "hunter" not in json.dumps(shown)


def test_a_secret_that_is_not_set_stays_none() -> None:
    shown = redacted(load(environ={}).settings)
    assert isinstance(shown["server"], dict)
    assert shown["server"]["auth_key"] is None
