"""The texts of the long tasks: a long file to write, and a session that has read a lot."""

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from cc_proxy.app.fitness.project.workspace import ROOT
from cc_proxy.app.fitness.session import opening

_STATIONS = 60
_CLOSED = 10
_FIRST_DAY = date(2025, 1, 1)
_DAYS = 364
_QUARTER = 91
_PEOPLE = ("Ada", "Bela", "Cem", "Dora", "Emil", "Fia", "Goran", "Hana", "Ivo")
_HALLS = ("north", "south", "east", "west", "old")
_NOTES = (
    "the scale needs a new battery",
    "the gate of the yard was open in the morning",
    "the driver from Cork came in the afternoon",
    "the labels of the last delivery are in the wrong language",
    "nobody had the key of the cold room",
    "the printer works again",
    "a customer asked for a box with a camera",
)
_ASKED_FOR = date(2025, 5, 17)
# What the history is estimated at; a test compares.
HISTORY_TOKENS = 18_500


def stations_prompt() -> str:
    """Return the prompt of the long file."""
    return (
        f"Write the file {ROOT}/shop/stations.py with one call of Write. Its first line is"
        " `from shop.station import Station`, then comes an empty line, and then one line for each"
        f" of the stations 1 to {_STATIONS}, without leaving any out. They look like this:"
        f"\n\n{_station(1)}\n{_station(2)}\n\nEvery {_CLOSED}th station"
        f" ({_CLOSED}, {2 * _CLOSED} and so on) has is_open=False, all others have is_open=True."
    )


def stations() -> str:
    """Return the long file."""
    lines = [_station(number) for number in range(1, _STATIONS + 1)]
    return "\n".join(["from shop.station import Station", "", *lines, ""])


def are_stations(text: str) -> bool:
    """Return whether a text is the long file, but for blank lines."""
    return _lines(text) == _lines(stations())


def journals() -> Mapping[str, str]:
    """Return the journals of a year by their paths, one for each quarter."""
    return _journals()


def journal_prompt() -> str:
    """Return the prompt that follows the journals."""
    return (
        f"In the journals that you have read: how many nest boxes were counted on {_ASKED_FOR}?"
        f" Write the number, and nothing else, to {ROOT}/stock/boxes.txt."
    )


def journal_history() -> tuple[dict[str, Any], ...]:
    """Return the messages in which a model has read the journals, as Claude Code sends them."""
    prompt = f"Read the four journals in {ROOT}/stock/ with Read. I have a question about them."
    calls, results = [], []
    for number, (path, text) in enumerate(_journals().items(), 1):
        call = {"type": "tool_use", "id": f"toolu_journal_{number}", "name": "Read"}
        calls.append(call | {"input": {"file_path": f"{ROOT}/{path}"}})
        lines = enumerate(text.splitlines(), 1)
        shown = "\n".join(f"{at:6}\t{line}" for at, line in lines)
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": shown}
        results.append(result)
    words = [{"type": "text", "text": "I have read them. What is the question?"}]
    return (
        *opening(prompt),
        {"role": "assistant", "content": calls},
        {"role": "user", "content": results},
        {"role": "assistant", "content": words},
    )


def _station(number: int) -> str:
    is_open = number % _CLOSED != 0
    return f'STATION_{number:02} = Station({number}, "Heron \\"{number}\\"", is_open={is_open})'


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@functools.cache
def _journals() -> dict[str, str]:
    days = [_FIRST_DAY + timedelta(days=number) for number in range(_DAYS)]
    quarters = [days[at : at + _QUARTER] for at in range(0, _DAYS, _QUARTER)]
    return {
        f"stock/journal-{number}.txt": "".join(f"{_entry(day)}\n" for day in quarter)
        for number, quarter in enumerate(quarters, 1)
    }


def _entry(day: date) -> str:
    number = day.toordinal()
    return (
        f"{day}: {_PEOPLE[number % len(_PEOPLE)]} counted {_boxes(day)} nest boxes and"
        f" {11 + number * 5 % 83} feeders in the {_HALLS[number % len(_HALLS)]} hall, packed"
        f" {2 + number * 3 % 17} parcels in {1 + number % 4} rounds, and noted that"
        f" {_NOTES[number % len(_NOTES)]}."
    )


def _boxes(day: date) -> int:
    return 120 + day.toordinal() * 37 % 761


JOURNAL_ANSWER = str(_boxes(_ASKED_FOR))
