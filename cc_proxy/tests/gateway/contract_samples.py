"""A request for each row of the contract: one with the name, and one without it."""

import base64
from typing import Any, NamedTuple

Json = dict[str, Any]

# What a carried name brings to the model; in base64 it stands for an image.
MARK = "TUFSSw=="
SCHEMA: Json = {"type": "object", "properties": {}}
READ: Json = {"name": "Read", "input_schema": SCHEMA}


class Sample(NamedTuple):
    """The fields of two requests that differ only in the name that is played."""

    without: Json
    with_it: Json


def field(value: Any, **beside: Any) -> tuple[Any, Json]:
    return value, beside


def user(*blocks: Any) -> Json:
    return {"role": "user", "content": list(blocks) or "hi"}


def assistant(*blocks: Any) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def system(*blocks: Any, **more: Any) -> Json:
    return {"role": "system", "content": list(blocks), **more}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


FIELDS: dict[str, tuple[Any, Json]] = {
    "billing_policy": field({"type": "billing_policy", "bill_to": "self"}),
    "cache_control": field({"type": "ephemeral"}),
    "compaction": field({"type": "summarize"}),
    "container": field("container_1"),
    "context_management": field({"edits": []}),
    "diagnostics": field({"previous_message_id": None}),
    "fallback_credit_token": field("token"),
    "fallbacks": field("default"),
    "inference_geo": field("eu"),
    "max_tokens": field(7),
    "mcp_servers": field([]),
    "messages": field([user(text("other words"))]),
    "metadata": field({"user_id": "u"}),
    "model": field("another"),
    "output_config": field({"format": {"type": "json_schema", "schema": SCHEMA}}),
    "safeguards": field([]),
    "service_tier": field("auto"),
    "speed": field("fast"),
    "stop_sequences": field(["lo"]),
    "stream": field(value=True),
    "system": field("Be kind."),
    "temperature": field(0.25),
    "thinking": field({"type": "adaptive"}),
    "thread": field({"type": "create"}),
    "tool_choice": field({"type": "any"}, tools=[READ]),
    "tools": field([READ]),
    "top_k": field(3),
    "top_p": field(0.5),
}

_CLEARED = [user(), system(text("x")), assistant(text("y")), user()]
_EFFORT = {"output_config": {"effort": "high"}}
TURNS: dict[str, tuple[list[Json], list[Json]]] = {
    "clear_at": (
        _CLEARED,
        [user(), _CLEARED[1] | {"clear_at": "next_user_message"}, *_CLEARED[2:]],
    ),
    "content": ([user()], [user(text(MARK))]),
    "output_config": ([user(), system()], [user(), system() | _EFFORT]),
    "role": ([user(), user(text("so"))], [user(), system(text("so"))]),
}


def _in_user(block: Json) -> tuple[list[Json], list[Json]]:
    return [user(text("a"))], [user(text("a"), block)]


def _in_answer(block: Json) -> tuple[list[Json], list[Json]]:
    return [user(), assistant(text("a")), user()], [user(), assistant(block, text("a")), user()]


def _in_result(block: Json) -> tuple[list[Json], list[Json]]:
    call = {"type": "tool_use", "id": "t", "name": "Read", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [text("a")]}
    with_it = result | {"content": [text("a"), block]}
    return (
        [user(), assistant(call), user(result)],
        [user(), assistant(call), user(with_it)],
    )


def _in_system(block: Json) -> tuple[list[Json], list[Json]]:
    return [user(), assistant(text("a")), user(), system(text("b"))], [
        *(user(), assistant(text("a")), user()),
        system(text("b"), block),
    ]


def _of_server(kind: str, content: Any) -> tuple[list[Json], list[Json]]:
    use = {"type": "server_tool_use", "id": "s", "name": "any", "input": {}}
    result = {"type": kind, "tool_use_id": "s", "content": content}
    return [user(), assistant(use, text("a")), user()], [
        *(user(), assistant(use, result, text("a")), user()),
    ]


