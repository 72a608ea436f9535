"""Requests that need no model.

Claude Code asks with `max_tokens: 1` whether there is quota, and 2.1.197 counts tokens that way:
it reads nothing out of the answer. On a local model it would be a whole prompt read for nothing.
"""

import secrets
from collections.abc import Mapping

from cc_proxy.app.anthropic.requests import MessagesRequest
from cc_proxy.app.chat.messages import ChatChunk, ChunkMessage
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.tokens import estimate_tokens

_CLIENT = "claude-cli/"


def is_probe(headers: Mapping[str, str], asked: MessagesRequest) -> bool:
    """Tell whether a request is Claude Code's, and wants no words."""
    return asked.max_tokens == 1 and headers.get("User-Agent", "").startswith(_CLIENT)


def answer_to(asked: MessagesRequest, body: bytes) -> tuple[AnswerStream, ChatChunk]:
    """Return the answer to a probe, and the one chunk to feed it with."""
    answer = AnswerStream(
        message_id="msg_" + secrets.token_hex(12),
        model=asked.model,
        input_tokens=max(1, round(estimate_tokens(body))),
        new_tool_id=str,
    )
    chunk = ChatChunk(
        message=ChunkMessage(content="."), done=True, done_reason="length", eval_count=1
    )
    return answer, chunk
