"""What comes of a case when it goes through the translation of an answer."""

import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.toolcalls.cases import Call, Case, Tools
from cc_proxy.app.chat.messages import CalledFunction, ChatChunk, ChunkMessage, ToolCall
from cc_proxy.app.config import Assist
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.rescue import ReadText

# A mark that nobody should see: a tag of a call, or a special token.
_LITTER = re.compile(
    r"<[|｜]|[|｜]>|</?(?:\w+[:_])?(?:tool_calls?|think(?:ing)?|function_calls?|invoke|parameter)\b"  # noqa: RUF001
)
_PIECE = 3
# What a model is asked once more for is another question.
_NO_HELP = Assist(
    unreadable_call=False,
    announced_step=False,
    repeated_text=False,
    repeated_call=False,
    structured_output=False,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a case came to: `exact`, `missed`, `wrong` or `litter`; for a text `kept` or `executed`.

    `maimed` cases are `exact`, `kept` or `wrong`. `bent`: a server did not say the text as it is.
    `seen` is what came out.
    """

    outcome: str
    seen: str


def judge(
    case: Case,
    tools: Tools,
    formats: frozenset[str] = frozenset(),
    chunks: Iterable[ChatChunk] | None = None,
) -> Verdict:
    """Run a case and compare.

    `formats` are those of the model's own calls, as far as they are known. `chunks` are the answer
    of a server; without one the text comes cut into small pieces.
    """
    text, calls = _run(case, tools, formats, _chunks(case) if chunks is None else chunks)
    seen = json.dumps([text, calls], ensure_ascii=False)
    return Verdict(_outcome(case, text, calls), seen)


def _outcome(case: Case, text: str, calls: list[Call]) -> str:
    if case.tier == "look":
        return "executed" if calls else "kept" if text.strip() == case.text.strip() else "wrong"
    if case.tier == "maimed" and not calls:
        return "kept"
    if not calls and case.calls:
        return "missed"
    if [[name, given] for name, given in calls] != [[name, given] for name, given in case.calls]:
        return "wrong"
    return "litter" if _LITTER.search(text) else "exact"


def _run(
    case: Case, tools: Tools, formats: frozenset[str], chunks: Iterable[ChatChunk]
) -> tuple[str, list[Call]]:
    ids = itertools.count()
    stream = AnswerStream(
        message_id="msg",
        model="m",
        input_tokens=0,
        new_tool_id=lambda: f"toolu_{next(ids)}",
        rules=AnswerRules(
            tools=tools,
            assist=_NO_HELP,
            read=ReadText(lambda: [case.read]),
            call_formats=formats,
        ),
    )
    collector = AnswerCollector()
    for chunk in chunks:
        for event in stream.feed(chunk):
            collector.add(event)
    answer: dict[str, Any] = json.loads(collector.encode())
    text = "".join(block["text"] for block in answer["content"] if block["type"] == "text")
    calls = [
        (block["name"], block["input"])
        for block in answer["content"]
        if block["type"] == "tool_use"
    ]
    return text if not text.startswith("[cc-proxy") else "", calls


def _chunks(case: Case) -> list[ChatChunk]:
    chunks = [
        ChatChunk(message=ChunkMessage(thinking=case.thinking[at : at + _PIECE]))
        for at in range(0, len(case.thinking), _PIECE)
    ]
    chunks += [
        ChatChunk(message=ChunkMessage(content=case.text[at : at + _PIECE]))
        for at in range(0, len(case.text), _PIECE)
    ]
    if case.native is not None:
        name, given = case.native
        raw = msgspec.Raw(msgspec.json.encode(given))
        call = ToolCall(function=CalledFunction(name=name, arguments=raw))
        chunks.append(ChatChunk(message=ChunkMessage(tool_calls=[call])))
    return [*chunks, ChatChunk(done=True, done_reason="stop", eval_count=9)]
