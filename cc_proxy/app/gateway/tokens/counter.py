"""The token count of a prompt: counted prefixes, and an estimate of the rest."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.gateway.tokens.calibration import PLAUSIBLE, Calibration, scale_file
from cc_proxy.app.translate.answer.reuse import checked_reuse, reported_reuse
from cc_proxy.app.translate.prompt.held_text import HeldText
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.prompt.tokens import NOTHING, TokenFeatures

MAX_PREFIXES = 20_000
MAX_MODELS = 200
# Of a model; names come from clients.
_LONGEST_NAME = 1000
# Loading takes seconds; a model that stays loaded says a few milliseconds (recording 10).
_RELOAD_NS = 500_000_000

# A count that cannot be right is believed when the next prompt's says the same.
_AGREE = 0.2
_SAVE_CHANGE = 0.02

# How far below the estimate a prompt may really be, in shares of its parts.
_COUNTED_BEFORE = 0.98
_WORKED_OUT = 0.9
_LEARNED = 0.82
_NOT_LEARNED = 0.6


@dataclass(frozen=True)
class Estimate:
    """The estimated tokens of a prompt.

    `known` of them were counted before; it is at least `least`, whatever the estimate is worth.
    """

    tokens: int
    known: int
    least: int


def certainly_too_long(estimate: Estimate, window: int) -> bool:
    """Tell whether a prompt cannot fit a window of so many tokens, even if the estimate is off.

    When it is not certain, Ollama's own 400 decides.
    """
    return estimate.least > window


@dataclass(frozen=True)
class Spent:
    """The tokens of a prompt, and how many of them came from the cache; None: not known."""

    prompt: int
    reused: int | None

    @property
    def read(self) -> int:
        """The tokens that were read; all of them where it is not known what was cached."""
        return self.prompt - (self.reused or 0)


@dataclass(frozen=True)
class _Count:
    """Ollama's count of the tokens of a prompt and of its answer."""

    prompt: int
    answer: int


class _CountedPrefix(msgspec.Struct, gc=False):
    """The tokens of a prefix, and of the answer to it."""

    tokens: float
    exact: bool
    answer: int = 0


@dataclass
class _Model:
    scales: Calibration
    cache_epochs: Counter[str] = field(default_factory=Counter)
    doubted: float = 0.0
    saved: tuple[float, ...] = ()


@dataclass
class _UncountedSuffix:
    """The part after the longest known prefix: the tokens and the keys of each piece."""

    known: _CountedPrefix | None = None
    answered: bool = False
    weights: list[TokenFeatures] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)
    keys: list[tuple[int, ...]] = field(default_factory=list)
    images: int = 0

    @property
    def before(self) -> float:
        """The tokens of the known prefix."""
        return self.known.tokens if self.known else 0.0

    @property
    def total(self) -> float:
        """The tokens of what follows it."""
        return sum(self.tokens)


