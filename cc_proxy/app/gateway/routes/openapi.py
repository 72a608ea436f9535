"""`GET /openapi.json`: what the routes take and answer, made of the types that do it.

msgspec's own schemas cannot be had for these: it cannot write down the default of a field that
stays raw (`msgspec.Raw`).
"""

from functools import cache
from typing import Any, Literal

import msgspec
from aiohttp import web
from msgspec import inspect as types

from cc_proxy import __version__
from cc_proxy.app.anthropic.events import AnswerMessage
from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.control.activity import Activity
from cc_proxy.app.control.capture import CaptureStart
from cc_proxy.app.control.page import PageKey, PageTicket
from cc_proxy.app.control.why import Why
from cc_proxy.app.control.wire import (
    CaptureState,
    Health,
    LastReload,
    PreloadRequest,
    PreloadResult,
)
from cc_proxy.app.gateway.routes import catalogue, telemetry

Json = dict[str, Any]

_KEY: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}]
_BODY_ERRORS = {
    "400": "The request is wrong; the same request can never succeed.",
    "403": "It comes from a web page, or names a host that is not this proxy's.",
    "404": "The server does not have the model, or cc-proxy not the route.",
    "409": "A capture is on already, or cannot be written.",
    "408": "The body did not come in time.",
    "413": "The body is too large.",
    "415": "The body is compressed.",
}
_UPSTREAM_ERRORS = {
    "500": "The model's server or cc-proxy failed.",
    "502": "The answer of the model's server broke off.",
    "503": "The model's server cannot be reached.",
    "504": "The model's server was silent for too long.",
    "529": "The model's server is busy.",
}


class ErrorDetails(msgspec.Struct):
    """The code that the SDKs act on."""

    error_code: str


class ErrorBody(msgspec.Struct, omit_defaults=True):
    """An error and its fix."""

    type: str
    message: str
    details: ErrorDetails | None = None


class Error(msgspec.Struct, tag_field="type", tag="error"):
    """Every answer of a status from 400 on."""

    error: ErrorBody
    request_id: str


class TokenCount(msgspec.Struct):
    """An estimate; no model was asked."""

    input_tokens: int


async def handle(_request: web.Request) -> web.Response:
    """Answer with the document."""
    return web.Response(body=_encoded(), content_type="application/json")


