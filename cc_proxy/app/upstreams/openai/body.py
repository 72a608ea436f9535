"""The body of a request to `/v1/chat/completions`, out and back.

The same request always gives the same bytes. A `session_id` is never among them: to SGLang it is
another thing than a conversation.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ChatRequest, ToolCall

# Behind the results of tools, which cannot have images everywhere.
TOOL_IMAGES = "The images of the tool's result:"
_FORMAT_NAME = "answer"
_LEVELS, _HIGHEST = frozenset({"low", "medium", "high"}), "high"
# Another choice than these is the name of a tool.
_CHOICES = frozenset({"auto", "none", "required"})
# What an image begins with, in base64, and its media type.
_MEDIA_TYPES = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
}
_PNG = "image/png"
_BASE64 = ";base64,"


class _ImageUrl(msgspec.Struct):
    url: str


class _Part(msgspec.Struct, omit_defaults=True):
    type: str
    text: str | UnsetType = UNSET
    image_url: _ImageUrl | UnsetType = UNSET


class _Function(msgspec.Struct):
    name: str
    arguments: str


class _Call(msgspec.Struct):
    id: str
    type: str
    function: _Function


class _Message(msgspec.Struct, omit_defaults=True):
    role: str
    content: str | list[_Part]
    reasoning_content: str = ""
    reasoning: str = ""
    tool_calls: list[_Call] | UnsetType = UNSET
    tool_call_id: str = ""


class _Body(msgspec.Struct, omit_defaults=True, kw_only=True):
    model: str
    messages: list[_Message]
    stream: bool
    stream_options: dict[str, bool] | UnsetType = UNSET
    tools: msgspec.Raw | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    tool_choice: str | dict[str, Any] | UnsetType = UNSET
    response_format: dict[str, Any] | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    repeat_penalty: float | UnsetType = UNSET
    reasoning_effort: str | UnsetType = UNSET
    chat_template_kwargs: dict[str, Any] | UnsetType = UNSET


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Body)


def encode(request: ChatRequest, reasoning_field: str) -> bytes:
    """Return the body that asks for a chat.

    `reasoning_field` is where the server reads the thinking of earlier turns, `reasoning_content`
    or `reasoning`. Empty: nowhere, and it is not asked to think, or not to, either.
    """
    has_tools = request.tools is not UNSET
    body = _Body(
        model=request.model,
        messages=_messages(request.messages, reasoning_field),
        stream=request.stream,
        stream_options={"include_usage": True} if request.stream else UNSET,
        tools=request.tools,
        # llama-server writes one call an answer unless it is told otherwise (October 2026).
        parallel_tool_calls=True if has_tools else UNSET,
        tool_choice=_tool_choice(request.tool_choice) if has_tools else UNSET,
        response_format=_response_format(request.format),
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        repeat_penalty=request.repeat_penalty,
    )
    if reasoning_field:
        _ask_to_think(body, request.think)
    return _encoder.encode(body)


def decode(body: bytes) -> ChatRequest:
    """Return a request that `encode` makes the same body of; its images may be in other turns."""
    found = _decoder.decode(body)
    return ChatRequest(
        model=found.model,
        messages=[_read_message(message) for message in found.messages],
        tools=found.tools,
        stream=found.stream,
        think=_read_think(found),
        format=UNSET if found.response_format is UNSET else _read_schema(found.response_format),
        tool_choice=_read_choice(found.tool_choice),
        max_tokens=found.max_tokens,
        temperature=found.temperature,
        top_p=found.top_p,
        top_k=found.top_k,
        repeat_penalty=found.repeat_penalty,
    )


def with_fields(body: bytes, fields: dict[str, Any]) -> bytes:
    """Return the body with more fields at its end, which it does not have yet."""
    return b"%b,%b" % (body[:-1], _encoder.encode(fields)[1:]) if fields else body


def with_extra_fields(body: bytes, extra: dict[str, Any]) -> bytes:
    """Return the body with the user's own fields, which win over those that are there.

    What is a mapping in both has the names of both.
    """
    if not extra:
        return body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for name, value in extra.items():
        value_here = fields.get(name)
        if isinstance(value, dict) and value_here is not None and bytes(value_here)[:1] == b"{":
            value = msgspec.json.decode(value_here, type=dict[str, Any]) | value  # noqa: PLW2901
        fields[name] = msgspec.Raw(_encoder.encode(value))
    return _encoder.encode(fields)


def _tool_choice(choice: str | UnsetType) -> str | dict[str, Any] | UnsetType:
    if choice is UNSET or choice in _CHOICES:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _read_choice(choice: str | dict[str, Any] | UnsetType) -> str | UnsetType:
    return str(choice["function"]["name"]) if isinstance(choice, dict) else choice


def _response_format(schema: dict[str, Any] | UnsetType) -> dict[str, Any] | UnsetType:
    if schema is UNSET:
        return UNSET
    return {"type": "json_schema", "json_schema": {"name": _FORMAT_NAME, "schema": schema}}


def _read_schema(found: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    schema: dict[str, Any] = found["json_schema"]["schema"]
    return schema


def _ask_to_think(body: _Body, think: bool | str | UnsetType) -> None:  # noqa: FBT001 - a field
    """Tell the template whether to think, and how much.

    Templates read `enable_thinking`, gpt-oss's a level; those that read neither take no notice.
    """
    if isinstance(think, bool):
        body.chat_template_kwargs = {"enable_thinking": think}
    elif isinstance(think, str):
        # Servers refuse a level that OpenAI's API does not have; templates do not.
        body.reasoning_effort = think if think in _LEVELS else _HIGHEST
        body.chat_template_kwargs = {"enable_thinking": True, "reasoning_effort": think}


def _read_think(body: _Body) -> bool | str | UnsetType:
    fields = body.chat_template_kwargs
    if isinstance(fields, UnsetType):
        return UNSET
    level = fields.get("reasoning_effort")
    return str(level) if level is not None else bool(fields["enable_thinking"])


def _messages(messages: list[ChatMessage], reasoning_field: str) -> list[_Message]:
    """Return the messages; the images of tools come in a user's message behind the results."""
    written: list[_Message] = []
    images: list[str] = []
    for message in messages:
        if message.role == "tool":
            images += message.images or ()
            written.append(_message(message, reasoning_field))
        elif message.role == "user":
            images += message.images or ()
            written.append(_user(message.content or "", images))
            images = []
        else:
            if images:
                written.append(_user(TOOL_IMAGES, images))
                images = []
            written.append(_message(message, reasoning_field))
    if images:
        written.append(_user(TOOL_IMAGES, images))
    return written


