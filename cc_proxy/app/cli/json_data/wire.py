"""The envelope around every command's `data`, and the units in it."""

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta

JsonSchema = Annotated[dict[str, Any], Meta(description="a JSON Schema, draft 2020-12")]


class Item(TypedDict):
    """An error or a warning: `code` is stable, the rest is for people."""

    code: Annotated[str, Meta(pattern="^[a-z0-9_]+$")]
    message: Annotated[str, Meta(min_length=1)]
    hint: str | None


class Envelope(TypedDict):
    """The one object that every command prints."""

    version: Literal[1]
    command: str
    status: Literal["ok", "error"]
    exit_code: int
    data: dict[str, Any]
    warnings: list[Item]
    errors: list[Item]


class Nothing(TypedDict):
    """No fields."""
