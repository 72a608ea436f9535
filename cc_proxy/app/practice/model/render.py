"""From messages to the one text that the model reads.

Ollama renders it by a Go template or by a Jinja one; both shapes here give the bytes that Ollama
0.32 gave for the same requests with `_debug_render_only` (recordings 89f, 92-92d, 95-95c).
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cc_proxy.app.practice.model.models import PracticeModel, Style
from cc_proxy.app.practice.model.renderers import RENDERERS
from cc_proxy.app.practice.requests.decoding import ApiCall, ApiChatRequest, ApiMessage
from cc_proxy.app.practice.requests.tool_schemas import go_function, jinja_tool
from cc_proxy.app.practice.wire import go_json

ASSISTANT = "<|im_start|>assistant\n"
_END = "<|im_end|>\n"
# An image is worth this many bytes of prompt; they are its own, so that another image of the
# same size is another prompt.
_IMAGE_BYTES = 1024


def prompt(request: ApiChatRequest, messages: Sequence[ApiMessage], model: PracticeModel) -> bytes:
    """Return the prompt of a request with `messages` in place of its own."""
    if request.raw:
        text = "".join(message.content for message in messages)
    elif model.renderer:
        text = RENDERERS[model.renderer](messages, request.think is not False)
    elif model.style == "jinja":
        text = _jinja(messages, request)
    else:
        text = _go(messages, request, thinking=model.thinking)
    return text.encode("utf-8", "replace")


def spoken(calls: Iterable[ApiCall], style: Style) -> list[str]:
    """Return what the model says for each of its calls, as the next prompt will hold it."""
    if style == "jinja":
        return [_jinja_call(call) for call in calls]
    lines = [_go_call(call) for call in calls]
    if lines:
        lines[0] = "<tool_call>\n" + lines[0]
        lines[-1] += "</tool_call>"
    return lines


def thought(thinking: str) -> str:
    """Return what the model says for its thinking."""
    return f"<think>{thinking}</think>\n"


def _go(messages: Sequence[ApiMessage], request: ApiChatRequest, *, thinking: bool) -> str:
    # Every system message is hoisted to the front, and neighbours of one role are joined.
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    parts = []
    if system or request.tools:
        tools = "".join(
            f'\n{{"type": "function", "function": {go_function(tool)}}}' for tool in request.tools
        )
        block = f"\n\n# Tools\n<tools>{tools}\n</tools>" if request.tools else ""
        parts.append(f"<|im_start|>system\n{system}{block}{_END}")
    turns = _collated(messages)
    for turn in turns:
        match turn.role:
            case "user":
                parts.append(f"<|im_start|>user\n{_images(turn)}{turn.content}{_END}")
            case "assistant":
                parts.append(ASSISTANT + _go_assistant(turn, thinking=thinking))
                if turn is not turns[-1]:
                    parts.append(_END)
            case "tool":
                parts.append(_tool_result(turn))
    if turns and turns[-1].role != "assistant":
        parts.append(ASSISTANT)
    return "".join(parts)


def _collated(messages: Iterable[ApiMessage]) -> list[ApiMessage]:
    turns: list[ApiMessage] = []
    for message in messages:
        last = turns[-1] if turns else None
        if last is not None and last.role == message.role != "tool":
            # Only the content is joined: the calls of the second one are lost, as in Ollama.
            turns[-1] = replace(
                last,
                content=f"{last.content}\n\n{message.content}",
                images=last.images + message.images,
            )
        else:
            turns.append(message)
    return turns


def _go_assistant(turn: ApiMessage, *, thinking: bool) -> str:
    thoughts = thought(turn.thinking) if thinking and turn.thinking else ""
    return thoughts + turn.content + "".join(spoken(turn.calls, "go"))


def _go_call(call: ApiCall) -> str:
    arguments = go_json(call.arguments, sort_keys=True)
    return f'{{"name": "{call.name}", "arguments": {arguments}}}\n'


def _jinja(messages: Sequence[ApiMessage], request: ApiChatRequest) -> str:
    parts = []
    first = messages[0].content if messages and messages[0].role == "system" else None
    if request.tools:
        before = f"{first}\n\n" if first is not None else ""
        tools = "".join(f"\n{json.dumps(jinja_tool(tool))}" for tool in request.tools)
        parts.append(
            f"<|im_start|>system\n{before}# Tools\n<tools>{tools}\n</tools>\n\n"
            'Return <tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
            f"</tool_call>{_END}"
        )
    elif first is not None:
        parts.append(f"<|im_start|>system\n{first}{_END}")
    for index, message in enumerate(messages):
        match message.role:
            case "system" if index == 0:
                pass
            case "user" | "system":
                text = _images(message) + message.content
                parts.append(f"<|im_start|>{message.role}\n{text}{_END}")
            case "assistant":
                calls = "".join(spoken(message.calls, "jinja"))
                parts.append(f"{ASSISTANT}{message.content}{calls}{_END}")
            case "tool":
                parts.append(_tool_result(message))
    parts.append(ASSISTANT)
    return "".join(parts)


def _jinja_call(call: ApiCall) -> str:
    body = f'{{"name": "{call.name}", "arguments": {json.dumps(call.arguments)}}}'
    return f"\n<tool_call>\n{body}\n</tool_call>"


def _tool_result(message: ApiMessage) -> str:
    content = _images(message) + message.content
    return f"<|im_start|>user\n<tool_response>\n{content}\n</tool_response>{_END}"


def _images(message: ApiMessage) -> str:
    return "".join(f"[img-{_image_text(image)}]" for image in message.images)


def _image_text(image: str) -> str:
    digest = hashlib.sha256(image.encode()).hexdigest()
    return digest * (_IMAGE_BYTES // len(digest))
