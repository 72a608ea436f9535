"""A Messages API request, as a request to a model."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Message, MessagesRequest
from cc_proxy.app.chat.messages import ChatMessage, ChatRequest
from cc_proxy.app.chat.target import Target, ThinkingForm
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.prompt.tokens import digits_of
from cc_proxy.app.translate.prompt.turns import Recall, nothing
from cc_proxy.app.translate.request.call_ids import with_short_ids
from cc_proxy.app.translate.request.content import ContentReader
from cc_proxy.app.translate.request.conversation import append_text, conversation
from cc_proxy.app.translate.request.kept_thinking import with_kept_thinking
from cc_proxy.app.translate.request.repetition import note_repeated_calls, repeated_calls
from cc_proxy.app.translate.request.rules import AnswerRules, Purpose, ThinkingCounts
from cc_proxy.app.translate.request.system import system_text
from cc_proxy.app.translate.request.thinking import think_value
from cc_proxy.app.translate.request.tools.changes import tool_changes, with_definitions
from cc_proxy.app.translate.request.tools.choice import summary_use, tool_use
from cc_proxy.app.translate.request.tools.deferred import announced, found_tools
from cc_proxy.app.translate.request.tools.definitions import ToolSet, tool_set, without
from cc_proxy.app.translate.rescue import ReadText

# Each answer is searched for them; a client has some tens of characters.
MAX_STOP_CHARS = 8192


@dataclass(frozen=True)
class TranslatedRequest:
    """The request for the model and its prompt, and what the answer must keep to.

    `dropped` names what was left out on purpose, with how often; `notes` what is worth a line
    in the log; `assists` is the help that the model gets with this request.
    """

    request: ChatRequest
    prompt: Prompt
    dropped: dict[str, int]
    rules: AnswerRules
    notes: tuple[str, ...] = ()
    assists: tuple[str, ...] = ()


def chat_request(
    request: MessagesRequest,
    target: Target,
    recall: Recall = nothing,
    thinking_counts: ThinkingCounts = ThinkingCounts.ABSENT,
) -> TranslatedRequest:
    """Translate a request for a target. The same input always gives the same request.

    `recall` gives back assistant turns as the model wrote them. `thinking_counts` says what the
    answer reports the tokens of its thinking.

    Raises:
        ApiError: 400 for what the API forbids, or what the model cannot do.

    """
    if not request.messages:
        raise invalid_request("messages: expected at least one message, found none.")
    changes = tool_changes(request.messages)
    tools = tool_set(
        with_definitions(bytes(request.tools), changes),
        found_tools(request.messages),
        announced(request.messages),
    )
    tools = without(tools, frozenset(change.name for change in changes if not change.is_offered))
    reader = ContentReader(vision=target.model.can("vision"), definitions=tools.definitions)
    for name in tools.left_out:
        reader.drop(f"tool {name} (it has no input_schema: a server would have to run it)")
    takes_choice = target.takes_tool_choice
    use = (
        summary_use(request.compaction, tools, target.model, takes_choice=takes_choice)
        if request.compaction
        else tool_use(request, tools, target.model, assist=target.assist, takes_choice=takes_choice)
    )
    if use.dropped:
        reader.drop(use.dropped)
    system = system_text(bytes(request.system))
    schema = _format(request)
    if schema is not None and use.body and not use.must_call:
        # In front, where it stays the same from turn to turn.
        reader.drop("output_config.format (said in words: tools are offered)")
        system = "\n\n".join(filter(None, [system, _said_format(schema)]))
    messages = conversation(system, request.messages, reader, recall)
    assists = []
    if target.assist.repeated_call and note_repeated_calls(messages, tools.schemas):
        assists.append("repeated_call")
    if use.is_reminded:
        assists.append("structured_output")
    if use.instruction:
        append_text(messages, use.instruction)
    think = think_value(
        request, target.model, must_call=bool(use.must_call), configured=target.settings.think
    )
    thinks = bool(think)
    form = target.forms.get(thinks, ThinkingForm.FIELD)
    made = ChatRequest(
        model=target.model.name,
        messages=with_short_ids(with_kept_thinking(messages, form, thinks=thinks)),
        tools=msgspec.Raw(use.body) if use.body else UNSET,
        think=think,
        format=use.format or (UNSET if schema is None or use.body else schema),
        max_tokens=_max_tokens(request, target.window),
        temperature=_or_unset(request.temperature),
        top_p=_or_unset(request.top_p),
        top_k=UNSET if request.top_k is None else int(request.top_k),
        tool_choice=use.choice or UNSET,
    )
    rules = AnswerRules(
        tools=tools.schemas if use.body else {},
        stubs=tools.stubs,
        stop_sequences=_stop_sequences(request),
        must_call=use.must_call,
        may_call=use.may_call,
        one_call=bool(request.tool_choice and request.tool_choice.disable_parallel_tool_use),
        caches_all=request.caches_all,
        assist=target.assist,
        after_error=_is_after_error(request.messages),
        purpose=_purpose(request),
        read=ReadText(lambda: _read_by_model(messages)),
        call_formats=target.model.call_formats,
        tool_changes=changes,
        thinking_counts=thinking_counts,
        server=target.server,
        drops_output=target.drops_output,
    )
    return TranslatedRequest(
        request=made,
        prompt=Prompt(
            target.model.name,
            use.body,
            messages,
            digits_of(target.model.tokenizer),
            target.model.json_indent,
        ),
        dropped=reader.dropped,
        rules=rules,
        assists=tuple(assists),
        notes=(*repeated_calls(messages, tools.schemas), *_loaded_late(request.messages, tools)),
    )


def _read_by_model(messages: list[ChatMessage]) -> Iterator[str]:
    """Yield what the model did not write: the person's words, files, results of tools."""
    for message in messages:
        if message.role in {"user", "tool"} and isinstance(message.content, str):
            yield message.content


