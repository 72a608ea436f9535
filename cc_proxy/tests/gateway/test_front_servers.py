"""nginx, HAProxy and Caddy before two instances, as docs/how-to/behind-a-web-server.md has it."""

import asyncio
import io
import json
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import ClientError, ClientSession, TCPConnector, web
from aiohttp.test_utils import TestServer

from cc_proxy.app.config import Server
from cc_proxy.app.gateway.context import Shared
from cc_proxy.app.gateway.http.server import application

from .conftest import KEY, PATIENCE, SOON, Gateway, Upstream, body, done, line

PAGE = Path(__file__).parents[3] / "docs/how-to/behind-a-web-server.md"
NAME = "gateway.example.com"
MEGABYTE = 1_000_000
NGINX = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{page}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}
}}
{page}
"""


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"server": Server(allowed_hosts=(NAME,))}


@dataclass
class Front:
    """The address of a web server, and a client that trusts it."""

    url: str
    client: ClientSession

    def post(self, asked: dict[str, Any], session: str = "") -> Any:
        headers = {"Host": NAME, "x-api-key": KEY, "X-Claude-Code-Session-Id": session}
        return self.client.post(
            f"{self.url}/v1/messages",
            data=io.BytesIO(json.dumps(asked).encode()),
            headers=headers,
            server_hostname=NAME,
        )


def written(kind: str, folder: Path, ports: tuple[int, ...], listens: int) -> list[str]:
    """Write the page's configuration with addresses and files of here; return the command."""
    (page,) = re.findall(
        rf"^```{kind}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    for shown, port in zip((3461, 3462), ports, strict=True):
        page = page.replace(f"127.0.0.1:{shown}", f"127.0.0.1:{port}")
    page = page.replace("/etc/ssl", str(folder))
    file = folder / kind
    if kind == "nginx":
        page = page.replace("listen 443", f"listen 127.0.0.1:{listens}")
        user = "user root;" if os.getuid() == 0 else ""
        page = NGINX.format(folder=folder, page=page, user=user)
        command = ["nginx", "-c", str(file), "-p", str(folder), "-g", "daemon off;"]
    elif kind == "haproxy":
        page = page.replace("bind :443", f"bind 127.0.0.1:{listens}")
        command = ["haproxy", "-db", "-f", str(file)]
    else:
        page = page.replace(f"{NAME} {{", f"https://{NAME}:{listens} {{\n    bind 127.0.0.1")
        page = CADDY.format(folder=folder, page=page)
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]
    file.write_text(page, "utf-8")
    return command


@pytest.fixture
async def second(gateway: Gateway) -> AsyncIterator[tuple[int, Shared]]:
    """Another instance with a state of its own, over the same upstream."""
    shared = Shared(gateway.shared.context, gateway.shared.upstreams, pace=SOON)
    gateway.shared.pace = SOON
    async with TestServer(application(shared), handler_cancellation=True) as server:
        assert server.port is not None
        yield server.port, shared


@pytest.fixture(
    params=[
        pytest.param(
            name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"Debian has {name}")
        )
        for name in ("nginx", "haproxy", "caddy")
    ]
)
async def front(
    request: pytest.FixtureRequest,
    gateway: Gateway,
    second: tuple[int, Shared],
    tmp_path: Path,
) -> AsyncIterator[Front]:
    authority = trustme.CA()
    issued = authority.issue_cert(NAME)
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "gateway.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "gateway.key"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "gateway-with-key.pem"))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ports = (int(gateway.url.rpartition(":")[2]), second[0])
    command = written(request.param, tmp_path, ports, port)
    said = (tmp_path / "said").open("wb")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=said, stderr=said, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    )
    try:
        async with ClientSession(connector=TCPConnector(ssl=trust)) as client:
            found = Front(f"https://127.0.0.1:{port}", client)
            await _answers(found, process)
            yield found
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        said.close()


async def _answers(front: Front, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.returncode is None, "it has ended; tmp_path/said has why"
            try:
                async with front.client.get(
                    front.url, headers={"Host": NAME}, server_hostname=NAME
                ) as response:
                    if response.status == web.HTTPOk.status_code:
                        return
            except ClientError:  # it is about to start
                pass
            await asyncio.sleep(0.05)


async def test_words_come_one_by_one_large_requests_pass_and_sessions_stay(
    front: Front, gateway: Gateway, second: tuple[int, Shared], upstream: Upstream
) -> None:
    sessions = [f"session-{number}" for number in range(24)]
    for session in [*sessions, *sessions]:
        async with front.post(body(), session) as response:
            assert response.status == 200, await response.text()
    places = [
        {one.id: one.requests for one in shared.activity.sessions.all()}
        for shared in (gateway.shared, second[1])
    ]
    assert places[0]
    assert places[1]
    assert places[0] | places[1] == dict.fromkeys(sessions, 2)
    assert not places[0].keys() & places[1].keys()

    go_on = asyncio.Event()

    async def chat(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(line("One"))
        await go_on.wait()
        await response.write(line(" two") + done())
        return response

    upstream.chat = chat
    heard = b""
    async with asyncio.timeout(PATIENCE), front.post(body(stream=True)) as response:
        async for raw in response.content:
            heard += raw
            if b'"One"' in raw:
                # The first word is here, and the second one was not said yet.
                go_on.set()
    assert go_on.is_set()
    assert b'" two"' in heard
    assert b"message_stop" in heard

    long = [{"role": "user", "content": "word " * (20 * MEGABYTE // 5)}]
    async with front.post(body(messages=long)) as response:
        assert response.status == 400
        assert json.loads(await response.read())["error"]["message"].startswith("prompt is too")
