"""The place of the client's own words to the model: before the user's, never after them.

A small model answers what it reads last. Claude Code puts 8 KB about the folder, the agents and the
skills behind the person's first words (2.1.330). They are the same in every session in a folder: so
they come before all that is new, which is also what the person mentions with an @.
"""

from enum import IntEnum

from cc_proxy.app.anthropic.requests import Block, Message
from cc_proxy.app.translate.request.content import REMINDER

# How Claude Code's reminders begin that hold a file which the person mentions.
_MENTIONED = ("Called the ", "Result of calling the ")


class _Place(IntEnum):
    RESULT = 0
    REMINDER = 1
    MENTIONED = 2
    WORDS = 3


def system_first(messages: list[Message]) -> list[Message]:
    """Return the messages with each system text before the words that it came behind.

    In a user turn come the results of tools, then the client's reminders, then the system messages
    that follow the turn, then what the person mentions, and then the person's words. So what stands
    where depends on no later turn.
    """
    done: list[Message] = []
    for message in messages:
        before = done[-1] if done else None
        if message.role == "user" and before is not None and before.role == "user":
            # Claude Code sends what is mentioned in a message of its own (2.1.330).
            done[-1] = _in_place(Message("user", _blocks(before) + _blocks(message)))
        elif message.role == "user":
            done.append(_in_place(message))
        elif before is not None and before.role == "user" and _goes_before_words(message):
            done[-1:] = _between(before, message)
        else:
            done.append(message)
    return done


def _goes_before_words(message: Message) -> bool:
    # What is gone in the next request would there take all that follows with it.
    return message.role == "system" and not message.is_cleared_by_next_user


def _in_place(message: Message) -> Message:
    content = message.content
    if isinstance(content, str) or len(content) == 1:
        return message
    places = [_place(block) for block in content]
    if _Place.REMINDER not in places and _Place.MENTIONED not in places:
        # What the person has put between results stays there.
        return message
    return Message("user", sorted(content, key=_place))


def _between(user: Message, system: Message) -> list[Message]:
    blocks = _blocks(user)
    start = next((n for n, b in enumerate(blocks) if _place(b) > _Place.REMINDER), len(blocks))
    if start == len(blocks):
        return [user, system]
    before = [Message("user", blocks[:start])] if start else []
    return [*before, system, Message("user", blocks[start:])]


def _blocks(message: Message) -> list[Block]:
    content = message.content
    return [Block(type="text", text=content)] if isinstance(content, str) else content


def _place(block: Block) -> _Place:
    if block.type == "tool_result":
        return _Place.RESULT
    text = (block.text or "") if block.type == "text" else ""
    if not text.startswith(REMINDER):
        return _Place.WORDS
    inside = text.removeprefix(REMINDER).lstrip()
    return _Place.MENTIONED if inside.startswith(_MENTIONED) else _Place.REMINDER
