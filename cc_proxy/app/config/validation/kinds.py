"""The kinds of values and mappings that the user's file may have."""

from collections.abc import Callable
from enum import Enum

import msgspec

from cc_proxy.app.config.validation.upstream_slips import Check


class ScalarKind(Enum):
    """The type of a scalar in YAML; the enum's value is its word in errors."""

    TEXT = "text"
    WHOLE = "a whole number"
    DECIMAL = "a decimal number"
    ODD_NUMBER = "a number that is not in decimal digits"
    BOOLEAN = "true or false"
    NOTHING = "nothing"
    DATE = "a date"
    OTHER = "a value with a tag"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: `rule` turns the text of a value into the value, or refuses it.

    An `optional` one may be empty, which is the same as leaving it out. One of `many` gives a
    tuple, and may be a list in the file. `setting` is its name in Settings where that differs from
    the file's. A mapping with the keys of `mapping` may be there in its place.
    """

    rule: Callable[[str], object]
    expected: str
    takes: tuple[ScalarKind, ...] = (ScalarKind.TEXT,)
    secret: bool = False
    optional: bool = False
    many: bool = False
    setting: str | None = None
    mapping: "Section | None" = None


class Section(msgspec.Struct, frozen=True):
    """A mapping whose keys are known; `check` yields the slips in the mapping as a whole."""

    keys: dict[str, "Field | Section | Names | FreeForm"]
    check: Check | None = None


class FreeForm(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping with whatever JSON can have; `rule` refuses a name of its first level."""

    rule: Callable[[str], object]
    expected: str


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping whose keys are the user's own."""

    rule: Callable[[str], object]
    expected: str
    value: Field | Section
