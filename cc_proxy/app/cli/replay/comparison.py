"""Two models on the same requests, side by side."""

from collections.abc import Iterator, Sequence

from cc_proxy.app.cli.json_data.process import ReplayedRequest, ReplaySide
from cc_proxy.app.cli.output.columns import fitted, width
from cc_proxy.app.cli.replay.asking import Replayed
from cc_proxy.app.cli.replay.capture_file import Exchange
from cc_proxy.app.control.why import Why

_GAP = "  "
# A model, or the models of a capture, may have any name.
_MOST_PLACES = 40


def row(one: Exchange, found: Replayed) -> ReplayedRequest:
    """Return one request with both answers."""
    return {
        "id": one.request.id,
        "captured_calls": [call.name for call in one.answer.calls],
        "calls": found.calls,
        "captured_seconds": one.answer.seconds,
        "seconds": round(found.seconds, 3),
        "error": found.error,
    }


def captured_side(known: Sequence[Exchange]) -> ReplaySide:
    """Return what the captured model made of the requests."""
    answers = [one.answer for one in known]
    first = [one.first_token_seconds for one in answers if one.first_token_seconds is not None]
    return {
        "model": ", ".join(sorted({one.model for one in answers})),
        "answered": len(answers),
        "failed": 0,
        "tool_calls": sum(len(one.calls) for one in answers),
        "calls_repaired": None,
        "same_first_call": len(answers),
        "prompt_tokens": sum(one.prompt_tokens for one in answers),
        "written_tokens": sum(one.written_tokens for one in answers),
        "seconds": round(sum(one.seconds for one in answers), 3),
        "first_token_seconds": round(sum(first) / len(first), 3) if first else None,
        "tokens_read_per_second": None,
        "tokens_written_per_second": _written_per_second(known),
    }


def _written_per_second(known: Sequence[Exchange]) -> float | None:
    writing = [
        (one.answer.written_tokens, one.answer.seconds - one.answer.first_token_seconds)
        for one in known
        if one.answer.first_token_seconds is not None
    ]
    seconds = sum(spent for _, spent in writing)
    return round(sum(tokens for tokens, _ in writing) / seconds, 1) if seconds > 0 else None


def replayed_side(model: str, known: Sequence[Exchange], found: Sequence[Replayed]) -> ReplaySide:
    """Return what the model that was asked now made of them."""
    answered = [one for one in found if one.error is None]
    whys = [one.why for one in answered if one.why is not None]
    first = [_to_first_token(why) for why in whys]
    reads = [one.request.tokens_read_per_second for one in whys]
    writes = [one.request.tokens_written_per_second for one in whys]
    pairs = zip(known, found, strict=True)
    same = sum(
        one.error is None and one.calls[:1] == [call.name for call in before.answer.calls[:1]]
        for before, one in pairs
    )
    return {
        "model": model,
        "answered": len(answered),
        "failed": len(found) - len(answered),
        "tool_calls": sum(len(one.calls) for one in answered),
        "calls_repaired": sum(why.rescued_calls + why.repaired_calls for why in whys),
        "same_first_call": same,
        "prompt_tokens": sum(one.prompt_tokens for one in answered),
        "written_tokens": sum(one.written_tokens for one in answered),
        "seconds": round(sum(one.seconds for one in found), 3),
        "first_token_seconds": round(sum(first) / len(first), 3) if first else None,
        "tokens_read_per_second": _mean(reads),
        "tokens_written_per_second": _mean(writes),
    }


def _to_first_token(why: Why) -> float:
    steps = why.steps
    return steps.preparing + steps.making_room + steps.waiting + steps.loading + steps.reading


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 1) if known else None


def table(captured: ReplaySide, replayed: ReplaySide) -> Iterator[str]:
    """Yield the lines of the table."""
    rows = [("", "CAPTURED", "NOW"), ("model", captured["model"], replayed["model"])]
    rows += [
        (title, _cell(before, unit), _cell(after, unit))
        for title, before, after, unit in (
            ("answered", captured["answered"], replayed["answered"], ""),
            ("failed", captured["failed"], replayed["failed"], ""),
            ("tool calls", captured["tool_calls"], replayed["tool_calls"], ""),
            ("repaired", captured["calls_repaired"], replayed["calls_repaired"], ""),
            (
                "same first call or none",
                captured["same_first_call"],
                replayed["same_first_call"],
                "",
            ),
            ("tokens of prompts", captured["prompt_tokens"], replayed["prompt_tokens"], ""),
            ("tokens written", captured["written_tokens"], replayed["written_tokens"], ""),
            ("time", captured["seconds"], replayed["seconds"], " s"),
            (
                "to the first token",
                captured["first_token_seconds"],
                replayed["first_token_seconds"],
                " s",
            ),
            (
                "reading",
                captured["tokens_read_per_second"],
                replayed["tokens_read_per_second"],
                " tokens/s",
            ),
            (
                "writing",
                captured["tokens_written_per_second"],
                replayed["tokens_written_per_second"],
                " tokens/s",
            ),
        )
    ]
    places = [min(max(width(row[column]) for row in rows), _MOST_PLACES) for column in range(3)]
    for row in rows:
        cells = (fitted(text, places[column], right=column > 0) for column, text in enumerate(row))
        yield _GAP.join(cells).rstrip()


def _cell(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:,}{unit}" if isinstance(value, int) else f"{value:,.1f}{unit}"
