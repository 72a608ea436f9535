"""The values that flags and questions take; what they refuse is said as in every other error."""

import math
from typing import Any

import click


class _Expecting(click.ParamType):  # type: ignore[type-arg] # generic only in newer clicks
    """Says what a flag expects and what it found; before click's own type in a class."""

    @property
    def expected(self) -> str:
        """The values that the flag takes, in words."""
        raise TypeError(f"{type(self).__name__} has no words for what it takes")

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - of the type that follows
        """Return the value."""
        try:
            found = super().convert(value, param, ctx)
        except click.BadParameter:
            found = math.nan
        # A range takes nan: no comparison refuses it.
        if isinstance(found, float) and math.isnan(found):
            self.fail(f"Expected {self.expected}, found {str(value)!r}.", param, ctx)
        return found


class OneOf(_Expecting, click.Choice[str]):
    """One of a few words."""

    @property
    def expected(self) -> str:
        """The words as a sentence lists them."""
        *first, last = self.choices
        return f"{', '.join(first)} or {last}"


class WholeNumber(_Expecting, click.types.IntParamType):
    """A whole number; whoever uses it knows which ones it takes."""

    expected = "a whole number"


class WholeNumberFrom(_Expecting, click.IntRange):
    """A whole number from `min`, to `max` if there is one."""

    @property
    def expected(self) -> str:
        """The range in words."""
        return f"a whole number {_range(self)}"


class NumberFrom(_Expecting, click.FloatRange):
    """A number from `min`, to `max` if there is one."""

    @property
    def expected(self) -> str:
        """The range in words."""
        return f"a number {_range(self)}"


def _range(numbers: click.IntRange | click.FloatRange) -> str:
    return f"from {numbers.min} {'on' if numbers.max is None else f'to {numbers.max}'}"
