"""`GET /metrics`: what Prometheus gets, by a strict parser and by its own tool."""

import asyncio
import json
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, web

from cc_proxy.app.gateway.activity.metrics import ProcessFacts, metrics_text
from cc_proxy.app.gateway.activity.tracker import ActivityTracker

from .conftest import KEY, Gateway, Upstream, body, done, line, says
from .exposition_parser import Family, parse

PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
IN_DEBIAN = "it is in Debian's package prometheus"
# As docs/reference/metrics.md has it.
SCRAPES = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: cc-proxy
    authorization:
      credentials_file: {key_file}
    static_configs:
      - targets: ["{target}"]
"""
ROOT = Path(__file__).parents[3]
READ = {
    "name": "Read",
    "description": "Reads.",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
}
SESSION = {"X-Claude-Code-Session-Id": "session-1", "User-Agent": "claude-cli/2.1.332"}
OF_M = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "ollama",
    "gen_ai_request_model": "m",
}


async def text_of(gateway: Gateway) -> str:
    async with gateway.client.get(gateway.url + "/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return await response.text()


async def scraped(gateway: Gateway) -> dict[str, Family]:
    return parse(await text_of(gateway))


async def ask(gateway: Gateway, model: str = "m") -> None:
    asked = body(model=model, stream=True, tools=[READ])
    async with gateway.client.post(
        gateway.url + "/v1/messages", json=asked, headers=SESSION
    ) as response:
        await response.read()


async def test_a_proxy_that_has_done_nothing_has_valid_metrics(gateway: Gateway) -> None:
    found = await scraped(gateway)
    assert found["cc_proxy_requests"].value("cc_proxy_requests", state="reading") == 0
    assert found["cc_proxy_http_requests_in_flight"].samples == {
        ("cc_proxy_http_requests_in_flight", ()): 0
    }


async def test_requests_are_counted_by_class_and_outcome(
    gateway: Gateway, upstream: Upstream
) -> None:
    await ask(gateway)
    await gateway.ask()

    async def chat(_request: web.Request) -> web.Response:
        return web.json_response({"error": "model is broken"}, status=500)

    upstream.chat = chat
    await gateway.ask()
    found = await scraped(gateway)
    requests = found["cc_proxy_requests_total"]
    assert {key: value for (_, key), value in requests.samples.items()} == {
        (("class", "main"), ("outcome", "ok")): 1,
        (("class", "other"), ("outcome", "ok")): 1,
        (("class", "other"), ("outcome", "failed")): 1,
    }
    errors = found["cc_proxy_upstream_errors_total"]
    assert errors.value("cc_proxy_upstream_errors_total", code="upstream_refused") == 1


async def test_tokens_and_times_are_told_for_each_model(
    gateway: Gateway, upstream: Upstream
) -> None:
    counts = {"prompt_eval_count": 2000, "prompt_eval_cached_count": 1500, "eval_count": 40}
    upstream.chat = says(line("Hello"), done(**counts))
    for _ in range(2):
        await ask(gateway)
    found = await scraped(gateway)
    tokens = found["cc_proxy_tokens_total"]
    assert [
        tokens.value("cc_proxy_tokens_total", gen_ai_request_model="m", kind=kind)
        for kind in ("read", "reused", "written")
    ] == [1000, 3000, 80]
    usage = found["gen_ai_client_token_usage"]
    name = "gen_ai_client_token_usage_sum"
    assert usage.value(name, **OF_M, gen_ai_token_type="input") == 4000
    assert usage.value(name, **OF_M, gen_ai_token_type="output") == 80
    for family in (
        "gen_ai_server_request_duration_seconds",
        "gen_ai_server_time_to_first_token_seconds",
    ):
        assert found[family].value(f"{family}_count", **OF_M) == 2
    window = found["cc_proxy_context_window_tokens"]
    assert window.value("cc_proxy_context_window_tokens", gen_ai_request_model="m") == 65536


async def test_rescued_and_repaired_calls_are_counted(gateway: Gateway, upstream: Upstream) -> None:
    call = '<tool_call>\n{"name": "Read", "arguments": {"path": 5}}\n</tool_call>'
    upstream.chat = says(line(call), done())
    await ask(gateway)
    found = await scraped(gateway)
    for name in ("tool_calls", "rescued_tool_calls", "repaired_tool_calls"):
        assert list(found[f"cc_proxy_{name}_total"].samples.values()) == [1], name


async def test_a_strange_name_of_a_model_breaks_no_line(gateway: Gateway) -> None:
    await ask(gateway, 'odd"\\\n}\x00\x1b[2Jname')
    found = await scraped(gateway)
    assert "\x1b" not in await text_of(gateway)
    window = found["cc_proxy_context_window_tokens"]
    name = "cc_proxy_context_window_tokens"
    assert window.value(name, gen_ai_request_model='odd"\\\n}\\x00\\x1b[2Jname') == 65536


async def test_a_session_is_no_label(gateway: Gateway) -> None:
    await ask(gateway)
    assert "session-1" not in await text_of(gateway)


async def test_it_needs_the_key_and_refuses_web_pages(gateway: Gateway) -> None:
    url = gateway.url + "/metrics"
    async with gateway.client.get(url, headers={"x-api-key": "wrong"}) as response:
        assert response.status == 401
    async with gateway.client.get(url, headers={"Origin": "https://a.example"}) as response:
        assert response.status == 403


async def test_every_metric_is_on_its_page(gateway: Gateway) -> None:
    found = await scraped(gateway)
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE))
    assert told == {name: family.kind for name, family in found.items()}


@pytest.mark.skipif(PROMTOOL is None, reason=IN_DEBIAN)
async def test_promtool_finds_nothing_to_say(gateway: Gateway) -> None:
    await ask(gateway)
    text = await text_of(gateway)
    checking = await asyncio.create_subprocess_exec(
        str(PROMTOOL),
        "check",
        "metrics",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await checking.communicate(text.encode())
    assert (checking.returncode, said) == (0, b"")


@pytest.mark.skipif(PROMETHEUS is None, reason=IN_DEBIAN)
async def test_prometheus_scrapes_it_as_the_page_says(gateway: Gateway, tmp_path: Path) -> None:
    await ask(gateway)
    (tmp_path / "auth.key").write_text(KEY + "\n", encoding="utf-8")
    target = gateway.url.removeprefix("http://")
    config = tmp_path / "prometheus.yml"
    config.write_text(SCRAPES.format(key_file=tmp_path / "auth.key", target=target), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(
        str(PROMETHEUS),
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        found = await queried(gateway, port, 'cc_proxy_requests_total{class="main"}')
    finally:
        server.terminate()
        await server.wait()
    assert found["metric"]["outcome"] == "ok"
    assert found["value"][1] == "1"


async def queried(gateway: Gateway, port: int, query: str) -> dict[str, Any]:
    """Return the first result of a query, as soon as there is one."""
    url = f"http://127.0.0.1:{port}/api/v1/query"
    async with asyncio.timeout(60):
        while True:
            try:
                async with gateway.client.get(url, params={"query": query}) as response:
                    results = (await response.json())["data"]["result"]
            except ClientError:  # it is about to start
                results = []
            if results:
                first: dict[str, Any] = results[0]
                return first
            await asyncio.sleep(0.2)


@pytest.mark.parametrize(
    "text",
    [
        "a 1",
        "a 1\n",
        "# HELP a b\n# TYPE a counter\na 1\n",
        "# HELP a b\n# TYPE a gauge\na 1\na 2\n",
        '# HELP a b\n# TYPE a gauge\na{b="c"d="e"} 1\n',
        '# HELP a b\n# TYPE a gauge\na{b="c\\d"} 1\n',
        '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_sum 1\na_count 2\n',
    ],
)
def test_the_parser_refuses_what_is_not_the_format(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        parse(text)


def test_the_dashboard_shows_metrics_that_there_are() -> None:
    dashboard = json.loads((ROOT / "docs/assets/grafana-dashboard.json").read_text("utf-8"))
    facts = ProcessFacts(0.0, "ollama", {}, 0)
    families = parse(metrics_text(ActivityTracker(), facts))
    known = {
        name + suffix
        for name, family in families.items()
        for suffix in (("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",))
    }
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = {name for query in queries for name in re.findall(r"(?:cc_proxy|gen_ai)_\w+", query)}
    labels = {"gen_ai_request_model", "gen_ai_token_type"}
    assert used - known - labels == set()
    assert len(used) > 12
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in dashboard["panels"])
