"""The answer of `GET /activity`: the sessions and requests of this moment.

The proxy encodes these structs; `top`, `statusline` and `status` decode them, and the page of
`cc-proxy ui` reads them. As in `wire`, a field that a later version added has a default.
"""

from typing import Literal

import msgspec

from cc_proxy.app.control.wire import (
    LastError,
    ModelInMemory,
    Seconds,
    Time,
    Tokens,
    TokensPerSecond,
)

RequestState = Literal[
    "preparing", "waiting", "loading", "reading", "writing", "done", "failed", "cancelled"
]
SessionState = Literal[
    "preparing", "waiting", "loading", "reading", "writing", "tool_call", "idle", "failed"
]


class ActivityRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request: one that runs, or one of the latest that ended.

    `request_class` is Claude Code's name for it, `other` for another client; `read_ahead` and
    `filler` are texts that the model reads for nobody yet, and in no total. `key` is the name of
    its key, empty for the proxy's own. `waiting_behind` has
    the requests that the model answers first. Until the end, the tokens of the prompt and what of
    it was reused are estimates, and so are `tokens_read` (of `tokens_to_read`) and `seconds_left`;
    null where they are not known. `seconds` is since it came, or what it took; `seconds_ago` is
    since it came, for one that has ended as well. It waited (for its turn, or while the model was
    loaded), then the model read, then it wrote: null for what has not begun. `stop_reason` is that
    of the answer. `notes` say what was repaired, dropped, refused or went wrong, as the log does;
    `assists` is the help that the model got, by the keys of `assist`.
    """

    id: str
    state: RequestState
    request_class: str
    key: str = ""
    session: str = ""
    is_subagent: bool = False
    model: str = ""
    seconds: Seconds = 0.0
    waiting_behind: tuple[str, ...] = ()
    prompt_tokens: Tokens | None = None
    reused_tokens: Tokens | None = None
    tokens_to_read: Tokens | None = None
    tokens_read: Tokens | None = None
    seconds_left: Seconds | None = None
    tokens_written: Tokens = 0
    tokens_read_per_second: TokensPerSecond | None = None
    tokens_written_per_second: TokensPerSecond | None = None
    seconds_ago: Seconds = 0.0
    waiting_seconds: Seconds | None = None
    reading_seconds: Seconds | None = None
    writing_seconds: Seconds | None = None
    stop_reason: str | None = None
    calls: int = 0
    calls_rescued: int = 0
    calls_repaired: int = 0
    assists: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ActivitySession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of Claude Code, with the state of its conversation.

    `tool_call`: the model made calls, and Claude Code runs them. `window_used` are the tokens of
    the latest turn, its prompt and its answer; `compacts_at` is where Claude Code compacts, null if
    that is not known; `last_…` is that turn's prompt, and how much of it
    was reused. The totals include subagents and side requests; `subagents` are those that run.
    """

    id: str
    state: SessionState
    key: str = ""
    folder: str = ""
    model: str = ""
    request: str = ""
    window: Tokens = 0
    window_used: Tokens = 0
    compacts_at: Tokens | None = None
    last_prompt_tokens: Tokens | None = None
    last_reused_tokens: Tokens | None = None
    requests: int = 0
    subagents: int = 0
    tokens_read: Tokens = 0
    tokens_reused: Tokens = 0
    tokens_written: Tokens = 0
    tokens_read_per_second: TokensPerSecond | None = None
    tokens_written_per_second: TokensPerSecond | None = None
    idle_seconds: Seconds = 0.0


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy's activity: requests (running ones first), sessions, last errors.

    `states` counts the requests that run by their state; `queued` of them wait because Ollama
    takes no more. `ended` counts those that have ended since the start. `loaded_models` is null
    with `?upstream=0`, and where Ollama does not answer.
    """

    at: Time
    uptime_seconds: Seconds
    states: dict[str, int] = {}
    queued: int = 0
    ended: int = 0
    requests: tuple[ActivityRequest, ...] = ()
    sessions: tuple[ActivitySession, ...] = ()
    errors: tuple[LastError, ...] = ()
    loaded_models: tuple[ModelInMemory, ...] | None = None
