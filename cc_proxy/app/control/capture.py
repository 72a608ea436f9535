"""Captures: what `POST /capture` takes and answers, and the lines of a capture's file.

A file is JSON Lines: one `CaptureHeader`, then a `CapturedRequest` for each request and a
`CapturedAnswer` when it has ended.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from cc_proxy.app.control.wire import Bytes, Seconds, Time

FORMAT = 1
# A file may come from anybody: these are added up, and shown in columns.
_Took = Annotated[float, Meta(ge=0, le=1e9)]
_Counted = Annotated[int, Meta(ge=0, le=2**33)]


class CaptureStart(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The body of `POST /capture`: begin a capture, of one session or of all, within bounds."""

    session: str = ""
    seconds: Seconds = 3600.0
    max_bytes: Bytes = 64 * 1024 * 1024


class CaptureHeader(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="capture"):
    """The first line."""

    format: int
    version: str
    started: Time
    session: str = ""
    note: str = "This file contains a conversation. Keys and tokens are replaced where known."


class CapturedCall(msgspec.Struct, frozen=True):
    """A tool call that the model made."""

    name: str
    arguments: msgspec.Raw


class CapturedRequest(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="request"):
    """A request as it came; `body` is that of `POST /v1/messages`. No header is kept."""

    id: str
    at: Time
    session: str = ""
    request_class: str = ""
    body: msgspec.Raw


class CapturedAnswer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="answer"):
    """The end of a request; `outcome` is ok, failed or cancelled, and `id` is the request's.

    `reused_tokens` is null where it is not known.
    """

    id: str
    outcome: str
    model: str = ""
    seconds: _Took = 0.0
    first_token_seconds: _Took | None = None
    prompt_tokens: _Counted = 0
    reused_tokens: _Counted | None = None
    written_tokens: _Counted = 0
    stop_reason: str | None = None
    text: str = ""
    thinking: str = ""
    calls: tuple[CapturedCall, ...] = ()
