"""Checks of a server with OpenAI's chat API: that it answers, what it is, what it serves."""

from dataclasses import replace

from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.host_group import HostGroup
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.cli.doctor.check import Check, fail, ok, warn
from cc_proxy.app.upstreams.openai.servers import ServerEngine
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream

NAME = "server"
_FLAGS = {
    ServerEngine.VLLM: "--enable-prompt-tokens-details",
    ServerEngine.SGLANG: "--enable-cache-report",
}


async def reach_hosts(group: HostGroup) -> list[Check]:
    """Check that the hosts of a group answer; one that does not is no failure beside one that does.

    Hosts that have one name for two versions of a model are named.
    """
    checks = [await reach_one(host.upstream) for host in group.hosts]
    if any(check.status == "ok" for check in checks):
        checks = [replace(one, status="warn") if one.status == "fail" else one for one in checks]
        checks += [
            warn(NAME, f"{name} differs between hosts of {group.name}", "Pull it on each.")
            for name in await group.differing_models()
        ]
    return checks


async def reach_one(upstream: Upstream) -> Check:
    """Check that a server answers, and which version."""
    try:
        version = await upstream.version()
    except UpstreamError as error:
        return fail(NAME, error.message, error.hint)
    return ok(NAME, f"{upstream.name} at {upstream.shown_url}: {version}")


async def reach(upstream: OpenAIUpstream) -> list[Check]:
    """Check that the server answers; report what it is, and its models."""
    try:
        version = await upstream.version()
        names = [model.name for model in await upstream.models()]
    except UpstreamError as error:
        return [fail(NAME, error.message, error.hint)]
    where = f"{upstream.name} at {upstream.shown_url}: {version}"
    if not names:
        return [warn(NAME, f"{where}, which serves no model", "Load a model in it.")]
    checks = [ok(NAME, f"{where}, serves {', '.join(names)}")]
    if slots := upstream.slots:
        each = "each conversation has its own" if slots > 1 else "conversations share it"
        checks.append(ok("slots", f"{slots}; {each}"))
    if flag := _FLAGS.get(upstream.engine):
        text = "a count of cached tokens comes only from a server that was started to give one"
        checks.append(ok("cache_report", f"{text}: {flag}"))
    return checks
