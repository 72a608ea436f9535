"""Prompts of the families for which Ollama has a renderer in place of a template, in outline.

What they do to old thinking is what matters here (Ollama 0.33, `model/renderers`): they leave it
out before the person's latest message, so the next prompt begins otherwise than the one before it.
"""

import json
from collections.abc import Callable, Sequence

from cc_proxy.app.practice.requests.decoding import ApiCall, ApiMessage

Renderer = Callable[[Sequence[ApiMessage], bool], str]

_START, _END = "<|im_start|>", "<|im_end|>\n"
_OPEN, _CLOSE = "<think>", "</think>"
_CHANNEL, _CHANNEL_END = "<|channel>", "<channel|>"


def qwen(messages: Sequence[ApiMessage], think: bool) -> str:  # noqa: FBT001 - a field of the wire
    """Render as `qwen3.5` does: thinking from the latest question on, in tags."""
    last = _last_question(messages)
    parts = []
    for number, message in enumerate(messages):
        content = message.content.strip()
        match message.role:
            case "assistant":
                shows = think and number > last
                thinking, content = _split(content, message.thinking if shows else "")
                block = f"{_OPEN}\n{thinking}\n{_CLOSE}\n\n" if shows else ""
                calls = "".join(map(_call, message.calls))
                space = "\n\n" if calls and content.strip() else ""
                parts.append(f"{_START}assistant\n{block}{content}{space}{calls}{_END}")
            case "tool":
                parts.append(f"{_START}user\n<tool_response>\n{content}\n</tool_response>{_END}")
            case role:
                parts.append(f"{_START}{role}\n{content}{_END}")
    opener = f"{_OPEN}\n" if think else f"{_OPEN}\n\n{_CLOSE}\n\n"
    return "".join(parts) + f"{_START}assistant\n{opener}"


def nemotron(messages: Sequence[ApiMessage], think: bool) -> str:  # noqa: FBT001 - as above
    """Render as `nemotron-3-nano` does: an empty block in place of old thinking."""
    last = _last_user(messages)
    parts = []
    for number, message in enumerate(messages):
        content = message.content
        if message.role == "assistant":
            if message.thinking:
                content = f"{_OPEN}\n{message.thinking}\n{_CLOSE}\n{content}"
            elif _OPEN not in content and _CLOSE not in content:
                content = f"{_OPEN}{_CLOSE}{content}"
            if number < last and _CLOSE in content:
                content = f"{_OPEN}{_CLOSE}" + content.rpartition(_CLOSE)[2].strip()
            calls = "".join(f"\n{_call(call)}" for call in message.calls)
            parts.append(f"{_START}assistant\n{content.strip()}{calls}{_END}")
        elif message.role == "tool":
            parts.append(f"{_START}user\n<tool_response>\n{content}\n</tool_response>\n{_END}")
        else:
            parts.append(f"{_START}{message.role}\n{content.strip()}{_END}")
    opener = f"{_OPEN}\n" if think else f"{_OPEN}{_CLOSE}"
    return "".join(parts) + f"{_START}assistant\n{opener}"


def gemma(messages: Sequence[ApiMessage], think: bool) -> str:  # noqa: FBT001 - as above
    """Render as `gemma4` does: one turn of the model from a question to the next."""
    last = _last_user(messages)
    spoken = [n for n, message in enumerate(messages) if message.role != "tool"]
    parts = ["<bos>"]
    ends_with_result = False
    for number, message in enumerate(messages):
        if message.role == "tool":
            continue
        place = spoken.index(number)
        before = messages[spoken[place - 1]].role if place else ""
        after = messages[spoken[place + 1]].role if place + 1 < len(spoken) else ""
        is_model = message.role == "assistant"
        if not (is_model and before == "assistant"):
            parts.append(f"<|turn>{'model' if is_model else message.role}\n")
        if is_model and message.thinking and number > last:
            parts.append(f"{_CHANNEL}thought\n{message.thinking}\n{_CHANNEL_END}")
        results = _results_after(messages, number) if message.calls else []
        parts += [
            f"<|tool_call>call:{call.name}{json.dumps(call.arguments)}" for call in message.calls
        ]
        parts += [f"<|tool_response>{result.content}<tool_response|>" for result in results]
        content = _without_channels(message.content) if is_model else message.content.strip()
        parts.append(content)
        ends_with_result = bool(results)
        goes_on = is_model and after == "assistant"
        if not goes_on and not (results and not content and not after):
            parts.append("<turn|>\n")
    if not ends_with_result:
        parts.append("<|turn>model\n")
    elif think:
        parts.append(f"{_CHANNEL}thought\n")
    return "".join(parts)


RENDERERS: dict[str, Renderer] = {"qwen3.5": qwen, "nemotron-3-nano": nemotron, "gemma4": gemma}


def _last_user(messages: Sequence[ApiMessage]) -> int:
    return max((n for n, message in enumerate(messages) if message.role == "user"), default=-1)


def _last_question(messages: Sequence[ApiMessage]) -> int:
    for number in range(len(messages) - 1, -1, -1):
        content = messages[number].content.strip()
        is_result = content.startswith("<tool_response>") and content.endswith("</tool_response>")
        if messages[number].role == "user" and not is_result:
            return number
    return len(messages) - 1


def _split(content: str, thinking: str) -> tuple[str, str]:
    if thinking:
        return thinking.strip(), content
    before, close, rest = content.partition(_CLOSE)
    if not close:
        return "", content
    return before.rpartition(_OPEN)[2].strip(), rest.lstrip("\n")


def _without_channels(text: str) -> str:
    kept = []
    while _CHANNEL in text:
        before, _, rest = text.partition(_CHANNEL)
        kept.append(before)
        if _CHANNEL_END not in rest:
            return "".join(kept).strip()
        text = rest.partition(_CHANNEL_END)[2]
    return ("".join(kept) + text).strip()


def _results_after(messages: Sequence[ApiMessage], number: int) -> list[ApiMessage]:
    results = []
    for message in messages[number + 1 :]:
        if message.role != "tool":
            break
        results.append(message)
    return results


def _call(call: ApiCall) -> str:
    lines = "".join(
        f"<parameter={name}>\n{value}\n</parameter>\n" for name, value in call.arguments.items()
    )
    return f"<tool_call>\n<function={call.name}>\n{lines}</function>\n</tool_call>"
