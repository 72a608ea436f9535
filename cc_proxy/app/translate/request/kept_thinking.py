"""Thinking that a model's renderer would leave out of old turns, in a form that it keeps.

Qwen3.5 and Gemma 4 show the thinking of a turn until the person's next message comes, and leave it
out from then on. So each new message has the model read again all that came after the one before.
What these forms say is what the model wrote itself, where it wrote it.
"""

from collections.abc import Sequence

import msgspec

from cc_proxy.app.chat.messages import ChatMessage
from cc_proxy.app.chat.target import ThinkingForm

# Qwen3.5's renderer takes an old turn's text up to the first closing tag for its thinking, and
# drops that. Behind a tag of its own, what follows stays.
_OPENED_QWEN = "</think><think>\n"
# Gemma 4's removes each channel from a text, once: what is left of this is the opening of one.
_OPENED_GEMMA = "<|chan<|channel><channel|>nel>thought\n"


def with_kept_thinking(
    turns: Sequence[ChatMessage], form: ThinkingForm, *, thinks: bool
) -> list[ChatMessage]:
    """Return the turns with old thinking in a form; `thinks`: the model is asked to think.

    What the model reads of a turn is then the same before and after the person's next message.
    """
    match form:
        case ThinkingForm.FIELD:
            return list(turns)
        case ThinkingForm.TAGS:
            # Without thinking no turn of the model's has its block rendered.
            last = _last_question(turns) if thinks else len(turns)
            return [
                _in_tags(turn) if turn.role == "assistant" and number < last else turn
                for number, turn in enumerate(turns)
            ]
        case ThinkingForm.CHANNEL:
            last = max((n for n, turn in enumerate(turns) if turn.role == "user"), default=0)
            old = [one for turn in turns[:last] for one in _in_channel(turn)]
            return [*old, *turns[last:]]


def _in_tags(turn: ChatMessage) -> ChatMessage:
    thinking, content = turn.thinking.strip(), _text(turn).strip()
    return msgspec.structs.replace(
        turn, thinking="", content=f"{_OPENED_QWEN}{thinking}\n</think>\n\n{content}"
    )


def _in_channel(turn: ChatMessage) -> list[ChatMessage]:
    if turn.role != "assistant" or not turn.thinking:
        return [turn]
    thought = f"{_OPENED_GEMMA}{turn.thinking}\n<channel|>"
    if not turn.tool_calls:
        return [msgspec.structs.replace(turn, thinking="", content=thought + _text(turn))]
    # The text of a turn comes behind its calls; two turns of the model in a row are one.
    before = ChatMessage(role="assistant", content=thought)
    return [before, msgspec.structs.replace(turn, thinking="")]


def _last_question(turns: Sequence[ChatMessage]) -> int:
    """Return the place of the person's latest message, as Qwen3.5's renderer finds it."""
    for number in range(len(turns) - 1, -1, -1):
        text = _text(turns[number]).strip()
        is_result = text.startswith("<tool_response>") and text.endswith("</tool_response>")
        if turns[number].role == "user" and not is_result:
            return number
    return 0


def _text(turn: ChatMessage) -> str:
    return turn.content if isinstance(turn.content, str) else ""
