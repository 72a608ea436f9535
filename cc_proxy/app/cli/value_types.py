"""The values that flags and questions take; what they refuse is said as in every other error."""

import math
from typing import Any

import click


class OneOf(click.Choice[str]):
    """One of a few words."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the word."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"Expected {self.words()}, found {value!r}.", param, ctx)

    def words(self) -> str:
        """Return the words as a sentence lists them."""
        *first, last = self.choices
        return f"{', '.join(first)} or {last}"


class WholeNumber(click.types.IntParamType):
    """A whole number; whoever uses it knows which ones it takes."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"Expected a whole number, found {value!r}.", param, ctx)


class WholeNumberFrom(click.IntRange):
    """A whole number from `min`, to `max` if there is one."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            end = "on" if self.max is None else f"to {self.max}"
            wanted = f"a whole number from {self.min} {end}"
            self.fail(f"Expected {wanted}, found {str(value)!r}.", param, ctx)


class NumberFrom(click.FloatRange):
    """A number from `min` on."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            text = f"Expected a number from {self.min} on, found {str(value)!r}."
            self.fail(text, param, ctx)


class FloatFromTo(click.FloatRange):
    """A decimal number in a range; nan, which no comparison refuses, is none."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number."""
        try:
            number: float = super().convert(value, param, ctx)
        except click.BadParameter:
            number = math.nan
        if math.isnan(number):
            self.fail(
                f"Expected a number from {self.min} to {self.max}, found {value!r}.", param, ctx
            )
        return number
