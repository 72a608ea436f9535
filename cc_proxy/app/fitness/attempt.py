"""One task with one model: asked as Claude Code asks, through the proxy's own translation."""

import json
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from cc_proxy.app.anthropic.requests import decode
from cc_proxy.app.chat.answer import OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamRefusedError
from cc_proxy.app.chat.last_chunk import MAX_CHUNKS_A_TOKEN, without_end
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.fitness.project.errors import ToolError
from cc_proxy.app.fitness.project.workspace import Call
from cc_proxy.app.fitness.report import Outcome, Run
from cc_proxy.app.fitness.session import opening, system_prompt
from cc_proxy.app.fitness.task import Task
from cc_proxy.app.fitness.tools import declared, objection
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.answer.rounds import UpstreamRequest, stream_round
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.reuse import estimate_reuse
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.prompt.turns import TurnMemory
from cc_proxy.app.translate.request.build import chat_request

_MOST_TURNS = 8
# Thinking counts too; a model that goes on for longer than this has lost its way.
_MOST_TOKENS = 4_096
_QUOTED = 160
_SERVER_ERROR = 500
# How the translation notes that an answer had vanished in Ollama.
_ASKED_AGAIN = "asked once more"


@dataclass
class Model:
    """A model under test, and what its answers have told so far."""

    target: Target
    ollama: Upstream
    last_chunks: list[ChatChunk] = field(default_factory=list)
    _turns: TurnMemory = field(default_factory=TurnMemory)
    _counter: TokenCounter = field(default_factory=lambda: TokenCounter(None))
    _ids: int = 0

    def __post_init__(self) -> None:
        # The verdict counts the calls that Ollama cannot read: they are not asked for again here.
        assist = msgspec.structs.replace(self.target.assist, unreadable_call=False)
        self.target = replace(self.target, assist=assist)

    async def answer(self, messages: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
        """Return the next message of a conversation, and what was repaired in it.

        Raises:
            UpstreamError: Ollama cannot be asked, or breaks off.

        """
        asked = {
            "model": self.target.model.name,
            "max_tokens": _MOST_TOKENS,
            "system": [{"type": "text", "text": system_prompt()}],
            "tools": declared(),
            "thinking": {"type": "adaptive"},
            "messages": messages,
        }
        translated = chat_request(
            decode(msgspec.json.encode(asked)), self.target, self._turns.recall
        )
        answer = AnswerStream(
            message_id="msg_test",
            model=self.target.model.name,
            input_tokens=0,
            new_tool_id=self._new_id,
            spent=self._spent,
            rules=translated.rules,
        )
        whole = AnswerCollector()
        request = self.ollama.encode(translated.request, self.target)
        record = RequestLog("test", self.target.model.name, request.size)
        asking = UpstreamRequest(request, translated.prompt)
        events = stream_round(self._ask, asking, answer, record, self._counter)
        count = 0
        async with aclosing(events) as batches:
            async for batch in batches:
                count += len(batch)
                if count > MAX_CHUNKS_A_TOKEN * _MOST_TOKENS:
                    raise without_end(_MOST_TOKENS, self.ollama.title)
                for event in batch:
                    whole.add(event)
        if written := answer.written():
            self._turns.remember(written)
        message: dict[str, Any] = json.loads(whole.encode())
        return message, answer.notes

    def _ask(self, request: EncodedRequest, _prompt: Prompt) -> OpenAnswer:
        return self.ollama.chat(request)

    def _new_id(self) -> str:
        self._ids += 1
        return f"toolu_{self._ids}"

    def _spent(self, last: ChatChunk) -> tuple[int, int | None]:
        self.last_chunks.append(last)
        return estimate_reuse(last)


async def attempt(task: Task, model: Model) -> Run:
    """Let a model try a task once; return the result.

    Raises:
        UpstreamError: Ollama cannot be asked, or breaks off.

    """
    trial = _Trial(task)
    messages = _start(task)
    for _ in range(_MOST_TURNS):
        try:
            message, notes = await model.answer(messages)
        except UpstreamRefusedError as error:
            if error.status != _SERVER_ERROR:
                raise
            # A Jinja template's call that Ollama cannot read is a 500 (recording 83f).
            trial.refused(error.text)
            break
        results = trial.take(message["content"], notes)
        if not results or trial.reached:
            break
        messages += [
            {"role": "assistant", "content": message["content"]},
            {"role": "user", "content": results},
        ]
    return trial.report()


def _start(task: Task) -> list[dict[str, Any]]:
    if not task.history:
        return opening(task.prompt)
    return [*task.history, {"role": "user", "content": task.prompt}]


class _Trial:
    """The state of a running task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._done = task.begin()
        self._outcomes: list[Outcome] = []
        self._troubles: list[str] = []

    @property
    def reached(self) -> bool:
        return self._task.goal(self._done)

    def take(self, blocks: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
        """Take an answer; return the results of its calls."""
        self._done.text += "".join(block.get("text", "") for block in blocks)
        calls = [block for block in blocks if block["type"] == "tool_use"]
        if not calls and any(note.endswith(_ASKED_AGAIN) for note in notes):
            # Ollama drops a call that it cannot read, or of a tool that was not declared.
            self.refused("Ollama could not read its call, and dropped it")
        repaired = helped([call["name"] for call in calls], notes)
        return [
            self._carried_out(call, was_repaired=was_repaired)
            for call, was_repaired in zip(calls, repaired, strict=True)
        ]

    def refused(self, text: str) -> None:
        """Take an answer that Ollama could not read."""
        self._outcomes.append("wrong")
        self._troubles.append(text)

    def report(self) -> Run:
        reached = self.reached
        if not reached and not self._outcomes:
            # The one task without a call is missed by its answer.
            self._outcomes.append("missing")
            self._troubles.append(f"it wrote: {_short(self._done.text)!r}")
        if not reached and not self._troubles:
            made = "; ".join(
                f"{call.name} {json.dumps(call.input)}" for call in self._done.calls[-2:]
            )
            self._troubles.append(f"it stopped short of the goal, after {_short(made)}")
        return Run(
            reached=reached,
            calls=tuple(self._outcomes),
            trouble=self._troubles[0] if self._troubles else None,
        )

    def _carried_out(self, call: dict[str, Any], *, was_repaired: bool) -> dict[str, Any]:
        name, arguments = call["name"], call["input"]
        wrong = objection(name, arguments)
        is_error = wrong is not None
        result = f"InputValidationError: {wrong}"
        if wrong is None:
            made = Call(name, arguments)
            self._done.calls.append(made)
            try:
                result = self._done.workspace.do(made)
            except ToolError as error:
                result, is_error = str(error), True
                wrong = str(error) if error.is_slip else None
        if wrong is not None:
            self._troubles.append(_short(f"{name}: {wrong}"))
        self._outcomes.append("wrong" if wrong else "repaired" if was_repaired else "right")
        return {
            "type": "tool_result",
            "tool_use_id": call["id"],
            "content": result,
            **({"is_error": True} if is_error else {}),
        }


def helped(names: list[str], notes: list[str]) -> list[bool]:
    """Return for each call of an answer, by its notes, whether it was repaired.

    The notes are in the order of the calls, and each begins with the name of its call.
    """
    left = [note for note in notes if note.startswith("call of ")]
    # What Ollama could not read as a call was asked for once more, in one piece.
    again = any(note.endswith(_ASKED_AGAIN) for note in notes)
    found = []
    for name in names:
        mine = f"call of {name} "
        count = next((n for n, note in enumerate(left) if not note.startswith(mine)), len(left))
        # One that was read out of the text may have been repaired as well.
        taken = left[: min(count, 2 if count and "read from" in left[0] else 1)]
        if len(taken) > 1 and "read from" in taken[1]:
            taken = taken[:1]
        left = left[len(taken) :]
        found.append(bool(taken) or again)
    return found


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _QUOTED else f"{words[:_QUOTED]}…"
