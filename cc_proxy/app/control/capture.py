"""Captures: what `POST /capture` takes and answers, and the lines of a capture's file.

A file is JSON Lines: one `CaptureHeader`, then a `CapturedRequest` for each request and a
`CapturedAnswer` when it has ended.
"""

import msgspec

from cc_proxy.app.control.wire import Bytes, Seconds, Time, Tokens

FORMAT = 1


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
    seconds: Seconds = 0.0
    first_token_seconds: Seconds | None = None
    prompt_tokens: Tokens = 0
    reused_tokens: Tokens | None = None
    written_tokens: Tokens = 0
    stop_reason: str | None = None
    text: str = ""
    thinking: str = ""
    calls: tuple[CapturedCall, ...] = ()
