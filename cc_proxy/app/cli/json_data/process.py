"""Data of the commands that run, stop and watch the proxy."""

from typing import Any, NotRequired, TypedDict

from cc_proxy.app.cli.json_data.setup import SourceData
from cc_proxy.app.control.wire import (
    CaptureState,
    DefaultModel,
    KeyUse,
    LastError,
    LastReload,
    ModelInMemory,
    PreloadResult,
    Seconds,
    Time,
    Tokens,
    TokensPerSecond,
    UpstreamStatus,
)


class RunningData(TypedDict):
    """A cc-proxy that runs; what Ollama tells is null if it has not answered in time.

    Two equal digests of the configuration mean that nothing has changed. `queued` are those of
    `requests_in_flight` that wait for Ollama to have room. `states` counts the requests for an
    answer by their state: preparing, waiting, loading, reading, writing. `assists` is how often
    models got each kind of help since the start, by the keys of `assist` in the configuration.
    `keys` are those of `server.auth_keys`, with their requests.
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
    states: dict[str, int]
    assists: dict[str, int]
    keys: list[KeyUse]
    capture: CaptureState | None
    last_error: LastError | None
    last_reload: LastReload | None
    upstream: UpstreamStatus | None
    upstreams: list[UpstreamStatus]
    loaded_models: list[ModelInMemory] | None
    default_model: DefaultModel | None


class Start(RunningData):
    """The process that runs now; `preloaded` with --preload only."""

    already_running: bool
    preloaded: NotRequired[PreloadResult]


class Restart(Start):
    """The process that runs now; `stopped_pid` is null if none ran before."""

    stopped_pid: int | None


class Status(RunningData):
    """The state of the proxy."""

    running: bool


class NotRunning(TypedDict):
    """Nothing runs."""

    running: bool
    log_file: str


class Amounts(TypedDict):
    """Totals; `seconds_saved` is about what reading the reused tokens would have taken."""

    requests: int
    failed: int
    read: Tokens
    reused: Tokens
    written: Tokens
    seconds_saved: Seconds
    calls: int
    rescued: int
    repaired: int


class UsageRow(TypedDict):
    """The totals of one day, session, model or class; `folder` is that of a session."""

    name: str
    folder: str
    last_day: str
    amounts: Amounts


class UsageData(TypedDict):
    """The totals since a day, null for all that is kept."""

    by: str
    since: str | None
    rows: list[UsageRow]
    total: Amounts


class StatusLine(TypedDict):
    """The line for Claude Code; `known` if the proxy knows the session."""

    line: str
    known: bool


class Reload(TypedDict):
    """The settings that changed, and those that only a restart applies."""

    pid: int
    changed: list[str]
    needs_restart: list[str]


class Stop(TypedDict):
    """The stopped process; `killed` if it did not end in time."""

    was_running: bool
    pid: int | None
    killed: bool


class Ui(TypedDict):
    """The address of the page, without what lets a browser in; whether a browser was opened."""

    url: str
    opened: bool


class Logs(TypedDict):
    """The last lines of the log, and the configuration; secrets are hidden."""

    sources: list[SourceData]
    config_path: str | None
    configuration: dict[str, Any] | None
    log_dir: str
    log_file: str
    lines: list[str]


class ServiceData(TypedDict):
    """The file by which a manager of services starts cc-proxy."""

    manager: str
    path: str


class ServiceUnit(ServiceData):
    """The text of the unit, which is not written."""

    unit: str


class ServiceInstalled(ServiceData):
    """The written service; `changed` if it differs from the one before."""

    installed: bool
    changed: bool


class ServiceUninstalled(ServiceData):
    """The removed service."""

    was_installed: bool


class ServiceStatus(ServiceData):
    """The state of the service; `registered` is null if the manager cannot be reached."""

    installed: bool
    up_to_date: bool
    registered: bool | None
    pid: int | None


class ReplaySide(TypedDict):
    """The answers of a model to the requests; speeds are null if not known.

    `same_first_call` counts the answers whose first tool call names the tool that the captured
    one does, or that call none either, and `calls_repaired` those that were read from text or
    repaired.
    """

    model: str
    answered: int
    failed: int
    tool_calls: int
    calls_repaired: int | None
    same_first_call: int
    prompt_tokens: Tokens
    written_tokens: Tokens
    seconds: Seconds
    first_token_seconds: Seconds | None
    tokens_read_per_second: TokensPerSecond | None
    tokens_written_per_second: TokensPerSecond | None


class ReplayedRequest(TypedDict):
    """One request: the tools that each side called, and the seconds that it took."""

    id: str
    captured_calls: list[str]
    calls: list[str]
    captured_seconds: Seconds
    seconds: Seconds
    error: str | None


class ReplayData(TypedDict):
    """Two models on the same requests: the captured one, and the one that was asked now."""

    file: str
    requests: list[ReplayedRequest]
    captured: ReplaySide
    replayed: ReplaySide
