"""The answer of `GET /why` in sentences for a person."""

from collections.abc import Iterator

from cc_proxy.app.control.why import OtherPrompt, PrefixBreak, Why

_SHORT_ID = 8
# A step that took less explains nothing.
_LEAST_SECONDS = 0.5
_ROLES = {
    "user": "your message",
    "assistant": "the model's answer",
    "tool": "the result of a tool",
}
_BLOCKS = {
    "thinking": "in its thinking",
    "call": "in the name of a call",
    "arguments": "in the arguments of a call",
}
_CLASSES = {
    "other": "another client",
    "read_ahead": "the beginning of another session, read ahead",
    "filler": "a filler before another prompt",
}
_AGAIN = ("model_loaded", "evicted", "unknown")
_REASONS = {
    "first_prompt": "it is the first prompt of this conversation since the proxy was started",
    "model_changed": "the turn before went to another model",
    "model_loaded": "the model was loaded, with an empty cache",
    "new_text": "they are new since the turn before",
    "unknown": (
        "the prompt continues the one before, and nothing of cc-proxy's came between. Another"
        " program may use the same Ollama, or the model's template writes earlier turns anew"
    ),
}
_TRIES = {
    "unreadable_call": "Ollama could not read a call",
    "announced_step": "it announced a step and made no call",
    "repeated_text": "it repeated itself",
}


def summary(why: Why) -> tuple[str, ...]:
    """Return the sentences, that of the most expensive step first; without any words of a prompt.

    What took no time is not in it, unless the prefix changed there.
    """
    steps = why.steps
    found = [
        (steps.reading, _reading(why)),
        (steps.writing, _writing(why)),
        (steps.loading, _step(steps.loading, "Ollama loaded the model first")),
        (steps.waiting, _step(steps.waiting, _waiting(why))),
        (
            steps.making_room,
            _step(steps.making_room, "It sent a short request first, to save another conversation"),
        ),
        (steps.preparing, _step(steps.preparing, "It was prepared")),
    ]
    ordered = sorted(found, key=lambda one: -one[0])
    return (*(text for _, text in ordered if text), *_remarks(why))


def _step(seconds: float, text: str) -> str:
    return f"{text} ({_span(seconds)})." if seconds >= _LEAST_SECONDS else ""


def _waiting(why: Why) -> str:
    if not why.waited_behind:
        return "It waited"
    first, *others = reversed(why.waited_behind)
    more = f" and {len(others)} more" if others else ""
    return f"It waited behind {first[-_SHORT_ID:]}{more}"


def _reading(why: Why) -> str:
    request, seconds = why.request, why.steps.reading
    total, read = request.prompt_tokens, request.tokens_read
    if read is None:
        read = request.tokens_to_read
    if not total:
        return ""
    rate = request.tokens_read_per_second
    speed = f", {rate:,.0f} tokens a second" if rate else ""
    span = f" ({_span(seconds)}{speed})" if seconds or speed else ""
    if read is None or (request.reused_tokens is None and why.cause == "reuse_unknown"):
        return (
            f"The prompt has {total:,} tokens{span}; how many were reused is not known, as for the"
            " first prompt after a start of the proxy."
        )
    amount = f"{read:,} of {total:,} tokens were read"
    if why.prefix_break is not None:
        return f"{_changed(why.prefix_break)}: {amount} again{span}."
    again = " again" if why.cause in _AGAIN else ""
    reason = _evicted(why) if why.cause == "evicted" else _REASONS.get(why.cause or "", "")
    return f"{amount}{again}{span}{reason and ': '}{reason}."


def _evicted(why: Why) -> str:
    first = why.others[0]
    more = why.other_count - 1
    others = f", and {more} more came between" if more else ""
    return f"the prompt of {_other(first)} took its place in the model's cache{others}"


def _other(one: OtherPrompt) -> str:
    kind = _CLASSES.get(one.request_class, one.request_class)
    about = [one.folder] if one.folder else []
    if one.prompt_tokens:
        about.append(f"{one.prompt_tokens:,} tokens")
    return f"{one.request[-_SHORT_ID:]} ({', '.join([kind, *about])})"


def _changed(found: PrefixBreak) -> str:
    subject = _subject(found)
    match found.change:
        case "inserted":
            return f"{subject} was put in before an earlier one"
        case "removed":
            return f"The turn that was {found.turn} before is no longer there"
        case "images":
            return f"{subject} has other images"
        case "unknown":
            return f"{subject} changed"
    where = f" {_BLOCKS[found.block]}" if found.block in _BLOCKS else ""
    verb = {"appended": "has more text from", "cut": "ends"}.get(found.change, "changed at")
    byte = f" byte {found.byte:,}" if found.byte is not None else ""
    at = f" at{byte}" if found.change == "cut" else byte
    tool = f", in the tool {found.tool}" if found.tool else ""
    only = {"digits": ", only in digits", "white_space": ", only in white space"}
    return f"{subject} {verb}{at}{where}{tool}{only.get(found.change, '')}"


def _subject(found: PrefixBreak) -> str:
    if found.place == "system":
        return "The system prompt"
    if found.place == "tools":
        return "The list of tools"
    return f"Turn {found.turn} ({_ROLES.get(found.role, found.role)})"


def _writing(why: Why) -> str:
    written, seconds = why.request.tokens_written, why.steps.writing
    if not written or seconds < _LEAST_SECONDS:
        return ""
    rate = why.request.tokens_written_per_second
    speed = f", {rate:,.0f} a second" if rate else ""
    return f"The model wrote {written:,} tokens ({_span(seconds)}{speed})."


def _remarks(why: Why) -> Iterator[str]:
    for kind in why.second_tries:
        if reason := _TRIES.get(kind):
            yield f"The model was asked again: {reason}."
    calls = why.rescued_calls + why.repaired_calls
    if calls:
        noun = "tool call was" if calls == 1 else "tool calls were"
        yield f"{calls} {noun} read from text or repaired."
    found = why.prefix_break
    if found is not None and found.place == "turn" and found.turns_after < found.turns_before:
        yield (
            f"The conversation has {found.turns_after} turns now, and had {found.turns_before}"
            " before: it was compacted, rewound or begun again."
        )
    if why.error:
        yield f"It failed: {why.error}."


def _span(seconds: float) -> str:
    if seconds < 10:  # noqa: PLR2004 - a decimal says more there
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"  # noqa: PLR2004
