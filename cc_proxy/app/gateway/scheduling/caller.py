"""Who asks: what Claude Code says of a request beside its body."""

from collections.abc import Mapping
from dataclasses import dataclass

from cc_proxy.app.anthropic.requests import MessagesRequest

_SESSION = "X-Claude-Code-Session-Id"
SUBAGENT = "x-claude-code-agent-id"
_NO_TOOLS = (b"", b"null", b"[]")


@dataclass(frozen=True)
class Caller:
    """The session of a request, `` when it names none; `side`: nobody sits and waits for it."""

    session: str = ""
    side: bool = False


def caller(headers: Mapping[str, str], asked: MessagesRequest, *, only_searches: bool) -> Caller:
    """Return who asks.

    A session's main conversation always offers its tools (Claude Code 2.1). Side requests are
    those of a subagent, which has a header of its own, those without any tool (titles, summaries
    of pages), and those that offer nothing but the web search. Another client's are all equal.
    """
    session = headers.get(_SESSION, "")
    if not session:
        return Caller()
    plain = bytes(asked.tools) in _NO_TOOLS
    return Caller(session, side=SUBAGENT in headers or plain or only_searches)
