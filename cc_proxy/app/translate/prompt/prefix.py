"""A prompt as a chain of prefixes: each has a key that two prompts share as far as they agree."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import msgspec

from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.chat.messages import ChatMessage
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.chat.models import COMPACT
from cc_proxy.app.translate.prompt.tokens import (
    Digits,
    TokenFeatures,
    estimate_features,
    sum_features,
)

# A long text has a key for each so many letters: two prompts that part inside it still share
# what precedes it.
BLOCK = 2048
# What templates put around a turn and around a call, in tokens.
_TURN_TOKENS = 4.0
_CALL_TOKENS = 12.0
# Of a longer prompt no more is looked at, the tools aside: the error of the sample is 2 % then,
# a fraction of the weight's own.
_SAMPLE = 12 * 1024
_LEAST_SAMPLE = 1024
_LETTERS_A_TOKEN = 3.5
TOOLS = "tools"
# A line break and the spaces that indent the line, with any number of them: 1.37 to 1.43 in five
# of the six families of bench/tokens, 2.5 in Gemma's.
_LINE_TOKENS = 1.4
_LINES_SAMPLE = 256 * 1024
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?')


# What tools weigh and what their keys are is remembered by the tools, half of a session's first
# prompt, which are the same in each request.
CACHE_BYTES = 16 * 1024 * 1024
_KEY_BYTES = 40
_weights: ByteCache[tuple[bytes, Digits, int], TokenFeatures] = ByteCache(
    CACHE_BYTES, lambda key, _: text_bytes(key[0])
)
_tool_keys: ByteCache[tuple[int, bytes], tuple[int, ...]] = ByteCache(
    CACHE_BYTES, lambda key, keys: text_bytes(key[1]) + _KEY_BYTES * len(keys)
)


class Part(msgspec.Struct, gc=False):
    """One turn, or the tools.

    `keys` are the prefixes that end in it, the last one with the whole of it; `overhead` is in
    tokens, `size` in letters.
    """

    role: str
    texts: tuple[str | bytes, ...]
    overhead: float
    images: int
    keys: tuple[int, ...]
    size: int


class Prompt:
    """A prompt for a model: the tools as JSON, and the turns.

    `digits` and `json_indent` are how the model's tokenizer and its template write them. Keys are
    hashes of Python's own: cheap, keyed by process, and of no use outside of it. `kept` is how many
    tokens of it the engine has read before, as far as somebody knows; `worked` how many seconds the
    engine says that it took to read it and to answer, and `loading` to load the model before;
    `engine` names the engine.
    """

    def __init__(
        self,
        model: str,
        tools: bytes,
        messages: Sequence[ChatMessage],
        digits: Digits = Digits.UNKNOWN,
        json_indent: int = COMPACT,
    ) -> None:
        self.model = full_name(model)
        self.digits = digits
        self._json_indent = json_indent
        self._tools = tools
        self._messages = messages
        self.kept: int | None = None
        self.worked = 0.0
        self.loading = 0.0
        self.engine = ""
        self._weights: dict[int, list[TokenFeatures]] = {}
        self._has_texts = True

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The system prompt, then the tools as most templates place them, then the turns."""
        key = hash(self.model)
        parts: list[Part] = []
        messages = list(self._messages)
        if messages and messages[0].role == "system":
            parts.append(_turn(messages.pop(0), key))
            key = parts[-1].keys[-1]
        if self._tools:
            keys = _remembered_keys(key, self._tools)
            parts.append(Part(TOOLS, (self._tools,), _TURN_TOKENS, 0, keys, len(self._tools)))
            key = keys[-1]
        for message in messages:
            parts.append(_turn(message, key))
            key = parts[-1].keys[-1]
        return tuple(parts)

    @cached_property
    def thinking_tokens(self) -> float:
        """About how many tokens of thinking are in it: a template may leave older ones out."""
        return sum(len(message.thinking) for message in self._messages) / _LETTERS_A_TOKEN

    def weights(self, first: int) -> list[TokenFeatures]:
        """Return what the parts from number `first` on weigh in tokens, without their images."""
        if first not in self._weights:
            weigh = self._weigh if self._has_texts else self._weighed
            self._weights[first] = weigh(first)
        return self._weights[first]

    def _weighed(self, first: int) -> list[TokenFeatures]:
        """Return what was weighed before; by its size what was not."""
        known = min(self._weights, default=len(self.parts))
        weights = self._weights.get(known, [])[max(0, first - known) :]
        unknown = [(p.size / _LETTERS_A_TOKEN, 0.0, 0.0, 0.0) for p in self.parts[first:known]]
        return unknown + weights

    def release_text(self) -> None:
        """Keep the keys and what was weighed, and no text: an answer can take an hour."""
        for part in self.parts:
            part.texts = ()
        _ = self.thinking_tokens
        self._tools, self._messages = b"", ()
        self._has_texts = False

    def _weigh(self, first: int) -> list[TokenFeatures]:
        parts = self.parts[first:]
        size = sum(part.size for part in parts if part.role != TOOLS)
        if size <= _SAMPLE:
            return [self._weight(part) for part in parts]
        # All of a kind as one: to look into each of a thousand turns would take too long.
        kinds: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            if part.role != TOOLS:
                kinds[part.role].append(part)
        each = {role: self._of_a_letter(kind, size) for role, kind in kinds.items()}
        return [
            self._weight(part)
            if part.role == TOOLS
            else _with_overhead(part, _times(each[part.role], part.size))
            for part in parts
        ]

    def _weight(self, part: Part) -> TokenFeatures:
        if part.role == TOOLS:
            return _with_overhead(
                part, _remembered_weight(self._tools, self.digits, self._json_indent)
            )
        return _with_overhead(part, sum_features(part.texts, self.digits))

    def _of_a_letter(self, kind: list[Part], of: int) -> TokenFeatures:
        """Return what a letter of some parts weighs, on average."""
        texts = [text for part in kind for text in part.texts]
        size = sum(map(len, texts))
        sample = max(_LEAST_SAMPLE, _SAMPLE * size // of)
        return _times(sum_features(texts, self.digits, sample=sample), 1 / max(1, size))


def _with_overhead(part: Part, weight: TokenFeatures) -> TokenFeatures:
    words, signs, numbers, others = weight
    return words, signs + part.overhead, numbers, others


def _times(weight: TokenFeatures, factor: float) -> TokenFeatures:
    words, signs, numbers, others = weight
    return words * factor, signs * factor, numbers * factor, others * factor


def _remembered_weight(tools: bytes, digits: Digits, json_indent: int) -> TokenFeatures:
    key = (tools, digits, json_indent)
    weight = _weights.get(key)
    if weight is None:
        weight = _weight_of_tools(*key)
        _weights.put(key, weight)
    return weight


def _weight_of_tools(tools: bytes, digits: Digits, json_indent: int) -> TokenFeatures:
    """Return what tools weigh: half of what a session begins with, and the same in the next one."""
    if json_indent == COMPACT:
        return estimate_features(tools, digits)
    words, signs, numbers, others = estimate_features(msgspec.json.format(tools, indent=0), digits)
    if json_indent:
        # Written out it could be a thousand times as long, where a schema is deep.
        signs += _LINE_TOKENS * _lines(tools)
    return words, signs, numbers, others


def _lines(json: bytes) -> float:
    """Return how many lines JSON takes with one for each value and each bracket that closes.

    Of more than any client's tools the beginning is looked at: without its strings, JSON is in
    twenty times its memory for a moment.
    """
    looked_at = json[:_LINES_SAMPLE]
    outside = _STRING.sub(b'""', looked_at)
    opened = outside.count(b"{") + outside.count(b"[")
    empty = outside.count(b"{}") + outside.count(b"[]")
    lines = outside.count(b",") + 2 * (opened - empty)
    return lines * len(json) / len(looked_at)


def _turn(message: ChatMessage, key: int) -> Part:
    calls = message.tool_calls or ()
    images = message.images or ()
    content = message.content if isinstance(message.content, str) else ""
    texts: tuple[str | bytes, ...] = (content,)
    if message.thinking or calls:
        written: list[str | bytes] = [message.thinking, content]
        for call in calls:
            written += (call.function.name, bytes(call.function.arguments))
        texts = tuple(written)
    # The thinking, the text and the arguments may hold the same letters: where each begins counts.
    shape = (message.role, bool(message.thinking), message.tool_name, len(calls), *images)
    size = sum(map(len, texts))
    return Part(
        role=message.role,
        texts=texts,
        overhead=_TURN_TOKENS + _CALL_TOKENS * len(calls),
        images=len(images),
        keys=(hash((key, shape, texts)),) if size < BLOCK else _keys(hash((key, shape)), texts),
        size=size,
    )


def _remembered_keys(key: int, tools: bytes) -> tuple[int, ...]:
    keys = _tool_keys.get((key, tools))
    if keys is None:
        keys = _keys(hash((key, TOOLS)), (tools,))
        _tool_keys.put((key, tools), keys)
    return keys


def _keys(key: int, texts: tuple[str | bytes, ...]) -> tuple[int, ...]:
    keys = []
    for text in texts:
        start, size = 0, len(text)
        while size - start >= BLOCK:
            key = hash((key, text[start : start + BLOCK]))
            keys.append(key)
            start += BLOCK
        key = hash((key, text[start:]))
    # The end of a part is a prefix of its own: the next turn must not be taken for its going on.
    keys.append(hash((key, len(texts))))
    return tuple(keys)
