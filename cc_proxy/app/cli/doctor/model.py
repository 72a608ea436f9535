"""Checks for which the model itself is asked: an answer, its speed, a tool call, the prefix."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from cc_proxy.app.addresses import url
from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.last_chunk import last_chunk
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.model_names import ANY_CLAUDE, same_model
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.cli.claude.profiles import PROFILES, recommended
from cc_proxy.app.cli.doctor.check import Check, fail, ok, warn
from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.config import LoadedConfig
from cc_proxy.app.gateway.context import GatewayContext
from cc_proxy.app.gateway.http.listening import BoundAddress
from cc_proxy.app.gateway.http.server import serve
from cc_proxy.app.gateway.routing.thinking_forms import (
    ThinkingRetention,
    common_length,
    kept_thinking,
)
from cc_proxy.app.translate.answer.retry.empty_answer import own_words
from cc_proxy.app.translate.request.build import chat_request

_NANOSECONDS = 1e9
# What is asked for: a word, and a call with some thinking before it.
_SHORT = 8
_MAX_TOKENS = 2_048
# In tokens a second; nobody waits for less.
_SLOWEST = 0.5
_MORE_SECONDS = 30.0
# A short prompt is read at a pace that a long one does not keep: on a real Ollama 400 words gave
# twenty times the speed of 11,000 tokens. So a machine that is done quickly reads a longer one, up
# to about what Claude Code sends first.
_READ_WORDS = (400, 3_000, 9_000)
_ENOUGH_READING_SECONDS = 2.0
# Of the window; a word is a token, and rarely two.
_READ_SHARE = 0.4
# The end of a prompt may belong to the answer that is asked for, and go with the next turn.
_OPENER_CHARACTERS = 64
_TOOL = {
    "name": "Read",
    "description": "Reads a file and returns its content.",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string", "description": "The path of the file."}},
        "required": ["file_path"],
    },
}
_FILE = "/tmp/notes.txt"  # noqa: S108 - only a model reads it; no file is touched


async def answer(target: Target, ollama: Upstream) -> list[Check]:
    """Have the model loaded and say a few words; report how long each part took."""
    began = time.monotonic()
    try:
        last = await _read_words(target, ollama, _READ_WORDS[0])
        took = time.monotonic() - began
        longest = await _read_more(target, ollama, last)
    except UpstreamError as error:
        return [fail("answer", error.message, error.hint or "cc-proxy models")]
    load, read = last.load_duration / _NANOSECONDS, last.prompt_eval_duration / _NANOSECONDS
    text = f"{last.eval_count} tokens in {took:.1f} s (loading {load:.1f} s, reading {read:.1f} s"
    write = last.eval_duration / _NANOSECONDS
    speed = f", writing {last.eval_count / write:,.0f} tokens/s)" if write > 0 else ")"
    return [ok("answer", text + speed), *_reading(longest, target.window)]


async def _read_more(target: Target, ollama: Upstream, last: ChatChunk) -> ChatChunk:
    """Return the end of the longest answer that was needed to measure how fast the model reads."""
    for words in _READ_WORDS[1:]:
        seconds = last.prompt_eval_duration / _NANOSECONDS
        if seconds >= _ENOUGH_READING_SECONDS or words > target.window * _READ_SHARE:
            break
        last = await _read_words(target, ollama, words)
    return last


async def _read_words(target: Target, ollama: Upstream, count: int) -> ChatChunk:
    # A beginning that the model cannot know already: all of it is read.
    words = " ".join(["word"] * count)
    asked = _message(f"{secrets.token_hex(8)} {words} Reply with the word yes.", max_tokens=_SHORT)
    request = chat_request(decode(asked), target).request
    return await last_chunk(ollama.chat(ollama.encode(request, target)), _SHORT, ollama.title)


async def memory(target: Target, ollama: Upstream, reading: Check | None = None) -> Check:
    """Check where the model that is loaded now has found room.

    `reading` is what was found about its speed, and names the profile if that is slow.
    """
    name = "memory"
    try:
        loaded = await ollama.loaded()
    except UpstreamError as error:
        return fail(name, error.message, error.hint)
    found = next((one for one in loaded if same_model(one.name, target.model.name)), None)
    if found is None or not found.size:
        return ok(name, "Ollama does not say where it is")
    share = found.size_vram / found.size
    if share >= 1:
        return ok(name, "all of it on the GPU")
    window = f"with a window of {found.context_length:,} tokens"
    if share <= 0:
        return _on_cpu(f"all on the CPU, {window}", reading)
    text = f"{1 - share:.0%} of it on the CPU, {window}: slower"
    smaller = max(ENOUGH_WINDOW, found.context_length // 2)
    if smaller < found.context_length:
        return warn(name, text, f"context_window: {smaller}  # in cc-proxy.user.yaml")
    return warn(name, text, "cc-proxy models pull a smaller one, or a smaller quantization")


def _on_cpu(text: str, reading: Check | None) -> Check:
    if reading is not None and reading.status == "ok":
        return ok("memory", f"{text}, and it reads fast enough")
    fix = reading.fix if reading and reading.fix else "cc-proxy claude --profile lean"
    return warn("memory", text, fix)


async def tool_call(loaded: LoadedConfig) -> Check:
    """Have the model call a tool, through a proxy of this moment's own: the whole way."""
    name = "tool_call"
    body = _message(
        f"Read the file {_FILE} with the tool Read. Do nothing else.",
        max_tokens=_MAX_TOKENS,
        tools=[_TOOL],
    )
    began = time.monotonic()
    try:
        # The proxy itself gives up on Ollama first, and says so.
        patience = loaded.settings.ollama.timeout_seconds + _MORE_SECONDS
        longest = patience + _MAX_TOKENS / _SLOWEST
        timeout = aiohttp.ClientTimeout(total=longest, sock_read=patience)
        async with (
            own_gateway(loaded) as (url, key),
            aiohttp.ClientSession(timeout=timeout) as http,
        ):
            headers = {"x-api-key": key}
            async with http.post(f"{url}/v1/messages", data=body, headers=headers) as response:
                reply = await response.json()
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return fail(name, f"the proxy broke off: {error}", "cc-proxy logs")
    took = time.monotonic() - began
    if "error" in reply:
        return fail(name, reply["error"]["message"], "cc-proxy models")
    return _judged(reply, took)


