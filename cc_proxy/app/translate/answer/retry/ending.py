"""Judgements on how a try has ended: what Ollama dropped, what is missing, why it stopped."""

from collections.abc import Sequence

from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.translate.answer.retry.announced_step import announces_step
from cc_proxy.app.translate.request.rules import AnswerRules


def has_dropped_output(last: ChatChunk, rules: AnswerRules) -> bool:
    """Tell whether the server dropped what the model wrote, if the client was given nothing.

    That was a call of an undeclared tool, or a malformed one (recording 81). `last` is the chunk
    that has ended the try.
    """
    is_possible = rules.drops_output and bool(rules.tools)
    return is_possible and last.done_reason == "stop" and last.eval_count > 1


def lacks_announced_call(last: ChatChunk, rules: AnswerRules, text: Sequence[str]) -> bool:
    """Tell whether a turn without calls announces a step that it does not make.

    `text` is the text of the turn, in parts; `last` is the chunk that has ended it.
    """
    may_call = rules.tools and rules.may_call and not rules.must_call
    if not (may_call and rules.assist.announced_step) or rules.after_error:
        return False
    return last.done_reason == "stop" and announces_step("".join(text))


def stop_reason(last: ChatChunk, *, has_calls: bool) -> str:
    """Return the API's reason for the end of an answer."""
    if last.done_reason == "length":
        return "max_tokens"
    return "tool_use" if has_calls else "end_turn"
