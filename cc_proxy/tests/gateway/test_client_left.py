"""A client whose leaving is first noticed when something is written to it."""

import asyncio

import pytest
from aiohttp import ClientConnectionResetError

from cc_proxy.app.gateway.answer.keep_alive import StreamWriter

from .conftest import KEY, Gateway


async def test_a_client_that_left_unnoticed_is_no_fault_of_ours(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def closing(_pacer: StreamWriter, _data: bytes) -> None:
        raise ClientConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(StreamWriter, "send", closing)
    body = {
        "model": "m",
        "max_tokens": 9,
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    async with asyncio.timeout(60):
        url = f"{gateway.url}/v1/messages"
        async with gateway.client.post(url, json=body, headers=headers) as response:
            assert response.status == 499
    assert "Traceback" not in caplog.text
    assert gateway.shared.requests_in_flight == 0