def _message(message: ChatMessage, reasoning_field: str) -> _Message:
    written = _Message(message.role, message.content or "", tool_call_id=message.tool_call_id)
    if message.thinking and reasoning_field:
        setattr(written, reasoning_field, message.thinking)
    if message.tool_calls:
        written.tool_calls = [_call(call) for call in message.tool_calls]
    return written


def _call(call: ToolCall) -> _Call:
    # What is no object here is a 500 of llama-server's, for the rest of the conversation.
    function = _Function(call.function.name, bytes(call.function.arguments).decode())
    return _Call(call.id, "function", function)


def _user(text: str, images: list[str]) -> _Message:
    if not images:
        return _Message("user", text)
    parts = [_Part("text", text=text)] if text else []
    parts += [_Part("image_url", image_url=_ImageUrl(_data_url(image))) for image in images]
    return _Message("user", parts)


def _read_message(message: _Message) -> ChatMessage:
    content, images = message.content, None
    if not isinstance(content, str):
        urls = [part.image_url.url for part in content if isinstance(part.image_url, _ImageUrl)]
        images = [_image_in(url) for url in urls]
        content = "".join(part.text for part in content if isinstance(part.text, str))
    calls = None
    if not isinstance(message.tool_calls, UnsetType):
        calls = [_read_call(call) for call in message.tool_calls]
    return ChatMessage(
        role=message.role,
        content=content,
        thinking=message.reasoning_content or message.reasoning,
        images=images,
        tool_calls=calls,
        tool_call_id=message.tool_call_id,
    )


def _read_call(call: _Call) -> ToolCall:
    arguments = msgspec.Raw(call.function.arguments.encode())
    return ToolCall(CalledFunction(call.function.name, arguments), call.id)


def _data_url(image: str) -> str:
    """Return the data URL of an image, which is in base64."""
    kinds = (kind for start, kind in _MEDIA_TYPES.items() if image.startswith(start))
    return f"data:{next(kinds, _PNG)}{_BASE64}{image}"


def _image_in(url: str) -> str:
    """Return the image, in base64, of a data URL."""
    return url.partition(_BASE64)[2]
