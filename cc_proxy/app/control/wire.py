"""The wire between the command line and a running proxy: `/health`, `/preload`, `/reload`.

The proxy encodes these structs, the command line decodes them, and the JSON Schemas of `--json`
are made from them. A field that a later version added has a default: an older process that is
still running does not send it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Bytes = Annotated[int, Meta(description="bytes")]
Seconds = Annotated[float, Meta(description="seconds")]
Tokens = Annotated[int, Meta(description="tokens")]
TokensPerSecond = Annotated[float, Meta(description="tokens per second")]
Time = Annotated[str, Meta(description="a time in UTC, ISO 8601")]


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One of several hosts of an upstream, with its live sessions and its requests.

    `waiting` is the length of its queue. A host that is `left_out` after `error` is tried again
    after `retry_seconds`; a `drained` one gets no new sessions.
    """

    name: str
    sessions: int = 0
    in_flight: int = 0
    waiting: int = 0
    drained: bool = False
    left_out: bool = False
    retry_seconds: Seconds = 0.0
    error: str | None = None


class UpstreamStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the server that runs the models as the proxy sees it.

    `title` is its name for people, and `hint` helps against `error`. `reachable`: it answers as
    such a server does; `answers`: it answers, perhaps with an error or as another kind of server.
    `hosts` has each of its hosts, where there are several.
    """

    url: str
    reachable: bool
    answers: bool = False
    name: str = "ollama"
    kind: str = "ollama"
    title: str = "Ollama"
    version: str | None = None
    error: str | None = None
    hint: str | None = None
    hosts: tuple[HostStatus, ...] = ()


class DefaultModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model that answers for Claude's names; without one, `error` gives the reason.

    `tokens_read_per_second` is its speed on a prompt, null until it has read one.
    `can_use_tools` is null where there is no model.
    """

    name: str | None = None
    context_window: Tokens | None = None
    can_use_tools: bool | None = None
    tokens_read_per_second: TokensPerSecond | None = None
    error: str | None = None


class ModelInMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A model in Ollama's memory, and how much of it a GPU holds."""

    name: str
    context_window: Tokens = 0
    bytes: Bytes = 0
    bytes_in_vram: Bytes = 0


class ModelSessions(msgspec.Struct, frozen=True, kw_only=True):
    """The recent sessions of a model, and how many requests it was seen to run at once."""

    model: str
    sessions: int
    parallel: int


class LastError(msgspec.Struct, frozen=True, kw_only=True):
    """The last error that a client got."""

    at: Time
    request_id: str
    message: str


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """A key with a name, and its requests to the model since the start.

    `refused` came while `max_in_flight` of them ran; null is no limit.
    """

    name: str
    in_flight: int = 0
    max_in_flight: int | None = None
    requests: int = 0
    refused: int = 0
    last_used: Time | None = None


class LastReload(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the last reload; `changed` and `needs_restart` are dotted keys.

    After `failed`, `error` gives the reason, and the settings are the same as before.
    """

    at: Time
    status: Literal["ok", "failed"]
    changed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    error: str | None = None


class CaptureState(msgspec.Struct, frozen=True, kw_only=True):
    """The capture that runs, or the last one; `file` is "" if there was none.

    `session` is "" for all. `ended` is why it is no longer on: stopped, time, full or failed.
    """

    on: bool
    file: str = ""
    session: str = ""
    started: Time | None = None
    until: Time | None = None
    bytes: Bytes = 0
    max_bytes: Bytes = 0
    requests: int = 0
    ended: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `GET /health`; the last four are null or empty with `?upstream=0`.

    `upstream` is the one of the default model, `upstreams` all of them.

    `requests_in_flight` does not include this request; `queued` of them wait for Ollama.
    `states` counts the messages requests that run, by the states of `ActivityRequest`. `assists` is
    how often models got each kind of help since the start, by the keys of `assist`. `keys` are
    those of `server.auth_keys`; one of them sees only its own, and no `last_error`.
    """

    status: str
    version: str
    instance_id: str
    pid: int
    uptime_seconds: Seconds
    config_digest: str
    config_path: str | None = None
    requests_in_flight: int = 0
    queued: int = 0
    states: dict[str, int] = {}
    assists: dict[str, int] = {}
    keys: tuple[KeyUse, ...] = ()
    last_error: LastError | None = None
    last_reload: LastReload | None = None
    capture: CaptureState | None = None
    model_sessions: tuple[ModelSessions, ...] = ()
    upstream: UpstreamStatus | None = None
    upstreams: tuple[UpstreamStatus, ...] = ()
    loaded_models: tuple[ModelInMemory, ...] | None = None
    default_model: DefaultModel | None = None


class PreloadRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The body of `POST /preload`; with `wait` false the answer is a 202, sent at once.

    Without `model` it is the one that answers for Claude's names.
    With `folder`, the folder in which a session is about to begin, the model also reads the
    prefix of the last session there. `prints`: the session is `claude -p`. `continues`: it goes
    on with an earlier session, and nothing is read ahead.
    """

    model: str | None = None
    wait: bool = True
    folder: str = ""
    prints: bool = False
    continues: bool = False


class PreloadResult(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was loaded; `seconds` is null for a request that does not wait."""

    model: str
    context_window: Tokens
    seconds: Seconds | None = None
