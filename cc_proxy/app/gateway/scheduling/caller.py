"""The caller of a request and its purpose, from Claude Code's headers.

With `CLAUDE_CODE_GATEWAY_HINT_HEADERS=1` Claude Code 2.1.332 says it in headers. Seen on the wire,
the class and what it waits for (2.1.197 sends none of the two):

| request | x-claude-code-request-class | x-claude-1p-request-class |
|---|---|---|
| the conversation, interactive and with -p | main | main |
| a subagent, in the background too | subagent | blocking-subagent |
| /compact | compaction | main |
| the search of WebSearch, /btw, /rename | auxiliary | main |
| the title of a session | auxiliary | summary-extraction |
| count_tokens | auxiliary | not sent |

A subagent also has x-claude-code-agent-id (in both versions) and x-claude-code-agent-type
(general-purpose, custom). A compaction has x-claude-code-compaction: manual. Read in the client and
not seen: the class workflow, and background-task and followup-generation in the other header.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from cc_proxy.app.anthropic.requests import MessagesRequest

SESSION = "X-Claude-Code-Session-Id"
SUBAGENT = "x-claude-code-agent-id"
_CLASS = "x-claude-code-request-class"
_WAITS = "x-claude-1p-request-class"
# `claude-cli/2.1.332 (external, sdk-cli)` is `claude -p`; the interactive client says `cli`.
_PRINTS = ", sdk-cli)"
_TITLE = "summary-extraction"
# Both stages of auto mode's safety check begin so in 2.1.332.
_MONITOR = b"security monitor for autonomous AI coding agents"
_ON_THE_SIDE = "on the side"
# Ids are kept for as long as a session may go on: a UUID has 36 characters.
MAX_ID = 200
_NO_TOOLS = (b"", b"null", b"[]")


class RequestClass(Enum):
    """The part of a session that a request is of, under Claude Code's own names."""

    MAIN = "main"
    SUBAGENT = "subagent"
    WORKFLOW = "workflow"
    COMPACTION = "compaction"
    AUXILIARY = "auxiliary"


class SmallTask(Enum):
    """The small task that a request is, where that is known."""

    TITLE = "title"
    WEB_SEARCH = "web_search"
    AUTO_MODE = "auto_mode"


class Priority(IntEnum):
    """The order in which requests get their turn: what a person waits for comes first."""

    PERSON = 0
    SUBAGENT = 1
    BACKGROUND = 2


_CLASSES = {kind.value: kind for kind in RequestClass}
_CONVERSATION = (RequestClass.MAIN, RequestClass.COMPACTION)
_PRIORITIES = {
    "main": Priority.PERSON,
    "blocking-subagent": Priority.SUBAGENT,
    "background-task": Priority.BACKGROUND,
    "summary-extraction": Priority.BACKGROUND,
    "followup-generation": Priority.BACKGROUND,
}


@dataclass(frozen=True)
class Caller:
    """The session of a request, `` when it names none, and the class; None for another client.

    `is_small`: it offers none of the client's tools; `task` is the one that it then is.
    `agent` is the subagent that asks, `` for the session itself; `prints` the session of
    `claude -p`, which ends with its answer.
    """

    session: str = ""
    kind: RequestClass | None = None
    priority: Priority = Priority.PERSON
    agent: str = ""
    prints: bool = False
    is_small: bool = False
    task: SmallTask | None = None

    @property
    def side(self) -> bool:
        """Return whether the request is no turn of the session's own conversation."""
        return self.kind not in (None, *_CONVERSATION)

    @property
    def conversation(self) -> str:
        """The conversation that the request continues: the session's, a subagent's, or none.

        Small tasks on the side are all one: each is new, and none needs what was read before.
        """
        if not self.session:
            return ""
        if self.agent or not self.side:
            return f"{self.session}/{self.agent}"
        return _ON_THE_SIDE

    @property
    def ends_with_answer(self) -> bool:
        """Return whether nothing follows an answer without a tool call."""
        return self.prints or bool(self.agent)


def caller(headers: Mapping[str, str], asked: MessagesRequest, *, only_searches: bool) -> Caller:
    """Return who asks.

    Without the header of its class, a request of Claude Code's has the class that its other headers
    and its tools show: a session's main conversation always offers its tools (2.1), those without
    any are titles and summaries of pages, and those that offer nothing but the web search are
    searches. Another client's requests are all equal.
    """
    session = headers.get(SESSION, "")[:MAX_ID]
    prints = _PRINTS in headers.get("User-Agent", "")
    if not session:
        return Caller(prints=prints)
    agent = headers.get(SUBAGENT, "")[:MAX_ID]
    kind = _CLASSES.get(headers.get(_CLASS, ""))
    is_small = bytes(asked.tools) in _NO_TOOLS or only_searches
    if kind is None:
        kind = RequestClass.AUXILIARY if is_small else RequestClass.MAIN
        kind = RequestClass.SUBAGENT if agent else kind
    priority = _PRIORITIES.get(headers.get(_WAITS, ""), _usual_priority(kind))
    task = _task(headers, asked, only_searches=only_searches) if is_small else None
    return Caller(session, kind, priority, agent, prints, is_small, task)


def _task(
    headers: Mapping[str, str], asked: MessagesRequest, *, only_searches: bool
) -> SmallTask | None:
    if only_searches:
        return SmallTask.WEB_SEARCH
    if _MONITOR in bytes(asked.system):
        return SmallTask.AUTO_MODE
    # Both versions ask for a title as JSON.
    has_schema = asked.output_config is not None and asked.output_config.format is not None
    return SmallTask.TITLE if has_schema or headers.get(_WAITS) == _TITLE else None


def _usual_priority(kind: RequestClass) -> Priority:
    if kind in _CONVERSATION:
        return Priority.PERSON
    return Priority.BACKGROUND if kind is RequestClass.AUXILIARY else Priority.SUBAGENT
