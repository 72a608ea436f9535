"""Schemas of tools: what Ollama takes of them, and what their references stand for."""

from cc_proxy.app.translate.request.schemas.plain import (
    JSON_TYPES,
    MAX_INLINED_BYTES,
    Room,
    Schema,
    inlined,
    plain,
    with_requirements,
)

__all__ = [
    "JSON_TYPES",
    "MAX_INLINED_BYTES",
    "Room",
    "Schema",
    "inlined",
    "plain",
    "with_requirements",
]
