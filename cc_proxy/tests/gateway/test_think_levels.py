"""An Ollama that takes no level of thinking is asked for thinking without one."""

from typing import Any

import pytest
from aiohttp import web

from .conftest import Gateway, Upstream, done, line, says

THINKS: dict[str, Any] = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}


@pytest.mark.parametrize(
    "text",
    [
        'think value "high" is not supported for this model',
        'invalid think value: "high" (must be "high", "medium", "low", true, or false)',
    ],
)
async def test_a_level_that_is_refused_is_asked_without(
    gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    upstream.capabilities = ("completion", "thinking")
    answer = says(line("Yes."), done())

    async def refuses_levels(request: web.Request) -> web.StreamResponse:
        if isinstance(upstream.bodies[-1]["think"], str):
            return web.json_response({"error": text}, status=400)
        return await answer(request)

    upstream.chat = refuses_levels
    for _ in range(2):
        status, message, _ = await gateway.ask(**THINKS)
        assert (status, message["content"][0]["text"]) == (200, "Yes.")
    # Asked with a level once, and not again.
    assert [body["think"] for body in upstream.bodies] == ["high", True, True]
    assert "Ollama takes no level of thinking for m" in caplog.text
    await gateway.ask()
    assert upstream.bodies[-1]["think"] is False


async def test_another_refusal_stays_one(gateway: Gateway, upstream: Upstream) -> None:
    async def refuses(_request: web.Request) -> web.Response:
        return web.json_response({"error": '"m" does not support thinking'}, status=400)

    upstream.capabilities, upstream.chat = ("completion", "thinking"), refuses
    status, _, _ = await gateway.ask(**THINKS)
    assert status == 400
    assert len(upstream.bodies) == 1
