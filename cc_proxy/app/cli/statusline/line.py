"""The status line of a session, from what Claude Code says of it and what the proxy knows.

Both are JSON that another program has written: a field may be missing, or of another type.
"""

from collections.abc import Iterator, Mapping

from cc_proxy.app.control_characters import one_line

_SEPARATOR = " · "
_MAX_NAME = 60
# JSON has no limit for a number; a window of more tokens is none.
_MOST = 1e12
_KIBI = 1024

Json = Mapping[str, object]


def status_line(client: Json, activity: Json) -> str:
    """Return the line: the model, the window, the reuse, the speed, and what the session waits for.

    `client` is Claude Code's JSON, `activity` the proxy's answer about the session, each empty if
    there is none.
    """
    session = _first(activity.get("sessions"))
    request = _running(activity, session)
    parts = [
        _model(client, session),
        *_window(client, session),
        *_reuse(session),
        *_state(request, session),
        *_others(activity, request),
    ]
    return one_line(_SEPARATOR.join(parts))


def tokens(count: float) -> str:
    """Return a number of tokens in few characters: `950`, `7.9k`, `64k`.

    A k is 1,024, as in `context_window: 64k`.
    """
    if count < _KIBI:
        return f"{count:.0f}"
    kibi = count / _KIBI
    return f"{kibi:.1f}k" if kibi < 9.95 else f"{kibi:.0f}k"  # noqa: PLR2004


def _model(client: Json, session: Json) -> str:
    name = session.get("model")
    if not name:
        named = _object(client.get("model"))
        name = named.get("id") or named.get("display_name")
    return str(name or "cc-proxy")[:_MAX_NAME]


def _window(client: Json, session: Json) -> Iterator[str]:
    used, window = _number(session, "window_used"), _number(session, "window")
    if not used or not window:
        told = _object(client.get("context_window"))
        used = _number(told, "total_input_tokens") + _number(told, "total_output_tokens")
        window = window or _number(told, "context_window_size")
    if window and not used:
        yield f"{tokens(window)} left"
    elif window:
        share = min(100, round(100 * used / window))
        left = tokens(max(0, window - used))
        yield f"{tokens(used)} of {tokens(window)} ({share}%), {left} left"


def _reuse(session: Json) -> Iterator[str]:
    prompt, reused = _number(session, "last_prompt_tokens"), session.get("last_reused_tokens")
    if prompt and isinstance(reused, int):
        yield f"{round(100 * reused / prompt)}% reused"


def _state(request: Json, session: Json) -> Iterator[str]:
    match request.get("state"):
        case "waiting":
            behind = request.get("waiting_behind")
            ahead = len(behind) if isinstance(behind, list) else 0
            yield f"waiting behind {ahead}" if ahead else "waiting"
        case "loading":
            yield "loading the model"
        case "reading":
            yield _reading(request)
        case _:
            speed = _number(request, "tokens_written_per_second")
            if speed := speed or _number(session, "tokens_written_per_second"):
                yield f"{speed:,.0f} tokens/s" if speed >= 1 else f"{speed:.1g} tokens/s"


def _reading(request: Json) -> str:
    total = _number(request, "tokens_to_read")
    if not total:
        return "reading"
    if request.get("tokens_read") is None:
        return f"reading {tokens(total)}"
    left = _number(request, "seconds_left")
    text = f"reading {tokens(_number(request, 'tokens_read'))} of {tokens(total)}"
    return f"{text}, {left:.0f} s left" if left >= 1 else text


def _others(activity: Json, request: Json) -> Iterator[str]:
    waiting = int(_number(_object(activity.get("states")), "waiting"))
    waiting -= request.get("state") == "waiting"
    if waiting > 0:
        yield (
            f"{waiting} more waiting" if request.get("state") == "waiting" else f"{waiting} waiting"
        )


def _running(activity: Json, session: Json) -> Json:
    """Return the request of the session that runs, empty if none does."""
    wanted = session.get("request")
    requests = activity.get("requests")
    for one in requests if isinstance(requests, list) else ():
        if wanted and _object(one).get("id") == wanted:
            return _object(one)
    return {}


def _first(values: object) -> Json:
    return _object(values[0]) if isinstance(values, list) and values else {}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _number(values: Json, name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value <= _MOST else 0.0