def _tool_reference(kind: str, name: str) -> Json:
    return {"type": kind, "tool": {"type": "tool_reference", "name": name}}


_RAN = {"stdout": MARK, "stderr": "", "return_code": 0, "content": []}
_PAGE = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": MARK}}
_SEARCHED = {
    "type": "web_search_result",
    "title": MARK,
    "url": "https://a.example",
    "encrypted_content": "",
}
_LOADED = {"type": "tool_reference", "tool_name": MARK.strip("=")}
_IMAGE = {"type": "base64", "media_type": "image/png", "data": MARK}
_CALLED = {"id": "t1", "name": MARK.strip("="), "input": {}}
BLOCKS: dict[str, tuple[list[Json], list[Json]]] = {
    "advisor_tool_result": _of_server(
        "advisor_tool_result", {"type": "advisor_result", "text": MARK}
    ),
    "bash_code_execution_tool_result": _of_server(
        "bash_code_execution_tool_result", _RAN | {"type": "bash_code_execution_result"}
    ),
    "browser_state": _in_result({"type": "browser_state", "tabs": []}),
    "code_execution_tool_result": _of_server(
        "code_execution_tool_result", _RAN | {"type": "code_execution_result"}
    ),
    "compaction": _in_answer({"type": "compaction", "content": MARK}),
    "container_upload": _in_user({"type": "container_upload", "file_id": "f"}),
    "document": _in_user(_PAGE),
    "fallback": _in_answer({"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}),
    "image": _in_user({"type": "image", "source": _IMAGE}),
    "mcp_tool_listing": _in_answer(
        {"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": []}
    ),
    "mcp_tool_result": _of_server("mcp_tool_result", [text(MARK)]),
    "mcp_tool_use": _in_answer({"type": "mcp_tool_use", "server_name": "s", **_CALLED}),
    "redacted_thinking": _in_answer({"type": "redacted_thinking", "data": "x"}),
    "search_result": _in_user(
        {"type": "search_result", "title": "t", "source": "s", "content": [text(MARK)]}
    ),
    "server_tool_use": _in_answer({"type": "server_tool_use", **_CALLED}),
    "text": _in_user(text(MARK)),
    "text_editor_code_execution_tool_result": _of_server(
        "text_editor_code_execution_tool_result",
        {"type": "text_editor_code_execution_view_result", "file_type": "text", "content": MARK},
    ),
    "thinking": _in_answer({"type": "thinking", "thinking": MARK, "signature": "s"}),
    "tool_addition": _in_system(_tool_reference("tool_addition", MARK)),
    "tool_reference": _in_result(_LOADED),
    "tool_removal": _in_system(_tool_reference("tool_removal", MARK)),
    "tool_result": _in_user({"type": "tool_result", "tool_use_id": "t", "content": MARK}),
    "tool_search_tool_result": _of_server(
        "tool_search_tool_result",
        {"type": "tool_search_tool_search_result", "tool_references": [_LOADED]},
    ),
    "tool_use": _in_answer({"type": "tool_use", **_CALLED}),
    "web_fetch_tool_result": _of_server(
        "web_fetch_tool_result", {"type": "web_fetch_result", "url": "u", "content": _PAGE}
    ),
    "web_search_tool_result": _of_server("web_search_tool_result", [_SEARCHED]),
}


def tool(kind: str) -> Json:
    """Return the declaration of a tool; each type but `custom` has its date or a server in it."""
    if kind == "custom":
        return {"type": kind, **READ}
    if "toolset" in kind:
        return {"type": kind, "mcp_server_name": "s"} if kind == "mcp_toolset" else {"type": kind}
    name = kind.removesuffix(kind[-9:]) if kind[-8:].isdigit() else kind
    return {"type": kind, "name": name}


assert base64.b64decode(MARK) == b"MARK"
