"""The description of a running process, which several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.cli.claude.profiles import PROFILES, for_window, in_window, recommended
from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.cli.json_data.process import RunningData
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.control.wire import (
        DefaultModel,
        Health,
        HostStatus,
        KeyUse,
        ModelInMemory,
        UpstreamStatus,
    )
    from cc_proxy.app.daemon.process.state import ProcessState

_UPSTREAM_SECONDS = 5.0


def with_upstream(now: "ProcessState", health: "Health", key: str) -> "Health":
    """Return the health with Ollama's part, or as it is if that takes too long."""
    from cc_proxy.app.control.health import ask  # noqa: PLC0415 - see common.Common

    with waiting("Asking about the models"):
        probe = ask(now.host, now.port, key, upstream=True, timeout_seconds=_UPSTREAM_SECONDS)
    return probe.health or health


def data(now: "ProcessState", health: "Health") -> "RunningData":
    """Return the fields of `--json` for a running process."""
    from msgspec import to_builtins  # noqa: PLC0415 - see common.Common

    return {
        "pid": now.pid,
        "url": now.url,
        "host": now.host,
        "port": now.port,
        "version": now.version,
        "instance_id": now.instance_id,
        "started_at": now.started_at,
        "uptime_seconds": health.uptime_seconds,
        "config_path": now.config_path,
        "config_digest": now.config_digest,
        "log_file": now.log_file,
        "requests_in_flight": health.requests_in_flight,
        "queued": health.queued,
        "states": health.states,
        "assists": health.assists,
        "keys": list(to_builtins(health.keys)),
        "capture": to_builtins(health.capture),
        "last_error": to_builtins(health.last_error),
        "last_reload": to_builtins(health.last_reload),
        "upstream": to_builtins(health.upstream),
        "upstreams": list(to_builtins(health.upstreams)),
        "loaded_models": to_builtins(health.loaded_models),
        "default_model": to_builtins(health.default_model),
    }


def location_rows(now: "ProcessState") -> list[tuple[str, str]]:
    """Return the rows that say where a process is."""
    return [
        ("URL", now.url if now.host in now.url else f"{now.url} (bound to {now.host})"),
        ("Configuration", f"{now.config_path or 'built-in defaults'} ({now.config_digest[:8]})"),
        ("Log", now.log_file),
    ]


def upstream_rows(health: "Health") -> list[tuple[str, str]]:
    """Return the rows about the server and the model that answers for Claude's names."""
    upstream, model = health.upstream, health.default_model
    if upstream is None:
        return [("Ollama", "not known, it has not answered yet")]
    rows: list[tuple[str, str]] = []
    for one in health.upstreams or (upstream,):
        rows.append((one.title, f"{one.url} ({_found(one)})"))
        rows += [("", f"{host.name}: {_host(host)}") for host in one.hosts]
    if model is not None and model.name is not None:
        window = f" ({model.context_window:,} tokens)" if model.context_window else ""
        rows.append(("Default model", model.name + window))
        if speed := model.tokens_read_per_second:
            first = duration(PROFILES["full"].first_tokens / speed)
            told = f"{speed:,.0f} tokens/s; Claude Code's first request takes {first}"
            rows.append(("Reading", told))
    return rows


def _host(host: "HostStatus") -> str:
    told = [
        f"{host.sessions} session{'' if host.sessions == 1 else 's'}",
        f"{host.in_flight} in flight",
    ]
    told += [f"{host.waiting} waiting"] if host.waiting else []
    told += ["drained"] if host.drained else []
    if host.left_out:
        when = f"for {duration(host.retry_seconds)}" if host.retry_seconds else "until it answers"
        told.append(f"left out {when}: {host.error}")
    return ", ".join(told)


def _found(upstream: "UpstreamStatus") -> str:
    if not upstream.reachable:
        return "answers, but cannot be used" if upstream.answers else "not reachable"
    # Ollama's version is a number; others name what they are, too: vLLM 0.32.0.
    return f"version {upstream.version}" if upstream.kind == "ollama" else f"{upstream.version}"


def loaded_model_rows(health: "Health") -> list[tuple[str, str]]:
    """Return a row for each model that Ollama has loaded: its window, and where it is."""
    return [
        ("Loaded" if place == 0 else "", f"{model.name} ({_loaded(model)})")
        for place, model in enumerate(health.loaded_models or ())
    ]


def _loaded(model: "ModelInMemory") -> str:
    window = [f"{model.context_window:,} tokens"] if model.context_window else []
    if not model.bytes:
        return ", ".join(window) or "size not known"
    on_gpu = round(100 * model.bytes_in_vram / model.bytes)
    where = {0: "CPU", 100: "GPU"}.get(on_gpu, f"{100 - on_gpu}% CPU, {on_gpu}% GPU")
    return ", ".join([*window, f"{model.bytes / 1e9:.1f} GB", where])


def requests_row(health: "Health") -> str:
    """Return how many requests run, in which states, and how many of them wait for Ollama."""
    told = f"{health.requests_in_flight} in flight"
    if health.states:
        counts = (f"{count} {state}" for state, count in sorted(health.states.items()))
        told += f" ({', '.join(counts)})"
    return f"{told}, {health.queued} of them waiting for Ollama" if health.queued else told


def assists(health: "Health") -> list[tuple[str, str]]:
    """Return the row with the help that models got since the start, if they got any."""
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(health.assists.items()))
    return [("Assists", told)] if told else []


def keys(health: "Health") -> list[tuple[str, str]]:
    """Return a row for each key with a name: its requests in flight, and those since the start."""
    return [
        ("Keys" if place == 0 else "", f"{one.name}: {_use(one)}")
        for place, one in enumerate(health.keys)
    ]


