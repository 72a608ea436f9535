"""The names that the types of the pinned SDK have for what goes over the wire.

Read from the typing of the Python SDK, beta and plain: unions of typed dictionaries and models,
each with its own name in the literal `type`.
"""

from collections.abc import Iterator
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typing_extensions
from anthropic import types
from anthropic.types import beta, message_create_params
from anthropic.types.beta import (
    beta_system_message_param,
    beta_tool_result_block_param,
)
from anthropic.types.beta import message_create_params as beta_message_create_params

_LITERALS = {Literal, typing_extensions.Literal}
_ANNOTATIONS = {Annotated, typing_extensions.Annotated}
_WRAPPERS = {typing_extensions.Required, typing_extensions.NotRequired}
_UNIONS = {Union, UnionType}
# Parameters of `create` that the SDK sends as headers: anthropic-beta, and whose account is meant.
_HEADERS = {"betas", "user_profile_id", "workspace_id"}


def request_fields() -> set[str]:
    """Return the fields of a request's body; the others travel as headers."""
    hints: dict[str, Any] = {}
    for module in (beta_message_create_params, message_create_params):
        hints |= _hints(module.MessageCreateParamsStreaming)
    return set(hints) - _HEADERS


def message_fields() -> set[str]:
    """Return the fields of one turn in a request."""
    hints: dict[str, Any] = {}
    for member in _members(beta.BetaMessageParam):
        hints |= _hints(member)
    return set(hints)


def request_blocks() -> set[str]:
    """Return the types of what the content of a turn, or of a tool's result, can hold."""
    return _types(
        beta.BetaContentBlockParam,
        types.ContentBlockParam,
        beta_tool_result_block_param.Content,
        beta_system_message_param.ContentBlock,
    )


def tools() -> set[str]:
    """Return the types of a tool's declaration."""
    return _types(beta.BetaToolUnionParam, types.ToolUnionParam)


def stream_events() -> set[str]:
    """Return the types of the events of a streamed answer."""
    return _types(beta.BetaRawMessageStreamEvent, types.RawMessageStreamEvent)


def deltas() -> set[str]:
    """Return the types of what a block in a stream grows by."""
    return _types(beta.BetaRawContentBlockDelta, types.RawContentBlockDelta)


def answer_blocks() -> set[str]:
    """Return the types of the blocks of an answer."""
    return _types(beta.BetaContentBlock, types.ContentBlock)


def stop_reasons() -> set[str]:
    """Return the reasons for the end of an answer."""
    return set(_literals(beta.BetaStopReason)) | set(_literals(types.StopReason))


def _types(*unions: Any) -> set[str]:
    names: set[str] = set()
    for union in unions:
        for member in _members(union):
            names.update(_literals(_hints(member)["type"]))
    return names


def _members(hint: Any) -> Iterator[Any]:
    origin = get_origin(hint)
    if origin in _ANNOTATIONS:
        yield from _members(get_args(hint)[0])
    elif origin in _UNIONS:
        for member in get_args(hint):
            yield from _members(member)
    else:
        yield hint


def _literals(hint: Any) -> Iterator[str]:
    for member in _members(hint):
        origin = get_origin(member)
        if origin in _LITERALS:
            yield from get_args(member)
        elif origin in _WRAPPERS:
            yield from _literals(get_args(member)[0])


def _hints(kind: Any) -> dict[str, Any]:
    if fields := getattr(kind, "model_fields", None):
        return {name: field.annotation for name, field in fields.items()}
    # The modules postpone their annotations, and name what they import for types alone.
    namespace: dict[str, Any] = {}
    module: ModuleType
    for module in (types, beta):
        namespace |= vars(module)
    return typing_extensions.get_type_hints(kind, localns=namespace, include_extras=True)
