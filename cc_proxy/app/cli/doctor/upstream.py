"""Checks of Ollama: where it is, and whether the default model suits Claude Code."""

import asyncio
import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from shutil import which
from urllib.parse import urlsplit

from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import (
    ModelNotFoundError,
    UpstreamError,
    UpstreamRefusedError,
    UpstreamStalledError,
    UpstreamUnreachableError,
)
from cc_proxy.app.chat.model_names import ANY_CLAUDE, full_name, same_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.cli.claude.profiles import for_window, in_window
from cc_proxy.app.cli.doctor.check import Check, fail, ok, warn
from cc_proxy.app.cli.models.choice import UNFIT_MARK
from cc_proxy.app.cli.output.amounts import size
from cc_proxy.app.config import LoadedConfig, Settings, resolve_model, unread_variable
from cc_proxy.app.control.wire import ModelSessions
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.gateway.routing.nearest import did_you_mean
from cc_proxy.app.gateway.storage.fitness_verdicts import KeptTest, is_unfit
from cc_proxy.app.upstreams.ollama.absence import HOST_NAMES
from cc_proxy.app.upstreams.ollama.client import OllamaClient
from cc_proxy.app.upstreams.ollama.listing import from_version

PULL = "cc-proxy models recommend"
_TESTED = (0, 32)
_PORT = 11434
_SIDE_BY_SIDE = 2
NO_SOCKS = (
    "An HTTP proxy: ollama.proxy in cc-proxy.user.yaml. Instead of a SOCKS server:"
    f" ssh -N -L {_PORT}:127.0.0.1:{_PORT} HOST, with the default ollama.base_url"
)
_PROBE_SECONDS = 2.0
_EVERYWHERE = "OLLAMA_HOST=0.0.0.0"
# Docker's Linux engine takes the first free one of 172.17.0.0/16 and those after it.
_DOCKER_LINUX = tuple(f"172.{number}." for number in range(17, 32))
_ELSEWHERE = tuple(f"http://{host}:{_PORT}" for host in ("127.0.0.1", "[::1]", *HOST_NAMES))


@dataclass(frozen=True)
class Address:
    """One of the addresses that a host name stands for, and whether something listens there."""

    text: str
    listens: bool


async def reach(loaded: LoadedConfig, ollama: OllamaClient, container: str | None) -> list[Check]:
    """Check that Ollama answers, and which one; if it does not, find out where it may be."""
    if ollama.route.proxy:
        return await _through_proxy(loaded, ollama)
    origin = loaded.origins["ollama.base_url"]
    addresses = await _addresses(ollama.base_url)
    try:
        version = await ollama.ask("/api/version", from_version)
    except UpstreamError as error:
        host = urlsplit(ollama.base_url).hostname or ""
        if unread := unread_variable(ollama.base_url, os.environ):
            text = f"{error.message} It was asked directly: cc-proxy does not read {unread}"
            return [fail("ollama", text, NO_SOCKS)]
        fix = refusal(error) or await _found_elsewhere(ollama.base_url)
        seen = addresses[0].text if addresses else None
        fix = fix or silence(host, seen, error.hint, await _outside(container, which("ollama")))
        return [fail("ollama", f"{error.message} The address: {origin}", fix)]
    answering = ", ".join(one.text for one in addresses if one.listens)
    silent = ", ".join(one.text for one in addresses if not one.listens)
    detail = f"{ollama.shown_url} ({origin}) answers at {answering or 'its address'}"
    if silent:
        detail += f"; nothing listens at {silent}"
    return [ok("ollama", detail), _version(version)]


async def _through_proxy(loaded: LoadedConfig, ollama: OllamaClient) -> list[Check]:
    """Check that Ollama answers through an HTTP proxy, which alone need know its name."""
    way = f"through the HTTP proxy {ollama.route.shown_proxy} ({loaded.origins['ollama.proxy']})"
    try:
        version = await ollama.ask("/api/version", from_version)
    except UpstreamError as error:
        return [fail("ollama", f"{error.message} It was asked {way}", error.hint)]
    return [ok("ollama", f"{ollama.shown_url} answers {way}"), _version(version)]


def refusal(error: UpstreamError) -> str | None:
    """Return what helps against something that answers, but not as it should."""
    if isinstance(error, UpstreamUnreachableError | UpstreamStalledError):
        return None
    match error:
        case UpstreamRefusedError(status=401):
            return "export OLLAMA_API_KEY=…"
        case UpstreamRefusedError(status=403):
            # Ollama 0.32 refuses a Host that is not this machine's while it is bound to loopback.
            return "OLLAMA_HOST=0.0.0.0 ollama serve"
        case _:
            return "export OLLAMA_BASE_URL=http://127.0.0.1:11434"


def silence(host: str, address: str | None, hint: str | None, outside: str | None) -> str:
    """Return what helps when nothing answers at a host, and nowhere else either.

    `address` is what the host's name stands for, `hint` what the failed connection tells,
    `outside` what leads out of the container that this is in, if it is one.
    """
    if outside is not None and is_loopback(host):
        # In a container, loopback is the container itself.
        return outside
    if host in HOST_NAMES and address is not None and hint and _EVERYWHERE in hint:
        # What Docker Desktop and Podman give the name is no address that the host could bind to.
        if address.startswith(_DOCKER_LINUX):
            narrow = f"OLLAMA_HOST={address} ollama serve"
            return f"On the host: {narrow} (for containers alone; 0.0.0.0 lets in the network)"
        return hint
    return hint if hint and (host in HOST_NAMES or address is None) else "ollama serve"


