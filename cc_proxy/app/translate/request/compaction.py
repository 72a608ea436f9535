"""A summary of the conversation that the client asks for, and a conversation that begins with one.

`compaction: {"type": "summarize"}` in a request asks for it (SDKs 2.14 and 1.14). The answer is one
`compaction` block, which later requests send first, in place of what it summarizes.
"""

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Block, Compaction, Message

_SUMMARIZE = (
    "Write a summary of this conversation now. It will stand in place of the conversation, so it"
    " must hold all that is needed to go on: what the user asked for, what was decided and why,"
    " the files, names, commands and values that matter, what is done, what is not, which problems"
    " are open, and what the next step is. Do not call a tool and do not go on with the work."
    " Answer with the summary alone."
)
_LEAD = "This is a summary of the conversation so far:"


def summary_instruction(compaction: Compaction) -> str:
    """Return the words that ask the model for the summary.

    Raises:
        ApiError: 400 for another type of compaction than summarize.

    """
    if compaction.type != "summarize":
        raise invalid_request(
            f"compaction.type: expected summarize, found {compaction.type!r}.",
            quotes=(repr(compaction.type),),
        )
    return (compaction.instructions or "").strip() or _SUMMARIZE


def since_compaction(messages: list[Message]) -> list[Message]:
    """Return the conversation from its last summary on, the summary as words of the user.

    The API does not show the text before a summary to a model either. A compaction that
    failed has no summary (`content` is null), and changes nothing.
    """
    for place, message in reversed(list(enumerate(messages))):
        if isinstance(message.content, str):
            continue
        for n, block in reversed(list(enumerate(message.content))):
            if block.type == "compaction" and isinstance(block.content, str):
                summary = Block(type="text", text=f"{_LEAD}\n{block.content}")
                rest = message.content[n + 1 :]
                after = [Message(message.role, rest)] if rest else []
                return [Message("user", [summary]), *after, *messages[place + 1 :]]
    return messages
