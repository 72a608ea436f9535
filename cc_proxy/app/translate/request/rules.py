"""A request's demands on its answer that the server cannot enforce."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from cc_proxy.app.config import EVERY_ASSIST, Assist
from cc_proxy.app.translate.request.tools.changes import ToolChange
from cc_proxy.app.translate.rescue import NOTHING_READ, ReadText


class Purpose(Enum):
    """The purpose of a request: an answer, a summary of the conversation, or only to read."""

    ANSWER = auto()
    COMPACTION = auto()
    PREFILL = auto()


class ThinkingCounts(Enum):
    """The token count in deltas of thinking: none, null, or a number."""

    ABSENT = auto()
    NULL = auto()
    COUNTED = auto()


@dataclass(frozen=True)
class AnswerRules:
    """Kept by the answer's stream.

    `tools` are the declared ones, with the schemas of their arguments; `stubs` are those of them
    whose schema the model does not see in front. `stop_sequences` end the answer; `must_call` names
    the tools of which one has to be called (the model was made to write the call as JSON);
    `may_call` False drops calls, and `one_call` all calls but the first.
    `caches_all`: what was read counts as written to the cache. `assist` is the help that the model
    gets; `after_error`: it answers the error of a tool. `read` is what the model has read,
    `call_formats` are the formats of its own calls.
    `tool_changes` is told with a summary. `server` is the name for people of who answers, and
    `drops_output` True if it may drop what its parser cannot read.
    """

    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stubs: frozenset[str] = frozenset()
    stop_sequences: tuple[str, ...] = ()
    must_call: frozenset[str] = frozenset()
    may_call: bool = True
    one_call: bool = False
    caches_all: bool = False
    assist: Assist = EVERY_ASSIST
    after_error: bool = False
    purpose: Purpose = Purpose.ANSWER
    read: ReadText = field(default=NOTHING_READ, compare=False)
    call_formats: frozenset[str] = frozenset()
    tool_changes: tuple[ToolChange, ...] = ()
    thinking_counts: ThinkingCounts = ThinkingCounts.ABSENT
    server: str = "Ollama"
    drops_output: bool = True


FREE = AnswerRules()