def document() -> Json:
    """Return the document, in OpenAPI 3.1."""
    schemas: Json = {}
    _schema(types.type_info(Error), schemas)
    asked = _schema(types.type_info(MessagesRequest), schemas)
    limit = {"required": ["max_tokens"], "properties": {"max_tokens": {"minimum": 1}}}
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    page = [
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": catalogue.MAX_LIMIT}),
        _parameter("after_id", {"type": "string"}),
        _parameter("before_id", {"type": "string"}),
    ]
    name = _parameter("name", {"type": "string", "minLength": 1}, place="path")
    health = [
        _parameter("upstream", {"type": "string", "description": "0: leave Ollama alone"}),
        _parameter("model", {"type": "string"}),
    ]
    activity = [
        health[0],
        _parameter("session", {"type": "string"}),
        _parameter("ended_after", {"type": "integer", "minimum": 0}),
    ]

    def answer(of: object, more: Json | None = None) -> Json:
        schema = _schema(types.type_info(of), schemas)
        return {"application/json": {"schema": schema}, **(more or {})}

    paths = {
        "/v1/messages": {
            "post": _operation(
                "Answer a conversation, whole or as a stream",
                answer(AnswerMessage, stream),
                body={"allOf": [asked, limit]},
            )
        },
        "/v1/messages/count_tokens": {
            "post": _operation("Estimate the tokens of a request", answer(TokenCount), body=asked)
        },
        "/v1/models": {
            "get": _operation("List the models", answer(catalogue.Page), parameters=page)
        },
        "/v1/models/{name}": {
            "get": _operation("Tell about a model", answer(catalogue.ModelEntry), parameters=[name])
        },
        "/preload": {
            "post": _operation(
                "Load a model",
                answer(PreloadResult),
                body=_schema(types.type_info(PreloadRequest), schemas),
                also="202",
            )
        },
        "/reload": {
            "post": _operation("Read the configuration again", answer(LastReload)),
        },
        "/health": {
            "get": _operation("Get the state of the proxy", answer(Health), parameters=health)
        },
        "/activity": {
            "get": _operation(
                "Get the sessions and requests of this moment",
                answer(Activity),
                parameters=activity,
            )
        },
        "/why": {
            "get": _operation(
                "Explain where the time of a request went",
                answer(Why),
                parameters=[
                    _parameter("request", {"type": "string"}),
                    _parameter("words", {"type": "string", "enum": ["0", "1"]}),
                ],
            )
        },
        "/capture": {
            "get": _operation("Get the state of the capture", answer(CaptureState)),
            "post": _operation(
                "Begin a capture",
                answer(CaptureState),
                body=_schema(types.type_info(CaptureStart), schemas),
                needs_body=False,
            ),
        },
        "/capture/stop": {"post": _operation("End the capture", answer(CaptureState))},
        **{
            path: {
                "post": _operation(
                    "Take the telemetry of Claude Code (any body of OTLP over HTTP)",
                    answer(dict[str, Any]),
                )
            }
            for path in telemetry.PATHS
        },
        "/metrics": {
            "get": _operation(
                "Get the totals since the start, for Prometheus",
                {"text/plain": {"schema": {"type": "string"}}},
            )
        },
        "/ui": {
            "get": _operation(
                "The page of cc-proxy ui; it and its files need no key",
                {"text/html": {"schema": {"type": "string"}}},
            )
        },
        "/ui/ticket": {
            "post": _operation("Get a ticket for the address of the page", answer(PageTicket))
        },
        "/ui/key": {
            "post": _operation("Exchange a ticket for the page's own key", answer(PageKey))
        },
        "/openapi.json": {"get": _operation("This document", answer(dict[str, Any]))},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cc-proxy",
            "version": __version__,
            "summary": "Anthropic's Messages API on top of Ollama.",
        },
        "security": _KEY,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": schemas,
        },
    }


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def _operation(  # noqa: PLR0913 - the parts of an operation
    summary: str,
    content: Json,
    *,
    body: Json | None = None,
    needs_body: bool = True,
    parameters: list[Json] | None = None,
    also: str | None = None,
) -> Json:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    statuses = {"401": "The key is missing or wrong.", **_BODY_ERRORS, **_UPSTREAM_ERRORS}
    errors = {
        status: {"description": why, "content": error} for status, why in sorted(statuses.items())
    }
    good = {"description": "The answer.", "content": content}
    operation: Json = {
        "summary": summary,
        "responses": {"200": good, **({also: good} if also else {}), **errors},
    }
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": needs_body, "content": content}
    return operation


def _parameter(name: str, schema: Json, *, place: Literal["query", "path"] = "query") -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


_SCALARS: dict[type[types.Type], Json] = {
    types.StrType: {"type": "string"},
    types.IntType: {"type": "integer"},
    types.FloatType: {"type": "number"},
    types.BoolType: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    types.AnyType: {},
    types.RawType: {},
}


def _schema(of: types.Type, schemas: Json) -> Json:  # noqa: PLR0911 - a return for each kind
    """Return the schema of a type; that of a struct is put into `schemas` and referred to."""
    match of:
        case types.Metadata():
            return {**_schema(of.type, schemas), **(of.extra_json_schema or {})}
        case types.StructType():
            name = of.cls.__name__
            if name not in schemas:
                schemas[name] = {}  # for one that contains itself
                schemas[name] = _object(of, schemas)
            return {"$ref": f"#/components/schemas/{name}"}
        case types.UnionType():
            return {"anyOf": [_schema(one, schemas) for one in of.types]}
        case types.ListType() | types.VarTupleType():
            return {"type": "array", "items": _schema(of.item_type, schemas)}
        case types.DictType():
            return {"type": "object", "additionalProperties": _schema(of.value_type, schemas)}
        case types.LiteralType():
            return {"enum": list(of.values)}
        case _:
            return dict(_SCALARS[type(of)])


def _object(of: types.StructType, schemas: Json) -> Json:
    properties = {field.encode_name: _schema(field.type, schemas) for field in of.fields}
    required = [field.encode_name for field in of.fields if field.required]
    if of.tag_field is not None:
        properties[of.tag_field] = {"const": of.tag}
        required.append(of.tag_field)
    made: Json = {"type": "object", "properties": properties, "required": required}
    if of.forbid_unknown_fields:
        made["additionalProperties"] = False
    if of.cls.__doc__:
        made["description"] = of.cls.__doc__.partition("\n")[0]
    return made
