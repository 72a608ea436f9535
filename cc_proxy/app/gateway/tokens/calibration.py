"""The calibration of token estimates for each model, and its file."""

from operator import mul
from pathlib import Path
from typing import Annotated

import msgspec

from cc_proxy.app.gateway.storage.kept_models import KeptModels
from cc_proxy.app.translate.prompt.tokens import TokenFeatures

_MOST_BYTES = 1024 * 1024
_MOST_MODELS = 200

# Vision models make 250 to 1,600 tokens of an image; this until one has been counted.
IMAGE_TOKENS = 800
# A count further off from its estimate is a fault somewhere.
PLAUSIBLE = (0.4, 2.5)

_WHOLE_MEMORY = 100_000.0
_PACE = 0.7
_STEADY_TOKENS = 60.0
_LEAST_FACTOR = 0.3
_MOST_FACTOR = 3.0
_PRIOR_TOKENS = 400.0
_LEAST_TO_LEARN = 40
_MOST_IMAGE_TOKENS = 20_000
# A shorter prefill tells nothing about the speed, a faster one came from a cache that was filled
# before this proxy knew of it.
_LEAST_COLD_TOKENS = 512
_FASTEST = 1 / 50_000
_CACHED_BY_OTHERS = 5

_Factor = Annotated[float, msgspec.Meta(ge=_LEAST_FACTOR, le=_MOST_FACTOR)]
_Amount = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
_OfImage = Annotated[float, msgspec.Meta(ge=0, le=_MOST_IMAGE_TOKENS)]


class Ratio(msgspec.Struct):
    """Tokens counted for tokens weighed; older ones weigh less."""

    tokens: _Amount = 0.0
    weight: _Amount = 0.0

    def add(self, tokens: float, weight: float, *, memory: float) -> None:
        """Take a count into the ratio, which remembers about `memory` tokens."""
        self.tokens += tokens
        self.weight += weight
        if self.weight > memory:
            self.tokens *= memory / self.weight
            self.weight = memory

    def value(self, prior: float, strength: float) -> float:
        """Return the ratio; `prior` counts like `strength` tokens."""
        return (self.tokens + prior * strength) / (self.weight + strength)


class Calibration(msgspec.Struct, omit_defaults=True):
    """One model: of whole prompts, of what turns add, of an image, of reading without a cache.

    `prefill` has seconds a token by the number of bits in the length of the prompt.
    """

    whole: Ratio = msgspec.field(default_factory=Ratio)
    growth: tuple[_Factor, _Factor, _Factor, _Factor] | None = None
    image_tokens: _OfImage = 0.0
    prefill: dict[int, _Amount] = msgspec.field(default_factory=dict)

    @property
    def learned(self) -> bool:
        """Return whether any prompt was counted yet."""
        return bool(self.whole.weight or self.growth)

    @property
    def of_whole(self) -> float:
        """Tokens of a whole prompt for one token weighed."""
        # A damaged file could have every prompt refused for its length, with nothing learned.
        return min(max(self.whole.value(1.0, _PRIOR_TOKENS), _LEAST_FACTOR), _MOST_FACTOR)

    def of_growth(self, weight: TokenFeatures) -> float:
        """Return the tokens of what turns add, for what they weigh."""
        tokens: float = sum(map(mul, self._factors, weight))
        return tokens

    @property
    def _factors(self) -> tuple[float, ...]:
        # Tools are rendered in many ways, turns are mostly text: the whole tells half about them.
        return self.growth or ((1 + self.of_whole) / 2,) * 4

    @property
    def of_image(self) -> float:
        """Tokens of one image."""
        return self.image_tokens or IMAGE_TOKENS

    def learn_whole(self, tokens: float, weight: float) -> None:
        """Take in a prompt of which nothing was known before."""
        self.whole.add(tokens, weight, memory=_WHOLE_MEMORY)

    def learn_growth(self, tokens: float, weight: TokenFeatures) -> None:
        """Take in what followed a prefix that was counted; what is little or odd is left out."""
        total = sum(weight)
        if total < _LEAST_TO_LEARN or not PLAUSIBLE[0] < tokens / total < PLAUSIBLE[1]:
            return
        # Normalised least mean squares: the kinds of text that there was most of answer for the
        # error. What is little compared with a template's own changes moves them little.
        error = tokens - self.of_growth(weight)
        power = sum(part * part for part in weight) + _STEADY_TOKENS**2
        words, signs, numbers, others = (
            min(max(factor + _PACE * error * part / power, _LEAST_FACTOR), _MOST_FACTOR)
            for factor, part in zip(self._factors, weight, strict=True)
        )
        self.growth = (words, signs, numbers, others)

    def learn_image(self, tokens: float) -> None:
        """Take in what an image was counted as."""
        if 0 < tokens < _MOST_IMAGE_TOKENS:
            self.image_tokens = (self.image_tokens + tokens) / 2 if self.image_tokens else tokens

    def learn_speed(self, tokens: int, seconds: float, *, is_certain: bool) -> None:
        """Take in how long a prompt took of which nothing was in the cache.

        Without `is_certain` others may have made it read before; then a speed that is far above the
        usual one is left out.
        """
        each = seconds / tokens
        bits = tokens.bit_length()
        usual = self.prefill.get(bits)
        if tokens < _LEAST_COLD_TOKENS or each < _FASTEST:
            return
        if usual and not is_certain and each * _CACHED_BY_OTHERS < usual:
            return
        self.prefill[bits] = (usual + each) / 2 if usual else each

    def seconds_per_token(self, tokens: int) -> float | None:
        """Return what reading takes in a prompt of about that length; None when not known."""
        if not self.prefill:
            return None
        bits = tokens.bit_length()
        return self.prefill[min(self.prefill, key=lambda known: abs(known - bits))]


def scale_file(path: Path | None) -> KeptModels[Calibration]:
    """Return the file that keeps the scales of all models; without a path nothing is kept."""
    return KeptModels(
        path,
        Calibration,
        what="token counts",
        and_now="counting starts anew",
        most=_MOST_MODELS,
        most_bytes=_MOST_BYTES,
    )
