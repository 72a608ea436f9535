"""The screen of `cc-proxy top`: the lines for what goes on, at a width and a height."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.cli.output.colour import Style
from cc_proxy.app.cli.output.columns import fitted, width
from cc_proxy.app.cli.statusline.line import tokens
from cc_proxy.app.cli.top.table import Cell, Column, table
from cc_proxy.app.control.activity import Activity, ActivityRequest, ActivitySession
from cc_proxy.app.control.wire import ModelInMemory
from cc_proxy.app.control_characters import one_line

_WIDE, _WIDEST = 110, 140
_SHORT_ID, _WHOLE_ID = 8, 28
_SHOWN_ERRORS = 3
# Of those that wait for nothing; the requests below them must stay on the screen.
_SHOWN_IDLE = 8
_TELLING_APART = 4
_SHOWN_ENDED = 5

_SESSIONS = (
    Column("SESSION", 16),
    Column("MODEL", 14, from_width=_WIDE),
    Column("STATE", 20, stretches=True),
    Column("WINDOW", 16, right=True),
    Column("REUSED", 6, right=True),
    Column("READ", 7, right=True, from_width=_WIDE),
    Column("WRITTEN", 7, right=True, from_width=_WIDE),
    Column("READS/S", 7, right=True, from_width=_WIDEST),
    Column("WRITES/S", 8, right=True, from_width=_WIDEST),
)
_REQUESTS = (
    Column("REQUEST", _SHORT_ID),
    Column("CLASS", 10),
    Column("SESSION", 16, from_width=_WIDE),
    Column("STATE", 20, stretches=True),
    Column("PROMPT", 6, right=True),
    Column("REUSED", 6, right=True, from_width=_WIDE),
    Column("WRITTEN", 7, right=True),
    Column("TIME", 10, right=True),
)
_STYLES = {
    "waiting": Style.WARN,
    "loading": Style.WARN,
    "reading": Style.WARN,
    "writing": Style.OK,
    "failed": Style.FAIL,
}


# What the model reads for nobody yet, by its class.
_BACKGROUND = {"read_ahead": "a read-ahead", "filler": "a filler"}


@dataclass(frozen=True)
class Frame:
    """The lines around the tables: the proxy's name, the keys, and in `note` what is wrong."""

    title: str
    keys: str = ""
    note: str = ""


def lines(found: Activity, frame: Frame, columns: int, rows: int | None = None) -> list[str]:
    """Return the lines; of at most `rows` the last one has the keys."""
    shown = [*_head(found, frame), *_tables(found, columns), *_errors(found)]
    if frame.note:
        shown.insert(0, frame.note)
    shown = [_narrowed(line, columns) for line in shown]
    if rows is None or not frame.keys:
        return shown
    kept = shown[: max(0, rows - 1)]
    blank = [""] * (rows - 1 - len(kept))
    return [*kept, *blank, _narrowed(frame.keys, columns)]


def state_text(request: ActivityRequest, names: dict[str, str]) -> str:
    """Return the state of a request in words; `names` has sessions' names by their requests."""
    match request.state:
        case "waiting" if request.waiting_behind:
            first, *others = reversed(request.waiting_behind)
            more = f" and {len(others)} more" if others else ""
            return f"waiting behind {names.get(first) or short_id(first)}{more}"
        case "reading" if request.tokens_to_read:
            if request.tokens_read is None:
                return f"reading {request.tokens_to_read:,}"
            text = f"reading {request.tokens_read:,} of {request.tokens_to_read:,}"
            left = request.seconds_left or 0.0
            return f"{text}, {duration(left)} left" if left >= 1 else text
        case "writing" if request.tokens_written_per_second:
            return f"writing, {request.tokens_written_per_second:,.0f} tokens/s"
        case _:
            return request.state


def short_id(request: str) -> str:
    """Return the end of a request's id, which is enough to tell it from the others."""
    return request[-_SHORT_ID:]


def _head(found: Activity, frame: Frame) -> Iterator[str]:
    running = sum(found.states.values())
    parts = [f"{count} {state}" for state, count in sorted(found.states.items())]
    kinds = {one.request_class for one in found.requests}
    parts += [text for kind, text in _BACKGROUND.items() if kind in kinds]
    idle = f"no request runs, but {parts[0]}" if parts else "nothing runs"
    doing = f"{running} running: {', '.join(parts)}" if running else idle
    queued = f", {found.queued} queued, since Ollama takes no more" if found.queued else ""
    yield f"{frame.title}  up {duration(found.uptime_seconds)}  {doing}{queued}"
    if found.loaded_models is not None:
        loaded = ", ".join(map(_loaded, found.loaded_models))
        yield f"Loaded: {loaded or 'no model'}"


