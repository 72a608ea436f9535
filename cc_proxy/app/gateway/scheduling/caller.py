"""Who asks: what Claude Code says of a request beside its body."""

from collections.abc import Mapping
from dataclasses import dataclass

from cc_proxy.app.anthropic.requests import MessagesRequest

_SESSION = "X-Claude-Code-Session-Id"
SUBAGENT = "x-claude-code-agent-id"
# `claude-cli/2.1.332 (external, sdk-cli)` is `claude -p`; the interactive client says `cli`.
_PRINTS = ", sdk-cli)"
_NO_TOOLS = (b"", b"null", b"[]")


@dataclass(frozen=True)
class Caller:
    """The session of a request, `` when it names none; `side`: nobody sits and waits for it.

    `agent` is the subagent that asks, `` for the session itself; `prints` the session of
    `claude -p`, which ends with its answer.
    """

    session: str = ""
    side: bool = False
    agent: str = ""
    prints: bool = False

    @property
    def ends_with_answer(self) -> bool:
        """Whether nothing follows an answer without a tool call."""
        return self.prints or bool(self.agent)


def caller(headers: Mapping[str, str], asked: MessagesRequest, *, only_searches: bool) -> Caller:
    """Return who asks.

    A session's main conversation always offers its tools (Claude Code 2.1). Side requests are
    those of a subagent, which has a header of its own, those without any tool (titles, summaries
    of pages), and those that offer nothing but the web search. Another client's are all equal.
    """
    session = headers.get(_SESSION, "")
    prints = _PRINTS in headers.get("User-Agent", "")
    if not session:
        return Caller(prints=prints)
    plain = bytes(asked.tools) in _NO_TOOLS
    agent = headers.get(SUBAGENT, "")
    return Caller(session, bool(agent) or plain or only_searches, agent, prints)
