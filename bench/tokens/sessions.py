# ruff: noqa: INP001 - a script beside its modules, run from this folder
"""Conversations turn by turn, rendered as a model's template would and counted for real."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import corpus
import msgspec

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ToolCall
from cc_proxy.app.chat.models import COMPACT

TURNS = 8
_ROUND = 3
# How templates print turns and tools: Go's way, Jinja's way, and Jinja's with indented JSON.
TEMPLATES: dict[str, tuple[str, str, str, int | None, tuple[str, str]]] = {
    "go": ("<|im_start|>", "\n", "<|im_end|>\n", None, (",", ":")),
    "jinja": ("<|im_start|>", "\n", "<|im_end|>\n", None, (", ", ": ")),
    "indented": ("### ", ":\n\n", "\n\n", 4, (",", ": ")),
}
# The same as the proxy reads it out of `/api/show`.
JSON_INDENTS = {"go": COMPACT, "jinja": 0, "indented": 4}


@dataclass
class Session:
    """What was said so far."""

    name: str
    system: str
    tools: list[dict[str, object]]
    said: list[ChatMessage] = field(default_factory=list)

    @property
    def messages(self) -> list[ChatMessage]:
        """The turns with the system prompt before them."""
        return [ChatMessage(role="system", content=self.system), *self.said]

    @property
    def tool_bytes(self) -> bytes:
        """The tools as they are sent."""
        return msgspec.json.encode(self.tools) if self.tools else b""


def sessions(texts: dict[str, list[str]]) -> Iterator[tuple[Session, list[list[ChatMessage]]]]:
    """Yield each session and, turn by turn, what comes after its first prompt."""
    tools = corpus.schemas()
    front = "\n\n".join(texts["english"][:3])[:7000]
    yield _session("a repository, English and Python", front, tools[:30], texts, ("python",))
    yield _session("the same, lean", front[:4700], tools[:7], texts, ("typescript", "json"))
    yield _session("bare", front[:800], tools[:3], texts, ("shell output", "python"))
    yield _session("in Chinese", front, tools[:30], texts, ("chinese",))
    yield _session("in Japanese", front, tools[:12], texts, ("japanese", "python"))
    yield _session("JSON and logs", front, tools[:30], texts, ("json", "shell output", "numbers"))


def _session(
    name: str,
    system: str,
    tools: list[dict[str, object]],
    texts: dict[str, list[str]],
    kinds: tuple[str, ...],
) -> tuple[Session, list[list[ChatMessage]]]:
    session = Session(name, system, tools)
    pool = [texts[kind] for kind in kinds]
    asked = (texts["chinese"] if "chinese" in kinds else texts["english"])[5][:1500]
    session.said.append(ChatMessage(role="user", content=asked))
    turns = []
    for turn in range(1, TURNS):
        kind = pool[turn % len(pool)]
        result = "\n".join(kind[(turn * _ROUND + n) % len(kind)] for n in range(turn % _ROUND + 1))
        words = texts["english"][turn % 9][: 200 + 60 * turn]
        arguments = json.dumps({"file_path": f"src/app/part_{turn}.py", "limit": 40 * turn})
        function = CalledFunction(name="Read", arguments=msgspec.Raw(arguments.encode()))
        call = ToolCall(function=function, id=f"toolu_{turn}")
        answer = ChatMessage(role="assistant", content=words, tool_calls=[call])
        turns.append([answer, ChatMessage(role="tool", content=result, tool_name="Read")])
    return session, turns


def rendered(session: Session, template: str) -> str:
    """Return the prompt as the model reads it."""
    begin, after_role, end, indent, separators = TEMPLATES[template]
    turns = []
    for message in session.messages:
        text = spoken(message)
        if message.role == "system" and session.tools:
            lines = "\n".join(
                json.dumps(tool, indent=indent, separators=separators) for tool in session.tools
            )
            text += f"\n\n# Tools\n\nCall these functions:\n<tools>\n{lines}\n</tools>"
        turns.append(f"{begin}{message.role}{after_role}{text}{end}")
    return "".join(turns) + f"{begin}assistant{after_role}"


def spoken(message: ChatMessage) -> str:
    """Return a turn as its template writes it, calls included."""
    calls = "".join(
        f'\n<tool_call>\n{{"name": "{call.function.name}", "arguments": '
        f"{bytes(call.function.arguments).decode()}}}\n</tool_call>"
        for call in message.tool_calls or ()
    )
    return str(message.content) + calls
