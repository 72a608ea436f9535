"""What `--json` has in `data`, command by command.

The one source of it: commands are checked against these types, and the JSON Schemas in
`data/schemas/` are made from them (`python -m tools.generate`). Imported for types only.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Bytes = Annotated[int, Meta(description="bytes")]
Seconds = Annotated[float, Meta(description="seconds")]
Tokens = Annotated[int, Meta(description="tokens")]
TokensPerSecond = Annotated[float, Meta(description="tokens per second")]
Time = Annotated[str, Meta(description="a time in UTC, ISO 8601")]
JsonSchema = Annotated[dict[str, Any], Meta(description="a JSON Schema, draft 2020-12")]


class Item(TypedDict):
    """An error or a warning: `code` is stable, the rest is for people."""

    code: Annotated[str, Meta(pattern="^[a-z0-9_]+$")]
    message: Annotated[str, Meta(min_length=1)]
    hint: str | None


class Envelope(TypedDict):
    """The one object that every command prints."""

    version: Literal[1]
    command: str
    status: Literal["ok", "error"]
    exit_code: int
    data: dict[str, Any]
    warnings: list[Item]
    errors: list[Item]


class Nothing(TypedDict):
    """No fields."""


class Upstream(TypedDict):
    """What the proxy knows of Ollama; `hint` is what helps against the error."""

    url: str
    reachable: bool
    version: str | None
    error: str | None
    hint: str | None


class DefaultModel(TypedDict):
    """The model that answers for Claude's names; `error` says why there is none."""

    name: str | None
    context_window: Tokens | None
    tokens_read_per_second: TokensPerSecond | None
    error: str | None


class LoadedModel(TypedDict):
    """A model in Ollama's memory, and how much of it a GPU holds."""

    name: str
    context_window: Tokens
    bytes: Bytes
    bytes_in_vram: Bytes


class LastError(TypedDict):
    """The last error that a client was told."""

    at: Time
    request_id: str
    message: str


class LastReload(TypedDict):
    """How the last reading of the configuration went."""

    at: Time
    status: Literal["ok", "failed"]
    changed: list[str]
    needs_restart: list[str]
    error: str | None


class Running(TypedDict):
    """A cc-proxy that runs; what Ollama tells is null if it has not answered in time.

    Two equal digests of the configuration mean that nothing has changed.
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
    last_error: LastError | None
    last_reload: LastReload | None
    upstream: Upstream | None
    loaded_models: list[LoadedModel] | None
    default_model: DefaultModel | None


class Preloaded(TypedDict):
    """A model that was loaded, and what that took."""

    model: str
    context_window: Tokens
    seconds: Seconds | None


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


class Source(TypedDict):
    """A place where a configuration may be; `active` is the one that counts."""

    name: str
    path: str | None
    status: str


class Logs(TypedDict):
    """The last lines of the log, and the configuration; secrets are hidden."""

    sources: list[Source]
    config_path: str | None
    configuration: dict[str, Any] | None
    log_dir: str
    log_file: str
    lines: list[str]


class PrintEnv(TypedDict):
    """What `cc-proxy claude --print-env` would set and remove."""

    set: dict[str, str]
    unset: list[str]
    arguments: list[str]


class Server(TypedDict):
    """The Ollama that was asked."""

    url: str
    version: str


class Alias(TypedDict):
    """A name that clients may ask for, and the model that answers."""

    name: str
    model: str
    pulled: bool


class InMemory(TypedDict):
    """A model as Ollama has it loaded."""

    context_window: Tokens
    size_bytes: Bytes
    vram_bytes: Bytes
    cpu_bytes: Bytes


class Calls(TypedDict):
    """How many calls of tools were what."""

    right: int
    mended: int
    wrong: int
    missing: int


class KeptTest(TypedDict):
    """The latest test of a model; perhaps of an earlier version of it."""

    verdict: str
    tested_at: Time
    of_this_version: bool
    tasks_done: int
    tasks: int
    calls: dict[str, int]
    read_tokens_per_second: TokensPerSecond | None
    written_tokens_per_second: TokensPerSecond | None
    context_window: Tokens


class Model(TypedDict):
    """A pulled model; null where Ollama will not say, and `trouble` tells why."""

    name: str
    size_bytes: Bytes
    capabilities: list[str] | None
    context_window: Tokens | None
    max_context_window: Tokens | None
    is_default: bool
    loaded: InMemory | None
    trouble: str | None
    test: KeptTest | None


class Models(TypedDict):
    """What is there to answer."""

    upstream: Server
    default_model: str | None
    aliases: list[Alias]
    models: list[Model]


class ModelsPull(TypedDict):
    """What was pulled."""

    name: str
    size_bytes: Bytes
    seconds: Seconds


class Reason(TypedDict):
    """Why a verdict is not better: `allows` is the best one that it leaves."""

    code: str
    allows: Literal["fit", "usable", "unfit"]
    message: str
    help: str | None


class TaskTest(TypedDict):
    """One task, and what each try at it was."""

    name: str
    tries: int
    done: bool
    calls: list[Literal["right", "mended", "wrong", "missing"]]
    trouble: str | None


class Speed(TypedDict):
    """How fast a model is, by Ollama's own clock."""

    read_tokens_per_second: TokensPerSecond | None
    written_tokens_per_second: TokensPerSecond | None


