"""Errors as the Python SDK raises them: class, status, type, text, and whether it tries again."""

import asyncio
from dataclasses import dataclass, field

import anthropic
import pytest

from . import stack
from .answers import TOOLS
from .clients import Json, asked, async_client, sync_client
from .stack import Practice

pytestmark = pytest.mark.xdist_group("python-sdk")


@dataclass(frozen=True)
class Trouble:
    """A request that must fail, and how."""

    request: Json
    error: type[anthropic.APIStatusError]
    kind: str
    words: str
    retry: str | None = "false"
    client: Json = field(default_factory=dict)


def refused(status: int, text: str) -> Json:
    return asked({"error": {"status": status, "text": text}})


IMPOSSIBLE = asked({"text": "x"}, tools=TOOLS, tool_choice={"type": "tool", "name": "Nonexistent"})
TROUBLES: dict[str, Trouble] = {
    "a model that is not pulled": Trouble(
        asked(model="nonexistent"),
        anthropic.NotFoundError,
        "not_found_error",
        "ollama pull nonexistent",
    ),
    "a key that is wrong": Trouble(
        asked(),
        anthropic.AuthenticationError,
        "authentication_error",
        "found a key that is not this proxy's",
        client={"api_key": "another-key"},
    ),
    "a bearer token that is wrong": Trouble(
        asked(),
        anthropic.AuthenticationError,
        "authentication_error",
        "found a key that is not this proxy's",
        client={"api_key": None, "auth_token": "another-key"},
    ),
    "no messages": Trouble(
        asked(messages=[]), anthropic.BadRequestError, "invalid_request_error", "messages: "
    ),
    "max_tokens below 0": Trouble(
        asked(max_tokens=-1), anthropic.BadRequestError, "invalid_request_error", "max_tokens"
    ),
    "a role that there is not": Trouble(
        asked(messages=[{"role": "robot", "content": "hi"}]),
        anthropic.BadRequestError,
        "invalid_request_error",
        "messages.0.role: expected user, assistant or system, found 'robot'",
    ),
    "content of a wrong type": Trouble(
        asked(messages=[{"role": "user", "content": 5}]),
        anthropic.BadRequestError,
        "invalid_request_error",
        r"\$.messages\[0\].content",
    ),
    "a text block without text": Trouble(
        asked(messages=[{"role": "user", "content": [{"type": "text"}]}]),
        anthropic.BadRequestError,
        "invalid_request_error",
        "no field `text`",
    ),
    "tools of a wrong type": Trouble(
        asked(tools=[{"name": 5}]),
        anthropic.BadRequestError,
        "invalid_request_error",
        "tools: expected a list of tool definitions",
    ),
    "a tool without a name or a type": Trouble(
        asked(tools=[{"description": "nameless"}]),
        anthropic.BadRequestError,
        "invalid_request_error",
        "tools.0.name: expected the name of the tool, found none",
    ),
    "a choice of a tool that there is not": Trouble(
        IMPOSSIBLE, anthropic.BadRequestError, "invalid_request_error", "found 'Nonexistent'"
    ),
    "a demand for a tool without tools": Trouble(
        asked(tool_choice={"type": "any"}),
        anthropic.BadRequestError,
        "invalid_request_error",
        "demands a tool, and none is declared",
    ),
    "tools for a model without tools": Trouble(
        asked(model="practice-plain", tools=TOOLS),
        anthropic.BadRequestError,
        "invalid_request_error",
        "cannot use tools",
    ),
    "a prompt that is too long": Trouble(
        asked(model="practice-small", messages=[{"role": "user", "content": "word " * 20_000}]),
        anthropic.BadRequestError,
        "invalid_request_error",
        r"^.*prompt is too long: \d+ tokens > 8192 maximum.*$",
    ),
    "a request that Ollama refuses": Trouble(
        refused(400, "bad option"),
        anthropic.BadRequestError,
        "invalid_request_error",
        "Ollama refused the request: bad option",
    ),
    "a request that Ollama forbids": Trouble(
        refused(403, "ollama cloud is disabled"),
        anthropic.PermissionDeniedError,
        "permission_error",
        "cloud is disabled",
    ),
    "Ollama wants a login": Trouble(
        refused(401, "unauthorized"),
        anthropic.PermissionDeniedError,
        "permission_error",
        "unauthorized",
    ),
    "Ollama is busy": Trouble(
        refused(503, "server busy, please try again."),
        anthropic.OverloadedError,
        "overloaded_error",
        "server busy",
        retry="true",
    ),
    "Ollama limits the rate": Trouble(
        refused(429, "too many requests"),
        anthropic.OverloadedError,
        "overloaded_error",
        "too many requests",
        retry="true",
    ),
    "Ollama fails": Trouble(
        refused(500, "out of memory"),
        anthropic.InternalServerError,
        "api_error",
        "out of memory",
    ),
    "the model dies before its first token": Trouble(
        asked({"die": True}), anthropic.InternalServerError, "api_error", "unexpected EOF"
    ),
    "the connection is cut before the first token": Trouble(
        asked({"cut": True}),
        anthropic.InternalServerError,
        "api_error",
        "The connection to Ollama",
        retry=None,
    ),
}
MODES = pytest.mark.parametrize("mode", ["whole", "streamed"])


