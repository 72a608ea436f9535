"""The turns of a conversation, as Ollama takes them.

Each turn is translated from itself and the turns before it, never from what follows: so what
was sent for one request is a prefix of what is sent for the next, and the model need not read
it again.
"""

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Block, Message
from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ToolCall
from cc_proxy.app.translate.prompt.turns import Recall, nothing
from cc_proxy.app.translate.request.compaction import since_compaction
from cc_proxy.app.translate.request.content import (
    REMINDER,
    TOOL_ERROR,
    ContentReader,
    RenderedContent,
)
from cc_proxy.app.translate.request.server_results import server_result_text
from cc_proxy.app.translate.request.system_turns import system_first
from cc_proxy.app.translate.web_search.search_results import result_text

_EMPTY_INPUT = msgspec.Raw(b"{}")
_SEARCHED = "web_search_tool_result"
# web_search_tool_result, code_execution_tool_result and more: they are in assistant turns.
_SERVER_RESULT = "_tool_result"


def conversation(
    system: str, messages: list[Message], reader: ContentReader, recall: Recall = nothing
) -> list[ChatMessage]:
    """Return Ollama's messages for a system prompt and the client's messages.

    `recall` gives back what the model wrote for the id of a call.

    Raises:
        ApiError: 400 for a role that the Messages API does not have, or a malformed block.

    """
    turns = _Turns(reader, recall)
    if system:
        turns.add(ChatMessage(role="system", content=system))
    adding = {
        "user": turns.add_user,
        "assistant": turns.add_assistant,
        "system": turns.add_system,
    }
    for index, message in enumerate(messages):
        if message.role not in adding:
            raise invalid_request(
                f"messages.{index}.role: expected user, assistant or system, "
                f"found {message.role!r}.",
                quotes=(repr(message.role),),
            )
    for message in system_first(_shown(since_compaction(messages))):
        adding[message.role](message.content)
    return turns.settled()


def least_tokens(messages: list[Message]) -> int:
    """Return a number of tokens that messages have at least: one for each with content."""
    return sum(bool(message.content) for message in since_compaction(messages))


def append_text(turns: list[ChatMessage], text: str) -> None:
    """Let `text` join the last turn if that is the user's or a tool's, else be a user turn."""
    if turns and turns[-1].role in ("user", "tool"):
        _join(turns[-1], text)
    else:
        turns.append(ChatMessage(role="user", content=text))