class ModelsTest(TypedDict):
    """Whether a model is fit for Claude Code; one without tools has no figures."""

    model: str
    verdict: Literal["fit", "usable", "unfit"]
    reasons: list[Reason]
    tasks_done: int | None
    calls: Calls | None
    tasks: list[TaskTest] | None
    speed: Speed | None
    context_window: Tokens | None
    gpu_share: float | None


class Check(TypedDict):
    """One finding; `fix` is what mends it."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str | None


class Doctor(TypedDict):
    """The findings, and the checks that could not be made for want of an earlier one."""

    checks: list[Check]
    not_checked: list[str]


class ConfigInit(TypedDict):
    """The file that was written, and where the earlier one is now."""

    config_path: str
    default_model: str | None
    backup_path: str | None


class ConfigShow(TypedDict):
    """The effective values, and where each that is not a default comes from."""

    config_path: str | None
    config_digest: str
    values: dict[str, Any]
    origins: dict[str, str]


class Problem(TypedDict):
    """A mistake in the configuration."""

    where: str
    what: str
    excerpt: str | None
    expected: str | None
    found: str | None
    fix: str | None


class ConfigCheck(TypedDict):
    """Whether the configuration can be used."""

    valid: bool
    config_path: str | None
    problems: list[Problem]


class ConfigPath(TypedDict):
    """The file that counts, or would."""

    config_path: str
    exists: bool
    sources: list[Source]


class Schema(TypedDict):
    """A schema."""

    schema: JsonSchema


class Completion(TypedDict):
    """The script that makes a shell complete cc-proxy's arguments."""

    shell: str
    script: str


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


class Version(TypedDict):
    """The version, with `--version` anywhere."""

    version: str


class DemoRequest(TypedDict):
    """One request that the practice model was sent."""

    model: str
    prompt_tokens: int
    reused_tokens: int
    read_tokens: int
    output_tokens: int
    seconds: Seconds
    ended_by: str | None


class DemoTotals(TypedDict):
    """The tokens of the whole session."""

    requests: int
    prompt: int
    reused: int
    read: int
    output: int


class Demo(TypedDict):
    """A demo that came to its end."""

    practice: bool
    client: Literal["claude", "built-in"]
    client_version: str | None
    said: str
    requests: NotRequired[list[DemoRequest]]
    totals: NotRequired[DemoTotals]


# A command that is not here fails a test. More than one type: `data` is one of them.
DATA: dict[str, tuple[type, ...]] = {
    "start": (Start, Nothing),  # nothing after --foreground
    "stop": (Stop,),
    "restart": (Restart,),
    "reload": (Reload,),
    "status": (Status, NotRunning),
    "logs": (Logs,),
    "claude": (PrintEnv,),
    "models": (Models,),
    "models pull": (ModelsPull,),
    "models test": (ModelsTest,),
    "doctor": (Doctor,),
    "config init": (ConfigInit,),
    "config show": (ConfigShow,),
    "config check": (ConfigCheck,),
    "config path": (ConfigPath,),
    "config schema": (Schema,),
    "service install": (ServiceInstalled, ServiceUnit),
    "service uninstall": (ServiceUninstalled,),
    "service status": (ServiceStatus,),
    "demo": (Demo,),
    "completion": (Completion,),
    "schema": (Schema,),
    "version": (Version,),
    # These only have commands of their own, and an error for whoever names none.
    "cc-proxy": (Nothing,),
    "config": (Nothing,),
    "service": (Nothing,),
}
