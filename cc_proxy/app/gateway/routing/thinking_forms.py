"""Finding the form in which a model keeps its old thinking, by what its renderer makes of it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.model_names import same_model
from cc_proxy.app.chat.target import Target, ThinkingForm
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.translate.request.build import chat_request

Emptied = Callable[[str], object]

log = logging.getLogger(__name__)

_TOOL = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}},
}
# What was asked before the last answer was written.
_EARLIER = 3


class ThinkingRetention(msgspec.Struct, frozen=True):
    """The best form, and how many of an earlier prompt's `of` characters the next one keeps.

    `plain` is how many it keeps when thinking is sent in its field.
    """

    form: ThinkingForm
    kept: int
    plain: int
    of: int


async def kept_thinking(
    upstream: Upstream, target: Target, *, thinks: bool
) -> ThinkingRetention | None:
    """Render two prompts of one conversation in each form, and return the one that keeps most.

    Between the two comes a message of the person's. The model writes nothing, but Ollama loads it.
    None: this Ollama does not show prompts (`_debug_render_only`).

    Raises:
        UpstreamError: it cannot be asked.

    """
    found, turns = None, _turns(thinks=thinks)
    for form in ThinkingForm:
        shaped = replace(target, forms=dict.fromkeys((True, False), form))
        earlier = await _rendered(upstream, shaped, turns[:_EARLIER], thinks=thinks)
        later = await _rendered(upstream, shaped, turns, thinks=thinks)
        if earlier is None or later is None:
            return None
        kept = common_length(earlier, later)
        if found is None:
            found = ThinkingRetention(form, kept, kept, len(earlier))
        elif kept > found.kept and kept / len(earlier) > found.kept / found.of:
            found = ThinkingRetention(form, kept, found.plain, len(earlier))
        if found.kept >= found.of:
            break
    return found


async def form_of(
    upstream: Upstream, target: Target, emptied: Emptied, *, thinks: bool
) -> ThinkingForm | None:
    """Return the form for a model's old thinking; None where it cannot be found out now.

    The model is loaded for that; `emptied` is called if it was not before.
    """
    try:
        await _load(upstream, target, emptied)
        found = await kept_thinking(upstream, target, thinks=thinks)
    except UpstreamError as error:
        log.info("how model %s keeps its thinking is not known: %s", target.model.name, error.code)
        return None
    if found is None:
        return ThinkingForm.FIELD
    share = f"{found.kept} of {found.of} characters"
    log.info(
        "model %s thinks=%s keeps %s as %s", target.model.name, thinks, share, found.form.value
    )
    return found.form


def _turns(*, thinks: bool) -> list[dict[str, Any]]:
    """Return a conversation: a question, a call, its result, an answer, and another question."""

    def thought(text: str) -> list[dict[str, Any]]:
        return [{"type": "thinking", "thinking": text, "signature": ""}] if thinks else []

    call = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "a.txt"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "one line"}
    answer = {"type": "text", "text": "It has one line."}
    return [
        {"role": "user", "content": "What is in a.txt?"},
        {"role": "assistant", "content": [*thought("I should read it."), call]},
        {"role": "user", "content": [result]},
        {"role": "assistant", "content": [*thought("There is one line in it."), answer]},
        {"role": "user", "content": "And in b.txt?"},
    ]


async def _load(upstream: Upstream, target: Target, emptied: Emptied) -> None:
    """Wait until the model is loaded, as long as for an answer: it is about to give one.

    `emptied` is called with the name of a model that was loaded: it has read nothing.
    """
    for model in await upstream.loaded():
        loaded = same_model(model.name, target.model.name)
        if loaded and model.context_length == target.window:
            return
    await upstream.load(target)
    emptied(target.model.name)


async def _rendered(
    upstream: Upstream, target: Target, turns: list[dict[str, Any]], *, thinks: bool
) -> str | None:
    asked = {
        "model": target.model.name,
        # An Ollama that does not know the question answers the conversation instead: briefly.
        "max_tokens": 1,
        "messages": turns,
        **({"thinking": {"type": "adaptive"}} if thinks else {}),
        **({"tools": [_TOOL]} if target.model.can("tools") else {}),
    }
    request = chat_request(decode(msgspec.json.encode(asked)), target).request
    return await upstream.rendered_prompt(upstream.encode(request, target))


def common_length(one: str, other: str) -> int:
    """Return how many characters two prompts have in common at their front."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
