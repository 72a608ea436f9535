"""A request as spans of OpenTelemetry: OTLP over HTTP as JSON, without a word of a conversation.

The names are those of the GenAI semantic conventions where they have one. The trace has the span
of the request, and one for each phase: waiting, reading and writing.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from cc_proxy import __version__
from cc_proxy.app.gateway.activity.tracked import Outcome, TrackedRequest

PATH = "/v1/traces"
# SpanKind and StatusCode, of opentelemetry/proto/trace/v1/trace.proto.
_SERVER, _INTERNAL, _ERROR = 2, 1, 2
_NANOSECONDS = 1_000_000_000

Json = dict[str, Any]


def encoded(request: TrackedRequest, offset: float, server: str) -> bytes:
    """Return the spans of a request that has ended, as an ExportTraceServiceRequest.

    `offset` is the Unix time at 0 of the clock of the request's moments, in seconds; `server` is
    the name of its upstream's kind.
    """
    scope = {"name": "cc-proxy", "version": __version__}
    resource = {"attributes": [_attribute("service.name", "cc-proxy")]}
    spans = list(_spans(request, offset, server))
    scopes = [{"scope": scope, "spans": spans}]
    return msgspec.json.encode({"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]})


def _spans(request: TrackedRequest, offset: float, server: str) -> Iterator[Json]:
    ended = request.ended if request.ended is not None else request.arrived
    # The same request has the same trace, so that it is found by a line of the log.
    digest = hashlib.sha256(request.id.encode()).hexdigest()
    trace, root = digest[:32], digest[32:48]

    def span(name: str, number: int, start: float, end: float) -> Json:
        return {
            "traceId": trace,
            "spanId": root if number == 0 else f"{digest[48:63]}{number}",
            "name": name,
            "startTimeUnixNano": str(round((start + offset) * _NANOSECONDS)),
            "endTimeUnixNano": str(round((max(start, end) + offset) * _NANOSECONDS)),
        }

    whole = span(f"chat {request.model}".strip(), 0, request.arrived, ended)
    whole["kind"] = _SERVER
    attributes = _attributes(request, server).items()
    whole["attributes"] = [_attribute(name, value) for name, value in attributes]
    if request.outcome is Outcome.FAILED:
        whole["status"] = {"code": _ERROR, "message": request.error}
    yield whole
    written = request.first_token
    reads = written - (request.read_seconds or 0.0) if written is not None else ended
    phases = [("waiting", request.arrived, reads)]
    if written is not None:
        phases += [("reading", reads, written), ("writing", written, ended)]
    for number, (name, start, end) in enumerate(phases, 1):
        yield {**span(name, number, start, end), "parentSpanId": root, "kind": _INTERNAL}


def _attributes(request: TrackedRequest, server: str) -> Json:
    found: Json = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": server,
        "gen_ai.request.model": request.model or None,
        "gen_ai.conversation.id": request.session or None,
        "error.type": request.error or None,
        "cc_proxy.request.id": request.id,
        "cc_proxy.request.class": request.request_class,
        "cc_proxy.key": request.key or None,
        "cc_proxy.queued.seconds": request.queued_seconds,
        "cc_proxy.calls.rescued": request.calls.rescued,
        "cc_proxy.calls.repaired": request.calls.repaired,
    }
    if request.stop_reason is not None:
        found["gen_ai.response.finish_reasons"] = [request.stop_reason]
    if request.counts is not None:
        found["gen_ai.usage.input_tokens"] = request.counts.prompt
        found["gen_ai.usage.output_tokens"] = request.counts.written
        found["gen_ai.usage.cache_read.input_tokens"] = request.counts.reused
    return {name: value for name, value in found.items() if value is not None}


def _attribute(name: str, value: object) -> Json:
    return {"key": name, "value": _value(value)}


def _value(value: object) -> Json:
    match value:
        case int():
            # 64 bits are a string in JSON of protobuf.
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(one) for one in value]}}
        case _:
            return {"stringValue": str(value)}
