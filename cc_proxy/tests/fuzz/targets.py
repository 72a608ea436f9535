"""What is fuzzed: each takes any bytes, and fails where the program would.

`make fuzz` runs them under atheris, the tests under hypothesis. Bytes choose from FRAGMENTS what
no chance would write: the words of each language that is read.
"""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.events import Event, encode
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.models import ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.config.errors import ConfigError
from cc_proxy.app.config.layers import merge
from cc_proxy.app.config.validation.decoding import decode as decode_config
from cc_proxy.app.translate.answer.errors import api_error
from cc_proxy.app.translate.answer.parts import whole
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.build import chat_request
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.rescue import Rescue, RescuedCall
from cc_proxy.app.upstreams.ollama import reading
from cc_proxy.app.upstreams.ollama.lines import LineSplitter

ABLE = frozenset({"tools", "vision", "thinking"})
MODEL = Target(ModelInfo("m", ABLE, 65536, None, "llama"), 65536, "30m")
TOOLS = {
    "Read": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["file_path"],
    },
    "Bash": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}

FRAGMENTS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("fragments.json").read_text("utf-8")
)
_LITERAL = 200
_REFUSED = 400


def text_of(data: bytes, language: str) -> str:
    """Return the text that bytes spell: a fragment each, or a character as it is."""
    fragments = FRAGMENTS[language]
    return "".join(
        fragments[byte % len(fragments)] if byte < _LITERAL else chr(byte - 168) for byte in data
    )


def pieces(text: str, cuts: bytes) -> Iterator[str]:
    """Cut a text into pieces as long as the bytes say, again and again."""
    at, number = 0, 0
    while at < len(text):
        size = 1 + cuts[number % len(cuts)] % 9 if cuts else len(text)
        yield text[at : at + size]
        at, number = at + size, number + 1


def fuzz_request(data: bytes) -> None:
    """Decode and translate a body: it is understood, or refused with a 400."""
    for body in (data, text_of(data, "request").encode("utf-8", "replace")):
        try:
            asked = requests.decode(body)
            chat_request(asked, MODEL, lambda _block: None)
        except ApiError as error:
            if error.status != _REFUSED:
                raise
        else:
            requests.unread_fields(body)


def fuzz_config(data: bytes) -> None:
    """Read a file: it has settings, or problems that can be shown."""
    for text in (data.decode("utf-8", "replace"), text_of(data, "config")):
        layer, problems = decode_config(text, Path("cc-proxy.user.yaml"), {"A": "hunter2"})
        if problems:
            assert str(ConfigError(problems))
        else:
            merge(layer)


def fuzz_lines(data: bytes) -> None:
    """Read what Ollama sends, whole and in pieces: the same lines, each said on or refused."""
    for sent in (data, text_of(data, "lines").encode()):
        found = []
        for size in (len(sent) or 1, 1, 3, 7):
            splitter = LineSplitter()
            parts = [sent[at : at + size] for at in range(0, len(sent), size)]
            complete = [splitter.feed(part) for part in parts]
            rest = splitter.rest()
            found.append((b"".join(complete), rest))
            _said_on(complete, rest)
        assert all(one == found[0] for one in found)
        lines, rest = found[0]
        assert lines + rest == sent


def _said_on(complete: list[bytes], rest: bytes) -> None:
    """Give lines to an answer; whatever is in them, a client can read what it comes to."""
    numbers = count()
    answer = AnswerStream(
        message_id="msg_1",
        model="m",
        input_tokens=1,
        new_tool_id=lambda: f"toolu_{next(numbers)}",
        rules=AnswerRules(tools=TOOLS),
    )
    events: list[Event] = []
    try:
        for lines in complete:
            chunks, trouble = reading.complete(lines)
            events += answer.feed_all(chunks)
            if trouble is not None:
                raise trouble
        if rest.strip():
            events += answer.feed_all([reading.last(rest)])
    except UpstreamError as error:
        events += whole(answer.fail(api_error(error, "m")))
    for line in encode(events).decode().splitlines():
        if line.startswith("data: "):
            json.loads(line.removeprefix("data: "))


def fuzz_rescue(data: bytes) -> None:
    """Look for calls, in the whole text and in pieces: the same ones, and no text is lost."""
    half = len(data) // 4
    cuts, rest = data[:half], data[half:]
    text = text_of(rest, "rescue")
    whole, cut = _rescued([text]), _rescued(list(pieces(text, cuts)))
    assert whole == cut, (text, whole, cut)
    place = 0
    for piece in whole:
        if isinstance(piece, str):
            at = text.find(piece, place)
            assert at >= 0, (text, whole)
            place = at + len(piece)
        else:
            assert piece[0] in TOOLS
            assert isinstance(json.loads(piece[1]), dict)
    if all(isinstance(piece, str) for piece in whole):
        assert "".join(map(str, whole)) == text


def _rescued(parts: list[str]) -> list[str | tuple[str, str]]:
    """Return texts and calls in their order, neighbouring texts as one."""
    rescue = Rescue(TOOLS)
    found: list[str | tuple[str, str]] = []
    for piece in [p for part in parts for p in rescue.feed(part)] + rescue.finish():
        if isinstance(piece, RescuedCall):
            found.append((piece.name, bytes(piece.arguments).decode()))
        elif found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece:
            found.append(piece)
    return found


TARGETS: dict[str, Callable[[bytes], None]] = {
    "request": fuzz_request,
    "config": fuzz_config,
    "lines": fuzz_lines,
    "rescue": fuzz_rescue,
}