def _loaded_late(messages: list[Message], tools: ToolSet) -> tuple[str, ...]:
    """Say of tools that were just found, and not named at the start, that they change the front."""
    latest = takewhile(lambda message: message.role != "assistant", reversed(messages))
    names = sorted(tools.late.intersection(found_tools(latest)))
    if not names:
        return ()
    note = (
        "declared in front, so the model reads the conversation again: not announced at its start"
    )
    return (f"loaded {', '.join(names)}: {note}",)


def _purpose(request: MessagesRequest) -> Purpose:
    if request.compaction is not None:
        return Purpose.COMPACTION
    return Purpose.PREFILL if request.max_tokens == 0 else Purpose.ANSWER


def _is_after_error(messages: list[Message]) -> bool:
    content = messages[-1].content
    return not isinstance(content, str) and any(block.is_error for block in content)


def _stop_sequences(request: MessagesRequest) -> tuple[str, ...]:
    sequences = tuple(request.stop_sequences or ())
    if (chars := sum(map(len, sequences))) > MAX_STOP_CHARS:
        raise invalid_request(
            f"stop_sequences: expected at most {MAX_STOP_CHARS} characters in all, found {chars}."
        )
    return sequences


def _format(request: MessagesRequest) -> dict[str, Any] | None:
    wanted = request.output_config.format if request.output_config else None
    if wanted is None or request.compaction is not None:
        return None
    schema = wanted.get("schema")
    if not isinstance(schema, dict):
        raise invalid_request("output_config.format: expected a JSON schema in `schema`.")
    return schema


def _said_format(schema: dict[str, Any]) -> str:
    """Say a schema in words: with tools, `format` would suppress every call (recording 21d)."""
    text = msgspec.json.encode(schema).decode()
    return (
        "When you answer in words and not with a tool call, answer with only a JSON object that"
        f" fits this JSON schema: {text}"
    )


def _max_tokens(request: MessagesRequest, window: int) -> int | UnsetType:
    if request.max_tokens is None:
        return UNSET
    # 0 would mean no limit to Ollama.
    return max(1, min(int(request.max_tokens), window))


def _or_unset(value: float | None) -> float | UnsetType:
    return UNSET if value is None else value