class TokenCounter:
    """Learns from every answer. Scales are kept in the file `path`, prefixes only in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = scale_file(path)
        self._models = {
            full_name(name): _Model(scales, saved=_current(scales))
            for name, scales in self._file.load().items()
        }
        self._prefixes: OrderedDict[int, _CountedPrefix] = OrderedDict()

    def estimate(self, prompt: Prompt) -> Estimate:
        """Return what the model will count the prompt as."""
        model = self._model(prompt.model)
        gap = self._gap(prompt, model)
        sure = _COUNTED_BEFORE if gap.known and gap.known.exact else _WORKED_OUT
        least = gap.before * sure + gap.total * (_LEARNED if model.scales.learned else _NOT_LEARNED)
        # What another image of another size was counted as says nothing for certain.
        least -= gap.images * model.scales.of_image
        # Templates leave old thinking out when the next question comes.
        least -= 1.5 * prompt.thinking_tokens
        return Estimate(
            tokens=max(1, round(gap.before + gap.total)),
            known=round(gap.before),
            least=max(0, int(least)),
        )

    def held(self, prompt: Prompt) -> HeldText:
        """Return the prompt as the engine's cache holds it, with its answer if that is known."""
        model = self._model(prompt.model)
        first, done, _ = self._longest(prompt)
        gap = self._gap(prompt, model)
        keys: list[int] = []
        ends: list[float] = []
        turns = []
        reached = 0.0
        for place, part in enumerate(prompt.parts):
            if part.role == "assistant":
                turns.append(len(keys))
            known = len(part.keys) if place < first else 0
            if place == first and done:
                known = round(len(part.keys) * done)
            for key in part.keys[:known]:
                prefix = self._prefixes.get(key)
                reached = max(reached, prefix.tokens) if prefix else reached
                keys.append(key)
                ends.append(reached)
            if new := part.keys[known:]:
                each = gap.tokens[place - first] / len(new)
                for key in new:
                    reached += each
                    keys.append(key)
                    ends.append(reached)
        last = self._prefixes.get(keys[-1]) if keys else None
        return HeldText(tuple(keys), tuple(ends), tuple(turns), last.answer if last else 0)

    def cache_epoch(self, model: str, engine: str = "") -> int:
        """Return how often the model was seen to be loaded again by an engine."""
        return self._model(full_name(model)).cache_epochs[engine]

    def learned(self, prompt: Prompt, end: ChatChunk) -> Spent:
        """Take in the last chunk of an answer; it tells what the prompt was, and its cost.

        An answer without counts (a model that was only loaded) teaches nothing.
        """
        count = end.prompt_eval_count
        prompt.worked = (end.prompt_eval_duration + end.eval_duration) / 1e9
        if count <= 0:
            return Spent(0, None)
        model = self._kept(prompt.model)
        loaded = end.load_duration >= _RELOAD_NS
        if loaded:
            prompt.loading = end.load_duration / 1e9
            # Its cache went with it.
            model.cache_epochs[prompt.engine] += 1
        spent = self._spent(prompt, model, end, loaded=loaded)
        self._take_in(prompt, _Count(count, end.eval_count))
        return spent

    def counted(self, prompt: Prompt, tokens: int) -> None:
        """Take in the count of a prompt that Ollama refused to read because it is too long."""
        if tokens > 0:
            self._take_in(prompt, _Count(tokens, answer=0))

    def prefill_seconds(self, model: str, tokens: int) -> float | None:
        """Return how long a prompt takes that is not in the cache; None when that is not known."""
        each = self._model(full_name(model)).scales.seconds_per_token(tokens)
        return each * tokens if each else None

    def save(self) -> None:
        """Write what was learned to the file."""
        for model in self._models.values():
            model.saved = _current(model.scales)
        self._file.save({name: model.scales for name, model in self._models.items()})

    def _model(self, name: str) -> _Model:
        # Asking about a name does not keep it: names come from clients.
        return self._models.get(name) or _Model(Calibration())

    def _kept(self, name: str) -> _Model:
        model = self._models.pop(name, None) or _Model(Calibration())
        if len(name) <= _LONGEST_NAME:
            self._models[name] = model
        while len(self._models) > MAX_MODELS:
            del self._models[next(iter(self._models))]
        return model

    def _take_in(self, prompt: Prompt, count: _Count) -> None:
        model = self._kept(prompt.model)
        gap = self._gap(prompt, model)
        if not self._believable(gap, count.prompt, model):
            return
        if count.prompt < gap.before:
            # The template renders old turns otherwise by now, as some do with thinking.
            gap = self._gap(prompt, model, from_start=True)
        else:
            _learn(model.scales, gap, count.prompt)
        self._remember(prompt, gap, count)
        if _moved(model):
            self.save()

    def _gap(self, prompt: Prompt, model: _Model, *, from_start: bool = False) -> _UncountedSuffix:
        gap = _UncountedSuffix()
        first, done = 0, 0.0
        if not from_start:
            first, done, gap.known = self._longest(prompt)
        scales = model.scales
        of_whole, of_image = scales.of_whole, scales.of_image
        parts = prompt.parts[first:]
        for place, (part, weight) in enumerate(zip(parts, prompt.weights(first), strict=True)):
            rest, keys = weight, part.keys
            if place == 0 and done:
                left = 1 - done
                words, signs, numbers, others = weight
                rest = (words * left, signs * left, numbers * left, others * left)
                keys = keys[round(len(keys) * done) :]
            tokens = scales.of_growth(rest) if gap.known else sum(rest) * of_whole
            if place == 0 and not done and part.role == "assistant" and gap.known:
                answer = gap.known.answer
                if answer and PLAUSIBLE[0] < answer / tokens < PLAUSIBLE[1]:
                    tokens, gap.answered = float(answer), True
            gap.weights.append(rest)
            gap.tokens.append(tokens + part.images * of_image)
            gap.images += part.images
            gap.keys.append(keys)
        return gap

    def _longest(self, prompt: Prompt) -> tuple[int, float, _CountedPrefix | None]:
        """Return the part in which the longest known prefix ends, what share of it, and it."""
        parts, seen = prompt.parts, self._prefixes.get
        for place in range(len(parts) - 1, -1, -1):
            keys = parts[place].keys
            for index in range(len(keys) - 1, -1, -1):
                known = seen(keys[index])
                if known is not None:
                    if index == len(keys) - 1:
                        return place + 1, 0.0, known
                    return place, (index + 1) / len(keys), known
        return 0, 0.0, None

    def _believable(self, gap: _UncountedSuffix, count: int, model: _Model) -> bool:
        """Tell whether a count can be meant for this prompt, or was cut or came from a cache."""
        ratio = count / max(1.0, gap.before + gap.total)
        if PLAUSIBLE[0] < ratio < PLAUSIBLE[1]:
            model.doubted = 0.0
            return True
        again = bool(model.doubted) and abs(ratio / model.doubted - 1) < _AGREE
        model.doubted = ratio
        return again and gap.known is None

    def _remember(self, prompt: Prompt, gap: _UncountedSuffix, count: _Count) -> None:
        new = {key for keys in gap.keys for key in keys}
        for part in prompt.parts:
            for key in part.keys:
                if key not in new and key in self._prefixes:
                    self._prefixes.move_to_end(key)
        factor = (count.prompt - gap.before) / gap.total if gap.total else 1.0
        reached = gap.before
        for keys, tokens in zip(gap.keys, gap.tokens, strict=True):
            for index, key in enumerate(keys, 1):
                at = reached + tokens * factor * index / len(keys)
                # Removed first, so that it moves to the end.
                self._prefixes.pop(key, None)
                self._prefixes[key] = _CountedPrefix(at, exact=False)
            reached += tokens * factor
        if prompt.parts:
            last = prompt.parts[-1].keys[-1]
            self._prefixes[last] = _CountedPrefix(count.prompt, exact=True, answer=count.answer)
        while len(self._prefixes) > MAX_PREFIXES:
            self._prefixes.popitem(last=False)

    def _spent(self, prompt: Prompt, model: _Model, end: ChatChunk, *, loaded: bool) -> Spent:
        count, seconds = end.prompt_eval_count, end.prompt_eval_duration / 1e9
        reused = reported_reuse(end)
        if reused is None and loaded:
            reused = 0
        is_certain = reused is not None
        if reused is None:
            usual = model.scales.seconds_per_token(count)
            reused = checked_reuse(prompt.kept, count, seconds, usual)
        if reused == 0:
            model.scales.learn_speed(count, seconds, is_certain=is_certain)
        return Spent(count, reused)


def _learn(scales: Calibration, gap: _UncountedSuffix, count: int) -> None:
    tokens = count - gap.before
    if gap.known is None:
        if not gap.images:
            scales.learn_whole(tokens, sum(map(sum, gap.weights)))
    elif gap.known.exact and gap.images:
        others = gap.total - gap.images * scales.of_image
        scales.learn_image((tokens - others) / gap.images)
    elif gap.known.exact:
        told = 1 if gap.answered else 0
        words, signs, numbers, others = map(sum, zip(NOTHING, *gap.weights[told:], strict=True))
        scales.learn_growth(tokens - sum(gap.tokens[:told]), (words, signs, numbers, others))


def _current(scales: Calibration) -> tuple[float, ...]:
    return scales.of_whole, *(scales.growth or ()), *scales.prefill.values()


def _moved(model: _Model) -> bool:
    current = _current(model.scales)
    if len(current) != len(model.saved):
        return True
    pairs = zip(current, model.saved, strict=True)
    return any(abs(now - then) > _SAVE_CHANGE * now for now, then in pairs)