async def prefix(target: Target, ollama: Upstream) -> Check | None:
    """Check that a turn's prompt begins with that of the turn before; None if it cannot be seen."""
    name = "prefix"
    try:
        earlier = await _rendered(target, ollama, _TURNS[:1])
        later = await _rendered(target, ollama, _TURNS)
    except UpstreamError as error:
        return fail(name, error.message, error.hint)
    if earlier is None or later is None:
        return None
    common = common_length(earlier, later)
    if common >= len(earlier) - _OPENER_CHARACTERS:
        kept = f"the next turn keeps {common:,} of {len(earlier):,} characters"
        return await _forgets_thinking(target, ollama) or ok(name, kept)
    text = (
        f"the next turn keeps only {common:,} of {len(earlier):,} characters: the model's template"
        " changes what came before, and all after it is read again at every turn"
    )
    return warn(name, text, "cc-proxy models pull another model, or a newer version of this one")


async def _forgets_thinking(target: Target, ollama: Upstream) -> Check | None:
    """Return a warning where each new message of the person's has the last turn read again."""
    if not target.model.can("thinking"):
        return None
    try:
        with_thinking = await kept_thinking(ollama, target, thinks=True)
        without = await kept_thinking(ollama, target, thinks=False)
    except UpstreamError as error:
        return fail("prefix", error.message, error.hint)
    if with_thinking is None or _keeps(with_thinking):
        return None
    text = (
        "the model's template leaves out old thinking: each new message of yours makes the model"
        " read again what it did since the one before"
    )
    fix = "cc-proxy models pull another model, or a newer version of this one"
    if without is not None and _keeps(without):
        fix = "MAX_THINKING_TOKENS=0 cc-proxy claude  # without thinking nothing is read again"
    return warn("prefix", text, fix)


