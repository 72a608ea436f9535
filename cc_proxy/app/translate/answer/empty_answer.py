"""What a client is shown when the model has shown nothing.

An empty answer, or thinking alone, makes Claude Code ask for the same again at once; words about
what happened let the person decide.
"""

from cc_proxy.app.upstreams.ollama.chat import ChatChunk


def said_instead(last: ChatChunk, notes: list[str], *, thought: bool) -> str:
    """Return the text for an answer that ended with `last` and has nothing to show.

    `notes` says what was dropped from it, `thought` whether there was thinking.
    """
    tokens = last.eval_count
    if last.done_reason == "length":
        return (
            f"[cc-proxy: the answer was cut after {tokens} tokens, before there was text or a"
            " whole tool call to show.]"
        )
    if thought:
        return "[cc-proxy: the model thought, and then gave no answer.]"
    if notes:
        return f"[cc-proxy: the answer is empty; {'; '.join(notes)}.]"
    if tokens > 1:
        return (
            f"[cc-proxy: the model wrote {tokens} tokens that Ollama could not read as text or as"
            " a call of a declared tool, and dropped.]"
        )
    return "[cc-proxy: the model gave an empty answer.]"
