"""The one way to the settings: which file, which value, and everything that is wrong at once."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from cc_proxy.app.config import client_keys, environment, file_locations, proxies, tls_files
from cc_proxy.app.config.errors import MOST_PROBLEMS, ConfigError, Problem
from cc_proxy.app.config.file_locations import ConfigSource
from cc_proxy.app.config.launch_options import NO_OPTIONS, LaunchOptions
from cc_proxy.app.config.layers import Layer, SourcedValue, merge, sourced_values
from cc_proxy.app.config.settings import Settings
from cc_proxy.app.config.validation import fallback_circles
from cc_proxy.app.config.validation.schema import KeyPath
from cc_proxy.app.config.yaml_file import reading


class LoadedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The effective settings and how they came about.

    `path` is the active file; `origins` says for each dotted key where its value came from;
    `digest` is the SHA-256 of the settings, secrets included, as hexadecimal digits: two equal
    digests mean that nothing has changed.
    """

    settings: Settings
    path: Path | None
    sources: tuple[ConfigSource, ...]
    origins: dict[str, str]
    digest: str


def load(
    *,
    config_file: Path | None = None,
    running_file: Path | None = None,
    options: LaunchOptions = NO_OPTIONS,
    environ: Mapping[str, str],
    home: Path | None = None,
) -> LoadedConfig:
    """Return the effective settings: flag over environment over file over default.

    `config_file` is the flag's. `running_file` is the one that the running cc-proxy uses. Without
    `home` it is the environment's HOME (on Windows USERPROFILE).

    Raises:
        ConfigError: with every problem of file, environment and flags.

    """
    sources = file_locations.sources(config_file, environ, home, running_file)
    active = file_locations.active(sources)
    file, file_problems = _from_file(active, environ)
    variables, variable_problems = environment.values(environ)
    flags, flag_problems = _from_flags(options)
    if problems := [*file_problems, *variable_problems, *flag_problems]:
        more = " There may be more to correct." if len(file_problems) == MOST_PROBLEMS else ""
        hint = f"Correct {active.path} and try again.{more}" if file_problems else None
        raise ConfigError(problems, hint=hint)
    settings, origins = _with_key_files(file | variables | flags, environ)
    if unusable := [
        *_unusable_files(settings, origins),
        *client_keys.same_twice(settings.server, origins),
        *fallback_circles.circles(settings, origins),
        *_collector(settings, origins),
    ]:
        raise ConfigError(unusable)
    return LoadedConfig(
        settings=settings,
        path=active.path,
        sources=sources,
        origins=origins,
        digest=settings_digest(settings),
    )


def _with_key_files(given: Layer, environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Return the settings and their origins, with the keys that are in files of their own."""
    settings, origins = _with_proxies(given, environ)
    found, problems = client_keys.from_files(settings.server, origins)
    if problems:
        raise ConfigError(problems)
    return _with_proxies(given | found, environ) if found else (settings, origins)


def _with_proxies(given: Layer, environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Return the settings and their origins, with the proxies that the environment names."""
    settings, origins = merge(given)
    ollama = settings.ollama
    servers: list[tuple[KeyPath, str, str, str]] = [
        (("ollama",), "Ollama", ollama.base_url, ollama.proxy)
    ]
    servers += [
        (("upstreams", name), name, one.url or one.urls[0], one.proxy)
        for name, one in settings.upstreams.items()
    ]
    found: Layer = {}
    for section, title, url, proxy in servers:
        named = proxies.from_environment(url, environ) if proxy == proxies.AUTO else None
        if named is not None:
            found[*section, "proxy"] = _proxy(named, ".".join(section), title, url)
    return merge(given | found) if found else (settings, origins)


def _proxy(named: tuple[str, str], section: str, title: str, url: str) -> SourcedValue:
    name, text = named
    found = sourced_values(_PROXY, text, where=name, origin=f"environment {name}")
    if isinstance(found, Problem):
        fix = f"{found.fix}, or reach {title}" if found.fix else f"reach {title}"
        host = urlsplit(url).hostname
        without = f"{fix} without a proxy: NO_PROXY={host}, or {section}.proxy: none"
        raise ConfigError([msgspec.structs.replace(found, fix=without)])
    return found[_PROXY]


def _unusable_files(settings: Settings, origins: Mapping[str, str]) -> Iterator[Problem]:
    yield from tls_files.own_problems(settings.server, origins)
    yield from tls_files.problems("ollama", settings.ollama, origins)
    for name, one in settings.upstreams.items():
        yield from tls_files.problems(f"upstreams.{name}", one, origins)


def _collector(settings: Settings, origins: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem if telemetry goes nowhere, or comes back to the proxy that sends it."""
    if settings.telemetry.traces and settings.telemetry.otlp_url is None:
        yield Problem(
            where=f"telemetry.otlp_url ({origins['telemetry.otlp_url']})",
            what="telemetry.otlp_url is missing",
            expected="the address of a collector for the traces",
            found="none",
            fix="set telemetry.otlp_url, or remove traces",
        )
    server, url = settings.server, urlsplit(settings.telemetry.otlp_url or "")
    port = url.port or (443 if url.scheme == "https" else 80)
    if port == server.port and url.hostname in {"localhost", "127.0.0.1", "::1", server.host}:
        yield Problem(
            where=f"telemetry.otlp_url ({origins['telemetry.otlp_url']})",
            what="the address of cc-proxy itself",
            expected="the address of a collector",
            found=f"{url.hostname}:{port}",
            fix="a collector of OTLP over HTTP has port 4318 by default",
        )


def settings_digest(settings: Settings) -> str:
    """Return the SHA-256 of settings as hexadecimal digits."""
    # Neither struct fields nor aliases are sorted: the former have one order, and that of the
    # latter decides between equal patterns.
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()


def _from_file(active: ConfigSource, environ: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    if active.path is None:
        return {}, []
    is_named = active.name in (*file_locations.NAMED, file_locations.RUNNING)
    text = reading.read(active.path, named_by=active.name, is_named=is_named)
    from cc_proxy.app.config.validation import decoding  # noqa: PLC0415 - ruamel.yaml costs only those with a file

    return decoding.decode(text, active.path, environ)


_PROXY: KeyPath = ("ollama", "proxy")


def _from_flags(options: LaunchOptions) -> tuple[Layer, list[Problem]]:
    layer: Layer = {}
    problems: list[Problem] = []
    for flag, key, text in options.given():
        match sourced_values(key, text, where=flag, origin=f"flag {flag}"):
            case Problem() as problem:
                problems.append(problem)
            case one:
                layer |= one
    return layer, problems