def _loaded(model: ModelInMemory) -> str:
    window = f"{model.context_window:,} tokens" if model.context_window else ""
    size = f"{model.bytes / 1e9:.1f} GB" if model.bytes else ""
    about = ", ".join(part for part in (window, size) if part)
    return f"{model.name} ({about})" if about else model.name


def _tables(found: Activity, columns: int) -> Iterator[str]:
    sessions = _session_names(found.sessions)
    names = {one.id: _name(one, sessions) for one in found.requests}
    running = {one.id: one for one in found.requests}
    busy = [one for one in found.sessions if one.request or one.subagents]
    idle = [one for one in found.sessions if one not in busy]
    rows = [
        _session(one, sessions[one.id], running.get(one.request), names)
        for one in (*busy, *idle[:_SHOWN_IDLE])
    ]
    yield ""
    yield from table(_SESSIONS, rows or [_none(_SESSIONS, "none yet")], columns)
    if len(idle) > _SHOWN_IDLE:
        yield f"and {len(idle) - _SHOWN_IDLE} more that are idle"
    live = [one for one in found.requests if one.state not in ("done", "failed", "cancelled")]
    ended = [one for one in found.requests if one not in live][:_SHOWN_ENDED]
    if live or ended:
        yield ""
        rows = [_request(one, names, columns) for one in (*live, *ended)]
        yield from table(_request_columns(columns), rows, columns)


def _name(request: ActivityRequest, sessions: dict[str, str]) -> str:
    return _BACKGROUND.get(request.request_class) or sessions.get(request.session, "")


def _session_names(sessions: Sequence[ActivitySession]) -> dict[str, str]:
    """Return a name for each session by its id: its folder, and a part of the id if need be."""
    folders = Counter(one.folder for one in sessions)
    return {
        one.id: one.folder
        if folders[one.folder] == 1 and one.folder
        else f"{one.folder or 'session'} {one.id[:_TELLING_APART]}"
        for one in sessions
    }


def _session(
    session: ActivitySession, name: str, request: ActivityRequest | None, names: dict[str, str]
) -> Sequence[Cell]:
    state = state_text(request, names) if request else _idle(session)
    if session.subagents:
        state += f", {session.subagents} subagents" if session.subagents > 1 else ", 1 subagent"
    window = f"{tokens(session.window_used)}/{tokens(session.window)}" if session.window else ""
    if session.window and session.window_used:
        window += f" {100 * session.window_used / session.window:3.0f}%"
    return (
        Cell(name),
        Cell(session.model),
        Cell(state, _STYLES.get(session.state)),
        Cell(window),
        Cell(_share(session.last_reused_tokens, session.last_prompt_tokens)),
        Cell(tokens(session.tokens_read)),
        Cell(tokens(session.tokens_written)),
        Cell(_rate(session.tokens_read_per_second)),
        Cell(_rate(session.tokens_written_per_second)),
    )


def _idle(session: ActivitySession) -> str:
    since = duration(session.idle_seconds)
    if session.state == "tool_call":
        return f"tool call, {since}"
    return f"failed, {since} ago" if session.state == "failed" else f"idle, {since}"


def _request_columns(columns: int) -> Sequence[Column]:
    if columns < _WIDE:
        return _REQUESTS
    # `cc-proxy logs --request` wants all of it.
    return (Column("REQUEST", _WHOLE_ID), *_REQUESTS[1:])


def _request(request: ActivityRequest, names: dict[str, str], columns: int) -> Sequence[Cell]:
    return (
        Cell(short_id(request.id) if columns < _WIDE else request.id),
        Cell("subagent" if request.is_subagent else request.request_class),
        Cell(names.get(request.id, "")),
        Cell(state_text(request, names), _STYLES.get(request.state)),
        Cell(_count(request.prompt_tokens)),
        Cell(_count(request.reused_tokens)),
        Cell(_count(request.tokens_written)),
        Cell(duration(request.seconds)),
    )


def _none(columns: Sequence[Column], text: str) -> Sequence[Cell]:
    return (Cell(text), *(Cell("") for _ in columns[1:]))


def _errors(found: Activity) -> Iterator[str]:
    if found.errors:
        yield ""
        yield "LAST ERRORS"
    for error in found.errors[:_SHOWN_ERRORS]:
        clock = error.at.partition("T")[2][:8]
        yield f"{clock}  {error.request_id}  {error.message}"


def _count(value: int | None) -> str:
    return "" if value is None else tokens(value)


def _share(part: int | None, whole: int | None) -> str:
    return "" if part is None or not whole else f"{100 * part / whole:.0f}%"


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _narrowed(line: str, columns: int) -> str:
    line = one_line(line)
    plain = colour.without_colour(line)
    return line if width(plain) <= columns else fitted(plain, columns)