def _keeps(found: ThinkingRetention) -> bool:
    return found.kept >= found.of - _OPENER_CHARACTERS


_TURNS: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": f"What is in {_FILE}?"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "I will look."},
            {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": _FILE}},
        ],
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "toolu_1",
                "content": "a line",
                "cache_control": {"type": "ephemeral"},
            }
        ],
    },
]


def _reading(last: ChatChunk, window: int) -> list[Check]:
    seconds = last.prompt_eval_duration / _NANOSECONDS
    if seconds <= 0 or not last.prompt_eval_count:
        return []
    speed = last.prompt_eval_count / seconds
    first = duration(PROFILES["full"].first_tokens / speed)
    read = f"{last.prompt_eval_count:,} tokens"
    told = f"{speed:,.0f} tokens/s for {read}; Claude Code's first request takes {first}"
    if recommended(speed) == "full":
        return [ok("reading_speed", told)]
    profile = recommended(speed, window)
    given_up = PROFILES[profile].gives_up
    text = f"{told}. The profile {profile} gives up {given_up}"
    return [warn("reading_speed", text, f"cc-proxy claude --profile {profile}")]


def _judged(reply: dict[str, Any], took: float) -> Check:
    name = "tool_call"
    calls = [block for block in reply["content"] if block["type"] == "tool_use"]
    if not calls:
        texts = [block.get("text", "") for block in reply["content"]]
        written = " ".join(" ".join(t for t in texts if own_words(t) is None).split())
        ours = next(filter(None, map(own_words, texts)), "nothing")
        found = f"it wrote: {written[:120]!r}" if written else f"no call came: {ours}"
        text = f"asked to call a tool, {found}"
        return fail(name, text, "cc-proxy models recommend")
    call = calls[0]
    if call["name"] != "Read" or call["input"].get("file_path") != _FILE:
        text = f"it called {call['name']} with {json.dumps(call['input'])[:120]}"
        return warn(name, f"{text}, not Read with {_FILE}", "cc-proxy models")
    return ok(name, f"called as asked, in {took:.1f} s")


async def _rendered(target: Target, ollama: Upstream, turns: list[dict[str, Any]]) -> str | None:
    """Return the prompt of a conversation as the model's template makes it, None if not told."""
    tools = [_TOOL] if target.model.can("tools") else []
    # An Ollama that does not know the question answers the conversation instead: briefly.
    asked = {
        "model": ANY_CLAUDE,
        "max_tokens": 1,
        "system": [{"type": "text", "text": "You help in a terminal."}],
        "messages": turns,
        **({"tools": tools} if tools else {}),
    }
    request = chat_request(decode(json.dumps(asked).encode()), target).request
    return await ollama.rendered_prompt(ollama.encode(request, target))


def _message(text: str, **fields: object) -> bytes:
    body = {"model": ANY_CLAUDE, "messages": [{"role": "user", "content": text}], **fields}
    return json.dumps(body).encode()


@asynccontextmanager
async def own_gateway(loaded: LoadedConfig) -> AsyncIterator[tuple[str, str]]:
    """Give the address and the key of a proxy that serves for as long as the block takes."""
    server = msgspec.structs.replace(loaded.settings.server, host="127.0.0.1", port=0)
    context = GatewayContext(
        settings=msgspec.structs.replace(loaded.settings, server=server),
        auth_key=secrets.token_urlsafe(),
        instance_id="doctor",
        config_path=loaded.path,
        config_digest=loaded.digest,
    )
    loop = asyncio.get_running_loop()
    stop, ready = asyncio.Event(), loop.create_future()

    def listening(bound: BoundAddress) -> None:
        ready.set_result(url(bound.host, bound.port))

    serving = asyncio.create_task(serve(context, stop, listening, drain_seconds=0))
    try:
        await asyncio.wait([serving, ready], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            serving.result()  # raises what kept it from listening
        yield ready.result(), context.auth_key
    finally:
        stop.set()
        await serving
