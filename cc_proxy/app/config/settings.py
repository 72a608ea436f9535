"""The effective settings: what every other part of cc-proxy is told, all values checked."""

import hashlib
from typing import Any, Literal

import msgspec

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
ClaudeProfile = Literal["full", "lean", "bare"]
SearchProvider = Literal["none", "ollama", "searxng"]
UpstreamKind = Literal["ollama", "openai"]
Affinity = Literal["session", "none"]
ReasoningField = Literal["auto", "reasoning", "reasoning_content", "none"]


class ClientKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key of one person or program, and how many of its requests may run at once.

    `key` is that of the configuration, or the content of `key_file`; else there is `key_sha256`, in
    hexadecimal digits.
    """

    key: str | None = None
    key_file: str | None = None
    key_sha256: str | None = None
    max_in_flight: int | None = None

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the key."""
        if self.key is not None:
            return hashlib.sha256(self.key.encode()).digest()
        return bytes.fromhex(self.key_sha256 or "")


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """The address of cc-proxy; port 0 lets the system choose a free one.

    The host `localhost` is 127.0.0.1, and ::1 where there is IPv6.

    `hold_seconds` is how long an answer waits for Ollama's first word, so that an error can still
    be a true status; after that it begins, and is kept alive. `keep_on_disk`: what models wrote,
    how sessions began and the totals of usage are kept in the state folder. `allowed_hosts` are
    more names that clients may reach cc-proxy by, in lower case; `*.example.com` is each name below
    one. `auth_keys` are further keys, each with the name of whoever has it. `tls_certificate` and
    `tls_key` are absolute paths, both or neither: with them other machines must use https.
    """

    host: str = "localhost"
    port: int = 3456
    auth_key: str | None = None
    auth_keys: dict[str, ClientKey] = msgspec.field(default_factory=dict)
    hold_seconds: float = 10.0
    keep_on_disk: bool = True
    allowed_hosts: tuple[str, ...] = ()
    tls_certificate: str | None = None
    tls_key: str | None = None


class Ollama(msgspec.Struct, frozen=True, kw_only=True):
    """The upstream.

    `timeout_seconds` is the longest silence that is tolerated, `keep_alive` a duration as
    Ollama's API takes it (a negative one keeps the model loaded for ever), or `default`.

    `proxy` is the address of an HTTP proxy, `none`, or `auto`, which is none once the environment
    has been asked. `headers` go with each request, and are secrets. `ca_file` has further
    authorities to trust, `client_cert` and `client_key` what this side shows: absolute paths.
    """

    base_url: str = "http://127.0.0.1:11434"
    api_key: str | None = None
    proxy: str = "auto"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    timeout_seconds: float = 900.0
    keep_alive: str = "30m"


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The settings of one Ollama model; the window in tokens.

    `think` False: it never thinks; True or a level: so it thinks where it is asked to think.
    `keep_alive` is as Ollama's API takes it, or `default`. The rest are options of Ollama's by
    their names; None leaves each to the request, the Modelfile and Ollama.
    """

    context_window: int | None = None
    think: bool | str | None = None
    keep_alive: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    top_k: int | None = None
    seed: int | None = None
    repeat_last_n: int | None = None
    num_gpu: int | None = None
    main_gpu: int | None = None
    num_batch: int | None = None
    num_thread: int | None = None
    num_keep: int | None = None
    draft_num_predict: int | None = None
    use_mmap: bool | None = None

    @property
    def options(self) -> dict[str, float | bool]:
        """The options of Ollama's that are set, by their names."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__[_OWN_FIELDS:])
        return {name: of for name, of in named if of is not None}


# context_window, think and keep_alive are no options.
_OWN_FIELDS = 3
NO_MODEL_SETTINGS = ModelSettings()


class UpstreamModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a model that its server does not report; None: the server's word, or the default.

    `context_window` is the server's own, in tokens; the others are whether the model can do that.
    """

    context_window: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    thinking: bool | None = None


class AffinityHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a header by which a balancer in front of servers places requests."""

    header: str


class UpstreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs models, or several hosts that run the same ones.

    `kind` is the API that it speaks: `openai` has `/v1/chat/completions`. It has one `url`, or the
    `urls` of its hosts, of which those in `drain` get no new sessions. `affinity` is how requests
    are placed on the hosts: `session`, each session on one, or `none`; or the header that also has
    the key of the session, which are then placed as by `session`. `timeout_seconds` is the
    longest silence that is tolerated, `keep_alive` as Ollama's API takes it. `reasoning` is the
    field in which it reads the thinking of earlier turns: `auto` as such servers do, `none`:
    nowhere, and it is not asked to think.
    `extra_body` has more fields of each chat request. `save_slots`: a llama-server writes what
    sessions begin with to its disk, and reads it back. The rest is as of `Ollama`.
    """

    kind: UpstreamKind = "openai"
    url: str = ""
    urls: tuple[str, ...] = ()
    drain: tuple[str, ...] = ()
    affinity: Affinity | AffinityHeader = "session"
    api_key: str | None = None
    timeout_seconds: float = 900.0
    keep_alive: str = "30m"
    reasoning: ReasoningField = "auto"
    proxy: str = "auto"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    extra_body: dict[str, Any] = msgspec.field(default_factory=dict)
    save_slots: bool = False
    models: dict[str, UpstreamModelSettings] = msgspec.field(default_factory=dict)


class WebSearchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The provider of web search, and its limits.

    `url` is the provider's address, None its usual one; `ollama` is paid for with Ollama's
    `api_key`.
    """

    provider: SearchProvider = "none"
    url: str | None = None
    max_results: int = 5
    timeout_seconds: float = 20.0


class Assist(msgspec.Struct, frozen=True, kw_only=True):
    """The help that a model gets where it stumbles; each can be switched off.

    `unreadable_call`: a call that Ollama cannot read is read from its error, or asked for again.
    `announced_step`: a turn that announces a step and makes no call is asked once more.
    `repeated_text`: text or thinking that repeats itself is cut, and asked for once more.
    `repeated_call`: the result of a call that is made again in vain has a note.
    `structured_output`: after the client's reminder the answer is held to the schema.
    """

    unreadable_call: bool = True
    announced_step: bool = True
    repeated_text: bool = True
    repeated_call: bool = True
    structured_output: bool = True


EVERY_ASSIST = Assist()


class ImageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for images and documents that a request names by URL."""

    fetch_urls: bool = False
    max_bytes: int = 10 * 1024 * 1024


class ClaudeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The start of Claude Code: its command or path, and its profile.

    `status_line`: it shows cc-proxy's, where the person has none.
    """

    bin: str = "claude"
    profile: ClaudeProfile = "full"
    status_line: bool = True


class LoggingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The level and the format of the log."""

    level: LogLevel = "info"
    format: LogFormat = "text"


class TelemetrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The collector for the telemetry that Claude Code sends to cc-proxy, and for its own traces.

    `otlp_url` is the base address of its OTLP/HTTP, None for none. `traces`: each request is sent
    to it as spans. `headers` go with each request to it, and are secrets.
    """

    otlp_url: str | None = None
    traces: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class RequestClasses(msgspec.Struct, frozen=True, kw_only=True):
    """The models for a class of Claude Code's requests; None: the one that the request names.

    `subagent`: of subagents and workflows. `title`: of titles of sessions, `web_search`: of
    searches, `auto_mode`: of the safety check in auto mode, `auxiliary`: of all these and other
    small tasks without the client's tools. `compaction`: of summaries of a conversation. `image`:
    of what has an image that the model cannot see; `long_context`: of what does not fit into its
    window.
    """

    subagent: str | None = None
    title: str | None = None
    web_search: str | None = None
    auto_mode: str | None = None
    auxiliary: str | None = None
    compaction: str | None = None
    image: str | None = None
    long_context: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a user can decide.

    `aliases` keeps the order of the file. `context_window` is in tokens; None stands for
    `auto`: 65,536, or what the model is made or loaded for, up to its maximum. `vision_model`
    describes images for models that do not see; None: nobody does. `fallback` has, by the name of
    a model, the one that answers while the first one's server fails.
    """

    server: Server = Server()
    ollama: Ollama = Ollama()
    upstreams: dict[str, UpstreamSettings] = msgspec.field(default_factory=dict)
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    fallback: dict[str, str] = msgspec.field(default_factory=dict)
    request_classes: RequestClasses = RequestClasses()
    vision_model: str | None = None
    context_window: int | None = None
    models: dict[str, ModelSettings] = msgspec.field(default_factory=dict)
    web_search: WebSearchSettings = WebSearchSettings()
    images: ImageSettings = ImageSettings()
    assist: Assist = Assist()
    claude: ClaudeSettings = ClaudeSettings()
    logging: LoggingSettings = LoggingSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
