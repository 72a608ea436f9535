"""What a running proxy keeps of large requests, from the outside."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc_proxy.tests.cli.conftest import Home, Upstream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process has")
MIB = 1024 * 1024
SIZE = 16 * MIB


def bodies() -> Iterator[tuple[str, bytes]]:
    """Yield 40 requests of 16 MiB, each unlike the others: accepted, refused, and only counted."""
    for number in range(5):
        text = f"{number} " + "word " * (SIZE // 5)
        small = "[" + f'"{number}",' + "[]," * (SIZE // 3) + "0]"
        tool = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}
        search = {"type": "web_search_20250305", "name": "web_search"}
        domains = [f"a{number}-{n}.example.com" for n in range(SIZE // 24)]
        call = {"type": "tool_use", "id": f"{number}" * SIZE, "name": "Read", "input": {}}
        for count, fields in (
            (False, {"system": text}),
            (True, {"system": text}),
            (False, {"tools": [tool | {"description": text}]}),
            (True, {"tools": [tool | {"input_schema": {"enum": "HERE"}}]}),
            (False, {"tools": [tool, search | {"allowed_domains": domains}]}),
            (True, {"messages": [{"role": "user", "content": text}]}),
            (False, {"messages": [{"role": "assistant", "content": [call]}]}),
            (False, {"model": "m" + "x" * SIZE}),
        ):
            asked = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "a"}]}
            body = json.dumps(asked | fields).replace('"HERE"', small)
            yield ("/v1/messages/count_tokens" if count else "/v1/messages"), body.encode()


def resident(pid: int) -> int:
    """Return the memory of a process, in bytes."""
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1024


def test_40_requests_of_16_mib_leave_the_memory_as_it_is(home: Home, upstream: Upstream) -> None:
    upstream.released.set()
    home.environ["OLLAMA_BASE_URL"] = upstream.url
    started = home.json("start").data
    key = (home.run_dir / "auth.key").read_text().strip()
    held, codes = [], []
    for path, body in bodies():
        request = urllib.request.Request(  # noqa: S310 - our own server
            started["url"] + path, body, {"x-api-key": key}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310 - as above
                codes.append(response.status)
        except urllib.error.HTTPError as error:
            with error:
                codes.append(error.code)
        held.append(resident(started["pid"]))
    assert len(held) == 40
    assert {200, 400} <= set(codes)
    # Kept by their bytes, as they once were, they would be more than a gigabyte.
    assert max(held) < 450 * MIB, [size // MIB for size in held]