@MODES
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_trouble_is_its_own_error(proxy_url: str, trouble: Trouble, mode: str) -> None:
    with (
        sync_client(proxy_url, **trouble.client) as client,
        pytest.raises(trouble.error, match=trouble.words) as raised,
    ):
        client.messages.create(**trouble.request, stream=mode == "streamed")
    _assert_tells(raised.value, trouble)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_trouble_is_its_own_error_for_the_async_client(proxy_url: str, trouble: Trouble) -> None:
    async def ask() -> None:
        async with (
            async_client(proxy_url, **trouble.client) as client,
            client.messages.stream(**trouble.request) as stream,
        ):
            await stream.until_done()

    with pytest.raises(trouble.error, match=trouble.words) as raised:
        asyncio.run(ask())
    _assert_tells(raised.value, trouble)


def _assert_tells(error: anthropic.APIStatusError, trouble: Trouble) -> None:
    assert error.type == trouble.kind
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    assert isinstance(error.body, dict)
    assert error.body["type"] == "error"
    assert error.body["request_id"] == error.request_id
    assert error.response.headers.get("x-should-retry") == trouble.retry
    assert (error.response.headers.get("retry-after") is not None) == (trouble.retry == "true")


BROKEN = {
    "the model dies": ({"die": True}, "unexpected EOF"),
    "the connection is cut": ({"cut": True}, "The connection to Ollama"),
    "a line is not JSON": ({"raw": "garbage"}, "not its JSON"),
    "a line is an error": ({"raw": '{"error":"out of memory"}'}, "out of memory"),
}


@MODES
@pytest.mark.parametrize(("turn", "words"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_off_is_an_error_and_never_a_short_answer(
    client: anthropic.Anthropic, turn: Json, words: str, mode: str
) -> None:
    # The pause lets the first words go out before the trouble comes.
    request = asked([{"text": "half an answer"}, {"sleep": 0.2}, turn])
    if mode == "whole":
        with pytest.raises(anthropic.InternalServerError, match=words):
            client.messages.create(**request)
        return
    seen: list[str] = []
    with (
        client.messages.stream(**request) as stream,
        pytest.raises(anthropic.APIStatusError, match=words) as raised,
    ):
        seen += stream.text_stream
    assert "".join(seen) == "half an answer"
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == "api_error"
    assert raised.value.status_code == 200


def test_an_answer_that_breaks_off_breaks_the_async_stream_too(proxy_url: str) -> None:
    async def ask() -> None:
        request = asked([{"text": "half"}, {"sleep": 0.1}, {"die": True}])
        async with (
            async_client(proxy_url) as client,
            client.messages.stream(**request) as stream,
        ):
            await stream.get_final_message()

    with pytest.raises(anthropic.APIStatusError, match="unexpected EOF"):
        asyncio.run(ask())


def test_what_may_get_better_is_tried_again_by_the_sdk(
    proxy_url: str, practice: Practice, mark: int
) -> None:
    # The proxy itself tries a connection that broke at once a second time.
    request = asked([{"cut": True, "times": 2}, {"text": "better"}])
    with sync_client(proxy_url, max_retries=1) as client:
        message = client.messages.create(**request)
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "better"}]
    assert len(practice.chats(mark)) == 3


def test_what_cannot_get_better_is_asked_once(
    proxy_url: str, practice: Practice, mark: int
) -> None:
    with (
        sync_client(proxy_url, max_retries=3) as client,
        pytest.raises(anthropic.InternalServerError),
    ):
        client.messages.create(**refused(500, "model requires more system memory"))
    assert len(practice.chats(mark)) == 1


def test_a_body_that_is_too_large_is_a_413(client: anthropic.Anthropic) -> None:
    words = "x" * (65 * 1024 * 1024)
    with pytest.raises(anthropic.APIStatusError, match="larger than 64 MiB") as raised:
        client.messages.create(**asked(messages=[{"role": "user", "content": words}]))
    assert (raised.value.status_code, raised.value.type) == (413, "request_too_large")


def test_a_path_that_there_is_not_is_a_404(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="cc-proxy has no GET /v1/messages/batches"):
        client.messages.batches.list()


def test_a_key_may_come_as_a_bearer_token(proxy_url: str) -> None:
    with sync_client(proxy_url, api_key=None, auth_token=stack.KEY) as client:
        message = client.messages.create(**asked({"text": "in"}))
    assert message.stop_reason == "end_turn"


def test_an_ollama_that_is_not_there_is_named(
    cc_proxy: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("unreachable")
    with (
        stack.installed(cc_proxy, "http://127.0.0.1:9", folder) as url,
        sync_client(url) as client,
        pytest.raises(anthropic.ServiceUnavailableError, match="does not answer at") as raised,
    ):
        client.messages.create(**asked({"text": "x"}))
    assert "ollama serve" in str(raised.value)
    assert raised.value.response.headers["x-should-retry"] == "false"
