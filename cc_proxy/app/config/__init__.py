"""The user's settings: files, values, and errors that point at the line."""

from cc_proxy.app.config.aliases import resolve_model
from cc_proxy.app.config.durations import OLLAMA_DEFAULT
from cc_proxy.app.config.errors import ConfigError, RefusedValueError
from cc_proxy.app.config.file_locations import ConfigSource
from cc_proxy.app.config.launch_options import NO_OPTIONS, LaunchOptions
from cc_proxy.app.config.load import LoadedConfig, load, settings_digest
from cc_proxy.app.config.proxies import NO_PROXY, proxy_for, unread_variable
from cc_proxy.app.config.redaction import redacted, secrets_of
from cc_proxy.app.config.settings import (
    EVERY_ASSIST,
    NO_MODEL_SETTINGS,
    AffinityHeader,
    Assist,
    ClaudeSettings,
    ClientKey,
    ImageSettings,
    LogFormat,
    LoggingSettings,
    LogLevel,
    ModelSettings,
    Ollama,
    RequestClasses,
    Server,
    Settings,
    TelemetrySettings,
    UpstreamModelSettings,
    UpstreamSettings,
    WebSearchSettings,
)

__all__ = [
    "EVERY_ASSIST",
    "NO_MODEL_SETTINGS",
    "NO_OPTIONS",
    "NO_PROXY",
    "OLLAMA_DEFAULT",
    "AffinityHeader",
    "Assist",
    "ClaudeSettings",
    "ClientKey",
    "ConfigError",
    "ConfigSource",
    "ImageSettings",
    "LaunchOptions",
    "LoadedConfig",
    "LogFormat",
    "LogLevel",
    "LoggingSettings",
    "ModelSettings",
    "Ollama",
    "RefusedValueError",
    "RequestClasses",
    "Server",
    "Settings",
    "TelemetrySettings",
    "UpstreamModelSettings",
    "UpstreamSettings",
    "WebSearchSettings",
    "load",
    "proxy_for",
    "redacted",
    "resolve_model",
    "secrets_of",
    "settings_digest",
    "unread_variable",
]
