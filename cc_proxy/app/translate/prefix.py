"""A prompt as a chain of prefixes: each has a key that two prompts share as far as they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cc_proxy.app.ollama.chat import ChatMessage
from cc_proxy.app.translate.tokens import NOTHING, SAMPLE_BYTES, Digits, Weight, weigh_apart

# A long text has a key for each so many letters: two prompts that part inside it still share
# what stands before.
BLOCK = 2048
# What templates put around a turn and around a call, in tokens.
_TURN_TOKENS = 4.0
_CALL_TOKENS = 12.0
_SAMPLE_BYTES = 64 * 1024
_LEAST_SAMPLE = 512
_LETTERS_A_TOKEN = 3.5


@dataclass(frozen=True, slots=True)
class Part:
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
    """What a model is given to read: the tools as JSON, and the turns.

    Keys are hashes of Python's own: cheap, keyed by process, and of no use outside of it.
    """

    def __init__(
        self,
        model: str,
        tools: bytes,
        messages: Sequence[ChatMessage],
        digits: Digits = Digits.UNKNOWN,
    ) -> None:
        self.model = model
        self.digits = digits
        self._tools = tools
        self._messages = messages
        self._weights: dict[int, list[Weight]] = {}

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
            texts = (self._tools,)
            keys = _keys(key, "tools", texts)
            parts.append(Part("tools", texts, _TURN_TOKENS, 0, keys, len(self._tools)))
            key = keys[-1]
        for message in messages:
            parts.append(_turn(message, key))
            key = parts[-1].keys[-1]
        return tuple(parts)

    @cached_property
    def thinking_tokens(self) -> float:
        """About how many tokens of thinking are in it: a template may leave older ones out."""
        return sum(len(message.thinking) for message in self._messages) / _LETTERS_A_TOKEN

    def weights(self, first: int) -> list[Weight]:
        """Return what the parts from number `first` on weigh in tokens, without their images."""
        if first not in self._weights:
            self._weights[first] = self._weigh(first)
        return self._weights[first]

    def _weigh(self, first: int) -> list[Weight]:
        rest = self.parts[first:]
        size = sum(part.size for part in rest)
        share = min(1.0, _SAMPLE_BYTES / size) if size else 1.0
        return [self._weight(part, share) for part in rest]

    def _weight(self, part: Part, share: float) -> Weight:
        words, signs, numbers, others = NOTHING
        for text in part.texts:
            sample = max(_LEAST_SAMPLE, int(len(text) * share)) if share < 1 else SAMPLE_BYTES
            of_text = weigh_apart(text, self.digits, sample=sample)
            words += of_text[0]
            signs += of_text[1]
            numbers += of_text[2]
            others += of_text[3]
        return words, signs + part.overhead, numbers, others


def _turn(message: ChatMessage, key: int) -> Part:
    texts: list[str | bytes] = []
    if message.thinking:
        texts.append(message.thinking)
    if isinstance(message.content, str):
        texts.append(message.content)
    calls = message.tool_calls or ()
    for call in calls:
        texts += (call.function.name, bytes(call.function.arguments))
    images = message.images or ()
    # The thinking, the text and the arguments may hold the same letters: where each begins counts.
    shape = (message.role, bool(message.thinking), message.tool_name, len(calls), *images)
    return Part(
        role=message.role,
        texts=tuple(texts),
        overhead=_TURN_TOKENS + _CALL_TOKENS * len(calls),
        images=len(images),
        keys=_keys(hash((key, shape)), "turn", tuple(texts)),
        size=sum(map(len, texts)),
    )


def _keys(before: int, kind: str, texts: tuple[str | bytes, ...]) -> tuple[int, ...]:
    key = hash((before, kind))
    keys = []
    for text in texts:
        for start in range(0, len(text), BLOCK):
            key = hash((key, text[start : start + BLOCK]))
            keys.append(key)
    # The end of a part is a prefix of its own: the next turn must not be taken for its going on.
    keys.append(hash((key, len(texts))))
    return tuple(keys)
