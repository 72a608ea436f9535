"""`tool_choice`: which tools are offered, and what is demanded of the answer."""

import re
from dataclasses import dataclass, field
from typing import Any

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Compaction, MessagesRequest
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.config import EVERY_ASSIST, Assist
from cc_proxy.app.translate.request.compaction import summary_instruction
from cc_proxy.app.translate.request.tools import forced
from cc_proxy.app.translate.request.tools.definitions import ToolSet

# The tool that Claude Code declares for --json-schema, and how it reminds a model to call it
# (2.1.197, 2.1.330).
STRUCTURED_OUTPUT = "StructuredOutput"
_REMINDER = re.compile(r"^\[structured-output-enforce\]|^You MUST call the StructuredOutput tool")
# The choices of OpenAI's API; another is the name of a tool.
_ANY, _NONE = "required", "none"
_NO_CALLS = "Answer in words now, without calling a tool."


@dataclass(frozen=True)
class ToolUse:
    """A request's use of tools: the part for Ollama, and the constraints on the answer.

    `choice` is the demand, where the server takes one; else `format` and `instruction` are.
    `dropped` names, for the log, a demand that nobody can meet.
    """

    body: bytes = b""
    choice: str = ""
    format: dict[str, Any] = field(default_factory=dict)
    instruction: str = ""
    must_call: frozenset[str] = frozenset()
    may_call: bool = True
    dropped: str = ""
    is_reminded: bool = False


def tool_use(
    request: MessagesRequest,
    tools: ToolSet,
    model: ModelInfo,
    *,
    assist: Assist = EVERY_ASSIST,
    takes_choice: bool = False,
) -> ToolUse:
    """Decide how the tools of a request are used.

    `takes_choice`: the server takes a demand for a call as such, and needs no format for it.
    A reminder of Claude Code's that demands the structured output counts as a demand for that tool.

    Raises:
        ApiError: 400 when the choice names no declared tool, or the model cannot use tools.

    """
    choice = request.tool_choice.type if request.tool_choice else "auto"
    if choice not in ("auto", "any", "tool", "none"):
        raise invalid_request(
            f"tool_choice.type: expected auto, any, tool or none, found {choice!r}.",
            quotes=(repr(choice),),
        )
    named = request.tool_choice.name if request.tool_choice and choice == "tool" else None
    if named in tools.left_out:
        raise invalid_request(
            f"tool_choice.name: expected a tool that the client runs, found {named!r}, which has no"
            " input_schema: a server would have to run it.",
            quotes=(repr(named),),
        )
    if not tools.body:
        if choice == "any" and tools.left_out:
            return ToolUse(dropped="tool_choice any (none of the tools can run here)")
        if choice in ("any", "tool"):
            raise invalid_request(f"tool_choice {choice} demands a tool, and none is declared.")
        return ToolUse()
    if choice == "none" and not _has_begun(request):
        return ToolUse()
    if model.capabilities and not model.can("tools"):
        raise invalid_request(
            f"The model {model.name} cannot use tools, and Claude Code needs them. Choose a model"
            " that `ollama show` lists with the capability `tools`."
        )
    if choice == "none":
        # Tools are at the front of the prompt: without them all of it would be read again.
        no_calls = _NONE if takes_choice else ""
        return ToolUse(body=tools.body, choice=no_calls, instruction=_NO_CALLS, may_call=False)
    reminded = choice == "auto" and assist.structured_output and _is_reminder(request, tools)
    if choice == "auto" and not reminded:
        return ToolUse(body=tools.body)
    names = [STRUCTURED_OUTPUT] if reminded else _demanded(request, tools)
    return _demand(names, tools, is_reminded=reminded, takes_choice=takes_choice)


def _demand(names: list[str], tools: ToolSet, *, is_reminded: bool, takes_choice: bool) -> ToolUse:
    """Demand a call of one of the tools, in the way that the server understands."""
    must_call = frozenset(names)
    if takes_choice:
        choice = names[0] if len(names) == 1 else _ANY
        return ToolUse(body=tools.body, choice=choice, must_call=must_call, is_reminded=is_reminded)
    return ToolUse(
        is_reminded=is_reminded,
        body=tools.body,
        format=forced.schema((name, tools.schemas[name]) for name in names),
        instruction=forced.instruction(names),
        must_call=must_call,
    )


def summary_use(
    compaction: Compaction, tools: ToolSet, model: ModelInfo, *, takes_choice: bool = False
) -> ToolUse:
    """Decide how the tools of a request are used that asks for a summary.

    They stay in front, where the model has read them, and none may be called.

    Raises:
        ApiError: 400 for another type of compaction than summarize.

    """
    can_have_tools = model.can("tools") or not model.capabilities
    return ToolUse(
        body=tools.body if can_have_tools else b"",
        choice=_NONE if takes_choice else "",
        instruction=summary_instruction(compaction),
        may_call=False,
    )


def _has_begun(request: MessagesRequest) -> bool:
    return any(message.role == "assistant" for message in request.messages)


def _is_reminder(request: MessagesRequest, tools: ToolSet) -> bool:
    """Tell whether the last turn is the reminder that follows an answer without the output."""
    last = request.messages[-1]
    if STRUCTURED_OUTPUT not in tools.schemas or last.role != "user":
        return False
    blocks = [last.content] if isinstance(last.content, str) else [b.text for b in last.content]
    return any(_REMINDER.search(text) for text in blocks if text)


def _demanded(request: MessagesRequest, tools: ToolSet) -> list[str]:
    choice = request.tool_choice
    if choice is None or choice.type == "any":
        # A stub is not loaded, or is one of many.
        names = [name for name in tools.schemas if name not in tools.stubs]
        if not names:
            raise invalid_request("tool_choice any demands a tool, and none is offered.")
        return names
    if choice.name not in tools.schemas:
        raise invalid_request(
            f"tool_choice.name: expected one of {', '.join(tools.schemas)}, found {choice.name!r}.",
            quotes=(repr(choice.name),),
        )
    return [choice.name]
