"""Ollama's `/api/chat`: a request as bytes, and the lines of its answer.

Absent fields are left out of the request, not sent as null: `think` absent and `think` false
mean different things to Ollama.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.messages import ChatChunk, ChatMessage, ChatRequest
from cc_proxy.app.chat.target import Target
from cc_proxy.app.config import OLLAMA_DEFAULT

# One token that no template begins with; some models put one of their own before it.
_STRANGER = "0"


class _Options(msgspec.Struct, kw_only=True):
    num_ctx: int
    num_predict: int | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    top_k: int | UnsetType = UNSET
    repeat_penalty: float | UnsetType = UNSET


class _Body(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A request that never loses a part of the prompt in silence.

    `truncate` False makes an overlong prompt a 400 instead of dropping its oldest messages, and
    `shift` False ends a full window with `length` instead of forgetting the front. Both, and
    `options.num_ctx`, belong to the loaded runner: one constant set per model, or it reloads.
    """

    model: str
    messages: list[ChatMessage]
    tools: msgspec.Raw | UnsetType = UNSET
    stream: bool
    think: bool | str | UnsetType = UNSET
    format: dict[str, Any] | UnsetType = UNSET
    truncate: bool
    shift: bool
    keep_alive: str | UnsetType = UNSET
    options: dict[str, Any]


_encoder = msgspec.json.Encoder()
_chunk_decoder = msgspec.json.Decoder(ChatChunk)
_body_decoder = msgspec.json.Decoder(_Body)


def encoded(request: ChatRequest, target: Target) -> EncodedRequest:
    """Return a request as the JSON for `/api/chat`; the same input always gives the same bytes."""
    body = _Body(
        model=request.model,
        messages=request.messages,
        tools=request.tools,
        stream=request.stream,
        think=request.think,
        format=request.format,
        truncate=False,
        shift=False,
        keep_alive=_keep_alive(target),
        options=_options(request, target),
    )
    return EncodedRequest(_encoder.encode(body), target, _decoded, encoded)


def _options(request: ChatRequest, target: Target) -> dict[str, Any]:
    """Return what is asked for, with the user's settings for the model over it.

    A `repeat_penalty` of the request is for another try of an answer that repeated itself.
    """
    asked = {
        "num_ctx": target.window,
        "num_predict": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        **target.settings.options,
    }
    if request.repeat_penalty is not UNSET:
        asked["repeat_penalty"] = request.repeat_penalty
    return {name: of for name, of in asked.items() if of is not UNSET}


def _keep_alive(target: Target) -> str | UnsetType:
    return UNSET if target.keep_alive == OLLAMA_DEFAULT else target.keep_alive


def _decoded(body: bytes) -> ChatRequest:
    found = _body_decoder.decode(body)
    options = msgspec.convert(found.options, _Options)
    return ChatRequest(
        model=found.model,
        messages=found.messages,
        tools=found.tools,
        stream=found.stream,
        think=found.think,
        format=found.format,
        max_tokens=options.num_predict,
        temperature=options.temperature,
        top_p=options.top_p,
        top_k=options.top_k,
        repeat_penalty=options.repeat_penalty,
    )


def load_request(target: Target) -> EncodedRequest:
    """Return the request that only loads a model: one without messages (recording 19f).

    What belongs to the runner (`num_ctx`, `shift`) is as in every other request to the model:
    another value would have it loaded again.
    """
    return encoded(ChatRequest(model=target.model.name, messages=[], stream=False), target)


def stranger_body(target: Target) -> bytes:
    """Return the body for `/api/generate` that has one token read, without a template.

    What belongs to the runner is as in every other request: another value loads the model again.
    """
    body: dict[str, Any] = {
        "model": target.model.name,
        "prompt": _STRANGER,
        "raw": True,
        "stream": False,
        "truncate": False,
        "shift": False,
    }
    if (keep_alive := _keep_alive(target)) is not UNSET:
        body["keep_alive"] = keep_alive
    one_token = ChatRequest(model=target.model.name, messages=[], max_tokens=1)
    return msgspec.json.encode(body | {"options": _options(one_token, target)})


def decode_chunks(lines: bytes) -> list[ChatChunk]:
    """Decode some lines of an answer; blank ones are skipped.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: one of them is not the JSON that Ollama writes.

    """
    if not lines.isascii():
        _must_be_utf_8(lines)
    return _chunk_decoder.decode_lines(lines)


def decode_chunk(line: bytes) -> ChatChunk:
    """Decode one line of an answer.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: the line is not the JSON that Ollama writes.

    """
    _must_be_utf_8(line)
    return _chunk_decoder.decode(line)


def _must_be_utf_8(lines: bytes) -> None:
    # The arguments of a call stay raw: the decoder does not look at them.
    lines.decode()