def _use(key: "KeyUse") -> str:
    most = "" if key.max_in_flight is None else f" of {key.max_in_flight}"
    told = f"{key.in_flight}{most} in flight, {key.requests} since the start"
    return f"{told}, {key.refused} refused" if key.refused else told


def last_error(health: "Health") -> list[tuple[str, str]]:
    """Return the row with the last error that a client was told, if there was one."""
    last = health.last_error
    return [("Last error", f"{last.at} {last.request_id} {last.message}")] if last else []


def warnings(health: "Health") -> list[ErrorItem]:
    """Return what keeps a process that runs from being of use."""
    return [*_capture(health), *_of_upstreams(health)]


def _capture(health: "Health") -> list[ErrorItem]:
    if health.capture is None:
        return []
    text = f"A capture is on: the conversation is written to {health.capture.file}."
    return [ErrorItem("capture_on", text, "To end it: cc-proxy capture stop")]


def _of_upstreams(health: "Health") -> list[ErrorItem]:
    upstream, model = health.upstream, health.default_model
    if upstream is None:
        text = f"Ollama has not answered within {_UPSTREAM_SECONDS:g} seconds."
        return [ErrorItem("upstream_silent", text, "Ask again: cc-proxy status")]
    if not upstream.reachable:
        text = upstream.error or f"{upstream.title} cannot be reached at {upstream.url}."
        hint = "cc-proxy serves and will find it when it comes."
        return [ErrorItem("upstream_unreachable", text, f"{hint} {_help(upstream)}".rstrip())]
    return [*_others(health), *_of_default(model)]


def after_change(upstream: "UpstreamStatus") -> str:
    """Return what to do about an upstream that does not serve, at this address or another one."""
    change = f"After a change of upstreams.{upstream.name}.url: cc-proxy reload"
    if upstream.kind == "ollama":
        change = "If you change OLLAMA_BASE_URL: cc-proxy restart"
    return f"{_help(upstream)} {change}".lstrip()


def _help(upstream: "UpstreamStatus") -> str:
    if upstream.hint is not None or upstream.answers or upstream.kind != "ollama":
        return upstream.hint or ""
    return "Start it with `ollama serve`."


def _others(health: "Health") -> list[ErrorItem]:
    return [
        ErrorItem(
            "other_upstream_away",
            one.error or f"{one.title} cannot be reached at {one.url}.",
            one.hint,
        )
        for one in health.upstreams
        if not one.reachable and one != health.upstream
    ]


def _of_default(model: "DefaultModel | None") -> list[ErrorItem]:
    if model is not None and model.name is None:
        text = model.error or "No model is there to answer for Claude's names."
        return [ErrorItem("no_default_model", text)]
    return _of_model(model) if model is not None else []


def _of_model(model: "DefaultModel") -> list[ErrorItem]:
    if model.name is not None and model.can_use_tools is False:
        return [no_tools(model.name)]
    speed, window = model.tokens_read_per_second, model.context_window
    profile = recommended(speed, window)
    if speed and recommended(speed) != "full":
        return [_slow(speed, profile)]
    return [_small_window(window, profile)] if window and window < ENOUGH_WINDOW else []


def no_tools(name: str) -> ErrorItem:
    """Return the warnings about a model that Claude Code cannot work with."""
    return ErrorItem(
        "no_tools",
        f"{name} cannot use tools, and Claude Code works with tools only.",
        "See what is pulled, and what it can do: cc-proxy models",
    )


def _small_window(window: int, profile: str) -> ErrorItem:
    text = (
        f"The model has a window of {window:,} tokens; Claude Code needs {ENOUGH_WINDOW:,} to work"
        f" well, and {in_window(window)}."
    )
    if profile != "full":
        gives_up = PROFILES[profile].gives_up
        text += f" The profile {profile} leaves more of it, and gives up {gives_up}."
    hint = f"{for_window(window)}, or a larger context_window if the model allows it"
    return ErrorItem("small_window", text, hint)


def _slow(tokens_per_second: float, profile: str) -> ErrorItem:
    text = (
        f"The model reads {tokens_per_second:,.0f} tokens/s. The profile {profile} makes Claude"
        f" Code's first request smaller, and gives up {PROFILES[profile].gives_up}."
    )
    return ErrorItem("reads_slowly", text, f"cc-proxy claude --profile {profile}")


def other_settings(common: "Common", loaded: "LoadedConfig") -> tuple[ErrorItem, ...]:
    """Return how what runs differs from what these settings would start, if anything runs."""
    from cc_proxy.app.daemon.differences import differences  # noqa: PLC0415 - as above

    try:
        now = common.running()
    except CcProxyError as error:  # what is asked for can be shown all the same
        return (ErrorItem.of(error),)
    return tuple(map(ErrorItem.of, differences(now, loaded))) if now else ()


def alias_slips(loaded: "LoadedConfig") -> tuple[ErrorItem, ...]:
    """Return the aliases that look misspelt: a name that is none of theirs goes to Ollama as it is.

    It would say then that there is no such model, or another one would answer.
    """
    if not loaded.settings.aliases:
        return ()
    from cc_proxy.app.config.validation.alias_slips import slips  # noqa: PLC0415 - see common.Common

    return tuple(
        ErrorItem(
            "alias_slip",
            f"aliases.{slip.alias} ({loaded.origins[f'aliases.{slip.alias}']}) answers for nothing"
            f" that Claude Code asks for: {slip.why}.",
            f"If you meant it for Claude Code, write: {slip.suggestion}",
        )
        for slip in slips(loaded.settings.aliases)
    )


def shown(path: Path | None) -> str | None:
    """Return a path as text, None as None."""
    return None if path is None else str(path)
