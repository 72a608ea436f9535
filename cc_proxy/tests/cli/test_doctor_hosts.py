"""What doctor says of the hosts of an upstream."""

from contextlib import AsyncExitStack

import pytest
from aiohttp.test_utils import TestServer

from cc_proxy.app.chat.host_group import HostGroup
from cc_proxy.app.cli.doctor.server import reach_hosts
from cc_proxy.app.config import Settings, UpstreamSettings
from cc_proxy.app.upstreams.choice import all_configured
from cc_proxy.tests.gateway.conftest import Upstream


@pytest.mark.parametrize(
    ("away", "statuses"),
    [((), ["ok", "ok", "warn"]), ((1,), ["ok", "warn"]), ((0, 1), ["fail"] * 2)],
)
async def test_a_host_that_is_away_fails_only_where_none_answers(
    away: tuple[int, ...], statuses: list[str]
) -> None:
    async with AsyncExitStack() as stack:
        hosts = [Upstream(tags=[{"name": "m:1", "digest": digest}]) for digest in ("one", "two")]
        servers = [await stack.enter_async_context(TestServer(host.app())) for host in hosts]
        urls = tuple(str(server.make_url("")).rstrip("/") for server in servers)
        for number in away:
            await servers[number].close()
        settings = Settings(upstreams={"gpus": UpstreamSettings(kind="ollama", urls=urls)})
        upstreams = await stack.enter_async_context(all_configured(settings))
        group = upstreams.first
        assert isinstance(group, HostGroup)
        checks = await reach_hosts(group)
    assert [check.status for check in checks] == statuses
    if not away:
        assert checks[-1].detail == "m:1 differs between hosts of gpus"
