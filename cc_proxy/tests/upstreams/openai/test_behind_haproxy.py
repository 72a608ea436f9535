"""Two vLLM servers behind a real HAProxy, as docs/how-to/openai-servers.md has it."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from cc_proxy.app.config import UpstreamSettings
from cc_proxy.tests.docs.shown import ROOT
from cc_proxy.tests.gateway.conftest import PATIENCE
from cc_proxy.tests.upstreams.openai import gateway as gateways
from cc_proxy.tests.upstreams.openai.stand import HEADERS, vllm_server

PAGE = ROOT / "docs/how-to/openai-servers.md"


@asynccontextmanager
async def haproxy(folder: Path, servers: tuple[str, str]) -> AsyncIterator[str]:
    """Run the page's configuration with addresses of here, and give its address."""
    (text,) = re.findall(
        r"^```haproxy\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    for shown, url in zip(("127.0.0.1:8001", "127.0.0.1:8002"), servers, strict=True):
        text = text.replace(shown, url.removeprefix("http://"))
    (folder / "haproxy.cfg").write_text(text, "utf-8")
    process = await asyncio.create_subprocess_exec(
        *("haproxy", "-db", "-f", str(folder / "haproxy.cfg")),
        env={"PATH": os.environ["PATH"]},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def answers(url: str) -> None:
    async with ClientSession() as client, asyncio.timeout(PATIENCE):
        while True:
            try:
                async with client.get(f"{url}/v1/models") as response:
                    if response.status == 200:
                        return
            except ClientError:  # it is about to start
                pass
            await asyncio.sleep(0.05)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="Debian has haproxy")
async def test_each_session_stays_on_one_server(tmp_path: Path) -> None:
    async with (
        vllm_server() as (one, first),
        vllm_server() as (two, second),
        haproxy(tmp_path, (one, two)) as url,
    ):
        await answers(url)
        async with gateways.serving(UpstreamSettings(url=url)) as gateway:
            for number in [*range(12), *range(12)]:
                session = {"X-Claude-Code-Session-Id": f"session-{number}"}
                gateway.client.headers.update(session)
                await gateway.ask("hi")
        # HAProxy writes the names of headers in lower case.
        seen = [[one["x-session-id"] for one in app[HEADERS]] for app in (first, second)]
        assert all(seen)
        assert not set(seen[0]) & set(seen[1])
        assert sorted(map(len, (set(seen[0]) | set(seen[1]), seen[0] + seen[1]))) == [12, 24]
