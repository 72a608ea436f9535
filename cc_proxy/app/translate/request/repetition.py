"""Noticing a model that makes the same call again and again, for the log."""

from cc_proxy.app.upstreams.ollama.chat import ChatMessage

_MANY = 3


def repeated_calls(turns: list[ChatMessage]) -> tuple[str, ...]:
    """Return a note for the log when the latest three turns or more all make the same call.

    `turns` end with the result of the latest call.
    """
    latest: tuple[str, bytes] | None = None
    count = 0
    for turn in reversed(turns):
        if turn.role == "tool":
            continue
        calls = turn.tool_calls or []
        if turn.role != "assistant" or len(calls) != 1:
            break
        function = calls[0].function
        call = (function.name, bytes(function.arguments))
        if latest is not None and call != latest:
            break
        latest = call
        count += 1
    if latest is None or count < _MANY:
        return ()
    return (f"the model has called {latest[0]} {count} times in a row with the same arguments",)
