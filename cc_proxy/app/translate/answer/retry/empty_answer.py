"""The text for a client whose model wrote nothing visible.

An empty answer, or thinking alone, makes Claude Code ask for the same again at once; words about
what happened let the person decide.
"""

from cc_proxy.app.chat.messages import ChatChunk

_OPEN, _CLOSE = "[cc-proxy: ", "]"


def in_own_words(text: str) -> str:
    """Return `text` marked as cc-proxy's: a reader must not take it for the model's."""
    return f"{_OPEN}{text}{_CLOSE}"


def own_words(text: str) -> str | None:
    """Return what cc-proxy says in a text of an answer; None where the model wrote it."""
    if not (text.startswith(_OPEN) and text.endswith(_CLOSE)):
        return None
    return text[len(_OPEN) : -len(_CLOSE)]


def replacement_text(last: ChatChunk, notes: list[str], server: str, *, thought: bool) -> str:
    """Return the text for an answer that ended with `last` and has nothing to show.

    `notes` says what was dropped from it, `thought` whether there was thinking. `server` is who has
    answered.
    """
    tokens = last.eval_count
    if last.done_reason == "length":
        after = f" after {tokens} tokens" if tokens else ""
        return in_own_words(
            f"the answer was cut{after}, before there was text or a whole tool call to show."
        )
    if thought:
        return in_own_words("the model thought, and then gave no answer.")
    if notes:
        return in_own_words(f"the answer is empty; {'; '.join(notes)}.")
    if tokens > 1:
        return in_own_words(
            f"the model wrote {tokens} tokens that {server} could not read as text or as a call of"
            " a declared tool, and dropped."
        )
    return in_own_words("the model gave an empty answer.")
