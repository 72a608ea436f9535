"""The real server on a real socket, and a client that sends bytes as they are."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import Ollama, Server, Settings
from cc_proxy.app.gateway.context import GatewayContext
from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.app.gateway.http.server import serve
from cc_proxy.tests.gateway.conftest import KEY, Upstream, body

if TYPE_CHECKING:
    from cc_proxy.app.gateway.http.listening import BoundAddress

PATIENCE = 120.0


@dataclass
class Answer:
    """What came back over one connection; `status` 0: nothing did, and it was closed."""

    status: int
    headers: dict[str, str]
    body: bytes
    version: str = ""

    @property
    def error(self) -> dict[str, Any]:
        """The error, after a check that it is one of the API's form."""
        told = json.loads(self.body)
        assert told["type"] == "error", told
        assert told["request_id"] == self.headers["request-id"]
        assert self.headers["content-type"].startswith("application/json")
        error: dict[str, Any] = told["error"]
        assert error.keys() <= {"type", "message", "details"}
        assert "Traceback" not in error["message"]
        return error


@dataclass
class Door:
    """Where the server listens."""

    host: str
    port: int
    upstream: Upstream

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def send(self, data: bytes) -> Answer:
        """Send bytes and read one answer."""
        async with self.connected() as (reader, writer):
            writer.write(data)
            return await read_answer(reader)

    async def to_the_end(self, data: bytes) -> tuple[Answer, bytes]:
        """Send bytes; return the first answer, and what else comes until the server closes."""
        async with self.connected() as (reader, writer):
            writer.write(data)
            answer = await read_answer(reader)
            async with asyncio.timeout(PATIENCE):
                return answer, await reader.read()

    async def ask(
        self,
        method: str = "POST",
        target: str = "/v1/messages",
        *headers: str,
        data: bytes | None = None,
        host: str | None = "127.0.0.1",
        key: str | None = KEY,
    ) -> Answer:
        """Send a request that is whole and correct but for what is asked for."""
        async with self.connected() as (reader, writer):
            writer.write(request(method, target, *headers, data=data, host=host, key=key))
            return await read_answer(reader, has_body=method != "HEAD")


def request(
    method: str = "POST",
    target: str = "/v1/messages",
    *headers: str,
    data: bytes | None = None,
    host: str | None = "127.0.0.1",
    key: str | None = KEY,
    version: str = "HTTP/1.1",
) -> bytes:
    data = json.dumps(body()).encode() if data is None and method == "POST" else data or b""
    lines = [f"{method} {target} {version}"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [f"x-api-key: {key}"] if key is not None else []
    if data and not any(h.lower().startswith(("content-length", "transfer-enc")) for h in headers):
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + data


async def read_answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> Answer:
    """Read one answer; it has a length, or comes in chunks."""
    async with asyncio.timeout(PATIENCE):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return Answer(0, {}, b"")
        except ConnectionError:
            return Answer(0, {}, b"")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines) if k}
        if has_body and "content-length" in headers:
            content = await reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            content = b""
            while size := int(await reader.readline(), 16):
                content += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            content = b""
    version, status, *_ = first.split()
    return Answer(int(status), headers, content, version)


@pytest.fixture
def limits() -> Limits:
    """What a test sets, if the usual ones are too large for it."""
    return Limits()


@pytest.fixture
def server_settings() -> dict[str, Any]:
    return {}


@pytest.fixture
async def door(
    limits: Limits, server_settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Door]:
    """A server; at its end nothing is left of what it was sent, and no fault is in its log."""
    caplog.set_level(logging.INFO)
    upstream = Upstream()
    bound: asyncio.Future[BoundAddress] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    async with TestServer(upstream.app()) as behind:
        ollama = Ollama(base_url=str(behind.make_url("")).rstrip("/"), timeout_seconds=5)
        settings = Settings(server=Server(port=0, **server_settings), ollama=ollama)
        context = GatewayContext(settings, KEY, "i", None, "d")
        serving = asyncio.create_task(
            serve(context, stop, bound.set_result, limits=limits, drain_seconds=1)
        )
        try:
            host, port, _ = await asyncio.wait_for(bound, PATIENCE)
            yield Door(host, port, upstream)
        finally:
            stop.set()
            await asyncio.wait_for(serving, PATIENCE)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    faults = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR or r.exc_info]
    assert faults == []
