"""The recorded exchanges with servers that speak OpenAI's chat API, as recordings/ has them.

A file for each server or router: llama-server (a build of October 2026), vLLM 0.32, Ray Serve LLM
2.60, an app of its own under Ray Serve, and vllm-router 0.1, SMG 1.13, sglang-router 0.3, nginx,
HAProxy and Envoy, each in front of llama-server. Bodies are byte for byte; of the requests only
the first line is kept.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recordings"
_HEAD = re.compile(r"^=== (\w+)\n(\w+) (\S+) (stream|-) (\d{3}) (closed|hung-up)\n", re.MULTILINE)


@dataclass(frozen=True)
class Exchange:
    """One answer: `streams`, a stream was asked for; `hung_up`, and not read to its end."""

    name: str
    method: str
    path: str
    streams: bool
    status: int
    hung_up: bool
    server: str
    content_type: str
    body: bytes

    @property
    def is_stream(self) -> bool:
        """Whether the answer is the stream of a chat."""
        return self.is_chat and self.status == 200 and self.body.startswith((b"data:", b":"))

    @property
    def is_chat(self) -> bool:
        return self.path == "/v1/chat/completions"

    def events(self) -> list[dict[str, Any]]:
        """Return the events of a stream, read as simply as can be: one line each, and JSON."""
        lines = self.body.decode().splitlines()
        return [
            json.loads(line.removeprefix("data: "))
            for line in lines
            if line.startswith("data: {") and line.endswith("}")
        ]


@cache
def exchanges() -> dict[str, Exchange]:
    """Return every exchange, by the name of its server and its own."""
    found = {}
    for path in sorted(FOLDER.glob("*.txt")):
        text = path.read_bytes().decode()
        heads = list(_HEAD.finditer(text))
        ends = [head.start() for head in heads[1:]] + [len(text)]
        for head, end in zip(heads, ends, strict=True):
            fields, _, body = text[head.end() : end].partition("\n\n")
            server, content_type = (line.partition(":")[2].strip() for line in fields.split("\n"))
            name = f"{path.stem}/{head[1]}"
            found[name] = Exchange(
                name=name,
                method=head[2],
                path=head[3],
                streams=head[4] == "stream",
                status=int(head[5]),
                hung_up=head[6] == "hung-up",
                server=server,
                content_type=content_type,
                body=body.removesuffix("\n").encode(),
            )
    return found


def named(name: str) -> Exchange:
    """Return one exchange."""
    return exchanges()[name]


def streams() -> list[Exchange]:
    """Return the answers that are streams of a chat."""
    return [exchange for exchange in exchanges().values() if exchange.is_stream]


def failures() -> list[Exchange]:
    """Return the answers with an error status."""
    return [exchange for exchange in exchanges().values() if exchange.status != 200]