async def default_model(
    settings: Settings, models: Models, tests: Mapping[str, KeptTest]
) -> tuple[Target | None, list[Check]]:
    """Check the model that answers for Claude's names; return it too.

    `tests` are what `models test` kept: one that it found unfit is a warning.
    """
    wanted = resolve_model(settings.aliases, ANY_CLAUDE)
    try:
        target = await models.target(ANY_CLAUDE)
    except ModelNotFoundError as error:
        near = await did_you_mean(models.upstream_for(ANY_CLAUDE), error)
        return None, [fail("default_model", f"{error.message}{near}", error.hint)]
    except UpstreamRefusedError as error:
        return None, [fail("default_model", f"{wanted}: {error.message}", "cc-proxy models")]
    except (ApiError, UpstreamError) as error:
        return None, [fail("default_model", error.message, PULL)]
    name = target.model.name
    how = "as configured" if wanted else "chosen, since none is configured"
    detail = f"{name}, {how}"
    if target.model.is_practice:
        detail += "; it is the practice server's, and plays scripts"
    chosen = ok("default_model", detail)
    if await _is_unfit(name, models, tests):
        fix = f"Choose another: cc-proxy models; or test it again: cc-proxy models test {name}"
        chosen = warn("default_model", f"{detail}; {UNFIT_MARK}", fix)
    return target, [chosen, _tools(target), _window(target)]


async def _is_unfit(name: str, models: Models, tests: Mapping[str, KeptTest]) -> bool:
    if full_name(name) not in tests:
        return False
    pulled = [one for one in await models.pulled() if same_model(one.name, name)]
    return any(is_unfit(tests, one) for one in pulled)


def _tools(target: Target) -> Check:
    able = ", ".join(sorted(target.model.capabilities)) or "none that Ollama reports"
    if target.model.can("tools"):
        return ok("tools", able)
    text = f"{target.model.name} can do {able}; Claude Code works with tools only"
    return fail("tools", text, PULL)


def _window(target: Target) -> Check:
    window, most = target.window, target.model.max_context
    detail = f"{window:,} tokens" + (f" of {most:,}" if most and most != window else "")
    if target.configured and target.configured > window:
        text = f"{detail}, all that it can have; the configuration has {target.configured:,}"
        return warn("window", text, f"context_window: {window}  # in cc-proxy.user.yaml")
    if window >= ENOUGH_WINDOW:
        return ok("window", detail)
    text = f"{detail}; Claude Code needs {ENOUGH_WINDOW:,} to work well, and {in_window(window)}"
    if most is not None and most < ENOUGH_WINDOW:
        return warn("window", text, for_window(window))
    return warn("window", text, f"context_window: {ENOUGH_WINDOW}  # in cc-proxy.user.yaml")


def parallel(target: Target, seen: Sequence[ModelSessions]) -> Check | None:
    """Report what a second slot gives and takes; None while only one session was seen.

    `seen` is what the running proxy saw of each model.
    """
    found = next((one for one in seen if same_model(one.model, target.model.name)), None)
    if found is None or (found.sessions < _SIDE_BY_SIDE and found.parallel < _SIDE_BY_SIDE):
        return None
    each = target.model.cache_bytes_per_token
    memory = f"up to {size(each * target.window)}" if each else "memory for its own window"
    sessions = f"{found.sessions} session" + ("" if found.sessions == 1 else "s")
    if found.parallel >= _SIDE_BY_SIDE:
        text = f"{sessions}; Ollama answers several requests at once, each takes {memory}"
        return ok("parallel", text)
    text = f"{sessions}; no requests were seen to run at once. With OLLAMA_NUM_PARALLEL=2 two do,"
    # bench/prefill/RESULTS.md, the rows with two slots
    return ok("parallel", f"{text} the second takes {memory}, and they read 2 to 3 times as much")


def _version(version: str) -> Check:
    found = re.match(r"(\d+)\.(\d+)", version)
    numbers = (int(found[1]), int(found[2])) if found else _TESTED
    # A local build is 0.0.0.
    if numbers >= _TESTED or numbers == (0, 0):
        return ok("ollama_version", version)
    text = f"{version}; cc-proxy is tested with {_TESTED[0]}.{_TESTED[1]}"
    return warn("ollama_version", text, "Update Ollama: https://ollama.com/download")


async def _outside(container: str | None, program: str | None) -> str | None:
    """Return what leads from a container to an Ollama: one inside it, or on its host.

    `container` is None outside of one; `program` is the Ollama that is installed here, if any.
    """
    if container is None:
        return None
    name = HOST_NAMES[0]
    host = f"export OLLAMA_BASE_URL=http://{name}:{_PORT}"
    if not await _addresses(f"http://{name}:{_PORT}"):
        host = f"Start the container with --add-host={name}:host-gateway; in it: {host}"
    if program is None:
        return host
    return f"ollama serve  # in this container; for an Ollama on the host: {host}"


async def _addresses(base_url: str) -> list[Address]:
    split = urlsplit(base_url)
    port = split.port or (443 if split.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(split.hostname, port, type=socket.SOCK_STREAM)
    except OSError:  # a name that nobody knows has no address
        return []
    texts = dict.fromkeys(str(info[4][0]) for info in found)
    return [Address(text, await _listens(text, port)) for text in texts]


async def _listens(address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):  # it hung up first
        await writer.wait_closed()
    return True


async def _found_elsewhere(base_url: str) -> str | None:
    for url in _ELSEWHERE:
        if url != base_url and await _is_ollama(url):
            return f"export OLLAMA_BASE_URL={url}"
    return None


async def _is_ollama(url: str) -> bool:
    try:
        async with (
            asyncio.timeout(_PROBE_SECONDS),
            OllamaClient(url, api_key=None, silence_seconds=_PROBE_SECONDS) as other,
        ):
            await other.ask("/api/version", from_version)
    except (UpstreamError, TimeoutError):
        return False
    return True
