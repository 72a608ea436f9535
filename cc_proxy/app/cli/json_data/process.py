"""What the commands that run, stop and watch the proxy print."""

from typing import Any, NotRequired, TypedDict

from cc_proxy.app.cli.json_data.setup import Source
from cc_proxy.app.control.wire import (
    DefaultModel,
    LastError,
    LastReload,
    LoadedModel,
    Preloaded,
    Seconds,
    Time,
    Upstream,
)


class Running(TypedDict):
    """A cc-proxy that runs; what Ollama tells is null if it has not answered in time.

    Two equal digests of the configuration mean that nothing has changed. `queued` are those of
    `requests_in_flight` that wait for Ollama to have room. `assists` is how often models got each
    kind of help since the start, by the keys of `assist` in the configuration.
    """

    pid: int
    url: str
    host: str
    port: int
    version: str
    instance_id: str
    started_at: Time
    uptime_seconds: Seconds
    config_path: str | None
    config_digest: str
    log_file: str
    requests_in_flight: int
    queued: int
    assists: dict[str, int]
    last_error: LastError | None
    last_reload: LastReload | None
    upstream: Upstream | None
    loaded_models: list[LoadedModel] | None
    default_model: DefaultModel | None


class Start(Running):
    """What runs now; `preloaded` with --preload only."""

    already_running: bool
    preloaded: NotRequired[Preloaded]


class Restart(Start):
    """What runs now; `stopped_pid` is null if nothing ran before."""

    stopped_pid: int | None


class Status(Running):
    """What runs."""

    running: bool


class NotRunning(TypedDict):
    """Nothing runs."""

    running: bool
    log_file: str


class Reload(TypedDict):
    """What the new configuration changed, and what only a restart applies."""

    pid: int
    changed: list[str]
    needs_restart: list[str]


class Stop(TypedDict):
    """What was stopped; `killed` if it did not end in time."""

    was_running: bool
    pid: int | None
    killed: bool


class Logs(TypedDict):
    """The last lines of the log, and the configuration; secrets are hidden."""

    sources: list[Source]
    config_path: str | None
    configuration: dict[str, Any] | None
    log_dir: str
    log_file: str
    lines: list[str]


class Service(TypedDict):
    """The file by which a manager of services starts cc-proxy."""

    manager: str
    path: str


class ServiceUnit(Service):
    """What would be written."""

    unit: str


class ServiceInstalled(Service):
    """What was written; `changed` if it was not so before."""

    installed: bool
    changed: bool


class ServiceUninstalled(Service):
    """What was removed."""

    was_installed: bool


class ServiceStatus(Service):
    """Whether it is there; `registered` is null if the manager cannot be reached."""

    installed: bool
    up_to_date: bool
    registered: bool | None
    pid: int | None
