"""What models write when they mean a call, and what only looks like one."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cc_proxy.app.translate.rescue import Rescue

HERE = Path(__file__).parent
TOOLS: dict[str, dict[str, Any]] = json.loads((HERE / "tools.json").read_text("utf-8"))
SIZES = (1, 2, 3, 7)
# Cut at every place: of each family the plain call, the one with quotes and braces, and several.
CUT_EVERYWHERE = re.compile(r", (?:one|shell|several|after prose 0|without .*)$")

# The same call after many sentences: what differs is what the sentence means, not where it is cut.
SENTENCE = re.compile(r"(?:words|said) before a call ")


class Case(NamedTuple):
    name: str
    text: str
    before: str
    calls: list[Any]


class Answer(NamedTuple):
    text: str
    calls: list[Any]


def answer(chunks: list[str]) -> Answer:
    rescue = Rescue(TOOLS)
    pieces = [piece for chunk in chunks for piece in rescue.feed(chunk)] + rescue.finish()
    return Answer(
        "".join(piece for piece in pieces if isinstance(piece, str)),
        [[p.name, json.loads(p.arguments)] for p in pieces if not isinstance(p, str)],
    )


def cut(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def blocks(name: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of a file in which `=== name` begins each."""
    for block in re.split(r"^=== ", (HERE / name).read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, text = block.partition("\n")
        yield title, text.removesuffix("\n")


def wild() -> Iterator[Case]:
    for name, block in blocks("wild.txt"):
        text, _, calls = block.rpartition("\n--- ")
        yield Case(name, text, "", json.loads(calls))


GENERATED = [Case(**entry) for entry in json.loads((HERE / "calls.json").read_text("utf-8"))]
WILD = list(wild())
LOOKALIKES = [Case(name, text, text, []) for name, text in blocks("lookalikes.txt")]


def names(case: Case) -> str:
    return case.name


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(GENERATED) + len(WILD) >= 300
    assert len(LOOKALIKES) >= 100


def test_the_corpus_is_what_its_generator_writes() -> None:
    generator: dict[str, Any] = {"__file__": str(HERE / "make_corpus.py"), "__name__": "corpus"}
    exec((HERE / "make_corpus.py").read_text("utf-8"), generator)  # noqa: S102 - our own file
    assert generator["corpus"]() == (HERE / "calls.json").read_text("utf-8")


def test_at_least_99_percent_of_the_calls_are_recovered(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    cases = GENERATED + WILD
    recovered = sum(answer([case.text]).calls == case.calls for case in cases)
    touched = sum(answer([case.text]).text != case.text for case in LOOKALIKES)
    record_property("recovered_percent", 100 * recovered / len(cases))
    record_property("lookalikes_touched", touched)
    with capsys.disabled():
        print(  # noqa: T201 - the measured figure is this test's output
            f"\nrecovered {recovered} of {len(cases)} calls ({100 * recovered / len(cases):.1f} %),"
            f" touched {touched} of {len(LOOKALIKES)} look-alikes"
        )
    assert recovered >= 0.99 * len(cases)
    assert touched == 0


@pytest.mark.parametrize("case", GENERATED, ids=names)
def test_a_call_is_found_with_nothing_left_behind(case: Case) -> None:
    for chunks in ([case.text], *(cut(case.text, size) for size in SIZES)):
        assert answer(chunks) == (case.before, case.calls)


@pytest.mark.parametrize("case", [c for c in GENERATED if CUT_EVERYWHERE.search(c.name)], ids=names)
def test_a_call_is_found_wherever_the_text_is_cut(case: Case) -> None:
    for at in range(1, len(case.text)):
        assert answer([case.text[:at], case.text[at:]]) == (case.before, case.calls)


@pytest.mark.parametrize("case", WILD, ids=names)
def test_a_call_from_the_wild_is_found_wherever_the_text_is_cut(case: Case) -> None:
    whole = answer([case.text])
    assert whole.calls == case.calls
    assert "<" not in whole.text or "Teleport" in whole.text
    for size in SIZES:
        assert answer(cut(case.text, size)) == whole
    for at in range(1, 0 if SENTENCE.match(case.name) else len(case.text)):
        assert answer([case.text[:at], case.text[at:]]) == whole


@pytest.mark.parametrize("case", LOOKALIKES, ids=names)
def test_what_only_looks_like_a_call_is_not_touched(case: Case) -> None:
    for size in (len(case.text), *SIZES):
        assert answer(cut(case.text, size)) == (case.text, [])
    for at in range(1, 0 if SENTENCE.match(case.name) else len(case.text)):
        assert answer([case.text[:at], case.text[at:]]) == (case.text, [])


@pytest.mark.parametrize("case", GENERATED + WILD, ids=names)
def test_a_call_of_a_tool_that_was_not_declared_is_told_to_the_client_or_stays_text(
    case: Case,
) -> None:
    rescue = Rescue({"Other": {"type": "object", "properties": {}}})
    pieces = rescue.feed(case.text) + rescue.finish()
    calls = [piece for piece in pieces if not isinstance(piece, str)]
    assert all(call.unknown for call in calls)
    if not calls:
        assert "".join(piece for piece in pieces if isinstance(piece, str)) == case.text


@pytest.mark.parametrize("case", [c for c in GENERATED if c.name.endswith(", one")], ids=names)
def test_a_call_in_a_fence_that_shows_it_stays_text(case: Case) -> None:
    text = f"The format:\n\n````text\n{case.text}\n````\n\nThat is all.\n"
    assert answer([text]) == (text, [])


@pytest.mark.parametrize("case", [c for c in GENERATED if c.name.endswith(", one")], ids=names)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("You could run this:\n\n", "\n\nShall I?"),
        ("For example:\n", ""),
        ("It would look like this:\n\n", "\n"),
        ("", "\n\nDo you want me to run this?"),
        ("Do not run this:\n", "\n\nIt deletes everything."),
    ],
)
def test_a_call_that_is_presented_as_an_example_stays_text(
    case: Case, before: str, after: str
) -> None:
    text = before + case.text + after
    assert answer([text]) == (text, [])
    assert answer(cut(text, 3)) == (text, [])