class _Turns:
    def __init__(self, reader: ContentReader, recall: Recall) -> None:
        self.done: list[ChatMessage] = []
        self._reader = reader
        self._recall = recall
        # The calls of the latest assistant turn, in the model's order, and where results go.
        self._calls: dict[str, str] = {}
        self._results_end = 0
        # The turn that texts join, and its texts: joining each at once would copy all the others.
        self._growing: ChatMessage | None = None
        self._texts: list[str] = []

    def settled(self) -> list[ChatMessage]:
        """Return the turns, each with all of its text."""
        if self._growing is not None:
            self._growing.content = "\n\n".join(self._texts)
            self._growing = None
        return self.done

    def _grow(self, turn: ChatMessage, text: str) -> None:
        if self._growing is not turn:
            self.settled()
            self._growing, self._texts = turn, [str(turn.content or "")]
        if self._texts == [""]:
            self._texts.clear()
        self._texts.append(text)

    def add(self, turn: ChatMessage) -> None:
        self.done.append(turn)

    def add_assistant(self, content: str | list[Block]) -> None:
        if isinstance(content, str):
            content = [Block(type="text", text=content)]
        for words, results in _rounds(content):
            self._add_round(words)
            for block in results:
                self.add(self._server_result(block))
                self._calls.pop(block.tool_use_id or "", None)
            self._results_end = len(self.done)

    def _add_round(self, content: list[Block]) -> None:
        said, thinking, calls = RenderedContent(), [], []
        for block in content:
            match block.type:
                case "thinking":
                    thinking.append(block.thinking or "")
                case "tool_use" | "server_tool_use" | "mcp_tool_use":
                    calls.append(_call(block))
                case _:
                    self._reader.read_block(block, said)
        written = self._recall(calls[0].id) if calls else None
        if written is not None and written.means(calls):
            self.add(written.message())
        else:
            self.add(
                ChatMessage(
                    role="assistant",
                    # Text that a call interrupted was one text when the model wrote it.
                    content="".join(said.texts),
                    thinking="".join(thinking),
                    tool_calls=calls or None,
                )
            )
        self._calls = {call.id: call.function.name for call in calls}

    def _server_result(self, block: Block) -> ChatMessage:
        if block.type != _SEARCHED:
            return self._result(block)
        return ChatMessage(
            role="tool",
            content=result_text(block, self._reader),
            tool_name=self._calls.get(block.tool_use_id or "", ""),
            tool_call_id=block.tool_use_id or "",
        )

    def add_user(self, content: str | list[Block]) -> None:
        if isinstance(content, str):
            self._append_user(RenderedContent(texts=[content]))
            return
        said = RenderedContent()
        results = []
        for block in content:
            if block.type == "tool_result":
                results.append(block)
            else:
                self._reader.read_block(block, said)
        self._add_results(results, said)
        # A turn without words keeps its place. Without any turn Ollama only loads the model.
        if said.texts or said.images or not self._user_has_spoken():
            self._append_user(said)

    def add_system(self, content: str | list[Block]) -> None:
        # Go templates hoist a late system message to the very front, which would make the
        # model read everything again (recording 92); so it joins the turn before it.
        said = self._reader.read(content)
        if said.images:
            self._reader.drop("image in a system message")
        text = said.text
        if not text:
            if not self.done or self.done[-1].role == "system":
                self.add_user([])
            return
        if not text.startswith(REMINDER):
            text = f"{REMINDER}\n{text}\n</system-reminder>"
        if self._user_has_spoken():
            self._grow(self.done[-1], text)
        else:
            self.add(ChatMessage(role="user", content=text))

    def _user_has_spoken(self) -> bool:
        """Tell whether the next turn can be the model's already."""
        return bool(self.done) and self.done[-1].role in {"user", "tool"}

    def _append_user(self, said: RenderedContent) -> None:
        last = self.done[-1] if self.done else None
        if last is None or last.role != "user":
            self.add(
                ChatMessage(role="user", content=said.text, images=said.images or None),
            )
            return
        self._grow(last, said.text)
        if said.images:
            last.images = last.images or []
            last.images.extend(said.images)

    def _add_results(self, results: list[Block], said: RenderedContent) -> None:
        answered = [block for block in results if block.tool_use_id in self._calls]
        if len(answered) > 1:
            order = {call_id: place for place, call_id in enumerate(self._calls)}
            answered.sort(key=lambda block: order[block.tool_use_id or ""])
        for block in answered:
            self.done.insert(self._results_end, self._result(block))
            self._results_end += 1
        if len(answered) == len(results):
            return
        # Their calls were compacted away or never made: the words still count.
        orphans = [self._result(block) for block in results if block.tool_use_id not in self._calls]
        said.texts[:0] = [f"Result of an earlier tool call:\n{one.content}" for one in orphans]
        for orphan in orphans:
            said.images += orphan.images or []

    def _result(self, block: Block) -> ChatMessage:
        text, images = self._told(block.content)
        if block.is_error:
            text = f"{TOOL_ERROR}{text}"
        return ChatMessage(
            role="tool",
            content=text,
            images=images or None,
            tool_name=self._calls.get(block.tool_use_id or "", ""),
            tool_call_id=block.tool_use_id or "",
        )

    def _told(self, content: object) -> tuple[str, list[str]]:
        """Return the text and the images of a result."""
        if isinstance(content, str):
            return content, []
        if isinstance(content, list):
            said = self._reader.read(content)
            return said.text, said.images
        return server_result_text(content, self._reader) if isinstance(content, dict) else "", []


def _shown(messages: list[Message]) -> list[Message]:
    """Leave out the system turns that were only for the user turn they follow.

    Such a turn is at the end when it is read, so the model reads again what follows it, and
    nothing before it.
    """
    if not any(message.is_cleared_by_next_user for message in messages):
        return messages
    last = max((n for n, message in enumerate(messages) if message.role == "user"), default=0)
    return [
        message
        for n, message in enumerate(messages)
        if n > last or not message.is_cleared_by_next_user
    ]


def _rounds(content: list[Block]) -> list[tuple[list[Block], list[Block]]]:
    """Return what the model wrote and what its server tools then answered, round by round."""
    for block in content:
        if block.type.endswith(_SERVER_RESULT):
            break
    else:
        return [(content, [])]
    rounds: list[tuple[list[Block], list[Block]]] = [([], [])]
    for block in content:
        words, results = rounds[-1]
        if block.type.endswith(_SERVER_RESULT):
            results.append(block)
        elif results:
            rounds.append(([block], []))
        else:
            words.append(block)
    return rounds


def _call(block: Block) -> ToolCall:
    raw = bytes(block.input)
    # Ollama answers 400 to arguments that are not an object (recording 19i).
    if raw in (b"", b"null"):
        arguments = _EMPTY_INPUT
    elif raw.startswith(b"{"):
        arguments = block.input
    else:
        arguments = msgspec.Raw(b'{"input":' + raw + b"}")
    return ToolCall(
        id=block.id or "", function=CalledFunction(name=block.name or "", arguments=arguments)
    )


def _join(turn: ChatMessage, text: str) -> None:
    turn.content = f"{turn.content}\n\n{text}" if turn.content else text
