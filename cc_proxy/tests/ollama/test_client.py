"""The one HTTP client towards Ollama."""

from aiohttp import web
from aiohttp.test_utils import TestServer

from cc_proxy.app.ollama.client import OllamaClient
from cc_proxy.app.ollama.models import from_version


async def test_a_login_in_the_address_counts_before_the_key() -> None:
    seen: list[str | None] = []

    async def version(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"version": "0.32.15"})

    app = web.Application()
    app.router.add_get("/api/version", version)
    async with TestServer(app) as server:
        url = f"http://user:pass@127.0.0.1:{server.port}"
        async with OllamaClient(url, api_key="a-key", silence_seconds=1) as client:
            assert await client.ask("/api/version", from_version) == "0.32.15"
            assert "pass" not in client.shown_url
        async with OllamaClient(
            f"http://127.0.0.1:{server.port}", api_key="a-key", silence_seconds=1
        ) as client:
            await client.ask("/api/version", from_version)
    assert seen == ["Basic dXNlcjpwYXNz", "Bearer a-key"]
