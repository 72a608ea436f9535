"""What models write when they mean a call, and what only looks like one."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
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


# The generated calls of a format, by its name.
FORMS = {
    form: list(cases)
    for form, cases in groupby(
        sorted(GENERATED, key=lambda case: case.name), lambda case: case.name.partition(",")[0]
    )
}
# The plain call of each format.
PLAIN = [case for case in GENERATED if case.name.endswith(", one")]
# Processors have as many parts of the longest tests to share.
PARTS = 8


def failures(cases: Iterable[Case], wrong: Callable[[Case], object]) -> dict[str, object]:
    """Return the cases in which something is wrong, by name, each with what was found."""
    found = {case.name: wrong(case) for case in cases}
    return {name: what for name, what in found.items() if what is not None}


def unlike(every: Iterable[list[str]], expected: Answer) -> object:
    """Return the first of these cut texts with another answer, and that answer, if there is one."""
    for chunks in every:
        if (found := answer(chunks)) != expected:
            return chunks, found
    return None


def halves(case: Case) -> Iterator[list[str]]:
    """Yield the text cut in two at every place, unless it is one of many after a sentence."""
    for at in range(1, 0 if SENTENCE.match(case.name) else len(case.text)):
        yield [case.text[:at], case.text[at:]]


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


def test_a_failure_is_listed_by_its_name() -> None:
    found = failures(WILD[:2], lambda case: "told" if case is WILD[0] else None)
    assert found == {WILD[0].name: "told"}


@pytest.mark.parametrize("form", FORMS)
def test_a_call_is_found_with_nothing_left_behind(form: str) -> None:
    def wrong(case: Case) -> object:
        every = ([case.text], *(cut(case.text, size) for size in SIZES))
        return unlike(every, Answer(case.before, case.calls))

    assert failures(FORMS[form], wrong) == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_call_is_found_wherever_the_text_is_cut(form: str) -> None:
    cases = [case for case in FORMS[form] if CUT_EVERYWHERE.search(case.name)]
    assert cases
    found = failures(cases, lambda case: unlike(halves(case), Answer(case.before, case.calls)))
    assert found == {}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_call_from_the_wild_is_found_wherever_the_text_is_cut(part: int) -> None:
    def wrong(case: Case) -> object:
        whole = answer([case.text])
        if whole.calls != case.calls or ("<" in whole.text and "Teleport" not in whole.text):
            return whole
        return unlike([*(cut(case.text, size) for size in SIZES), *halves(case)], whole)

    assert failures(WILD[part::PARTS], wrong) == {}


@pytest.mark.parametrize("part", range(PARTS))
def test_what_only_looks_like_a_call_is_not_touched(part: int) -> None:
    def wrong(case: Case) -> object:
        pieces = [cut(case.text, size) for size in (len(case.text), *SIZES)]
        return unlike([*pieces, *halves(case)], Answer(case.text, []))

    assert failures(LOOKALIKES[part::PARTS], wrong) == {}


def test_a_call_of_a_tool_that_was_not_declared_is_told_to_the_client_or_stays_text() -> None:
    def wrong(case: Case) -> object:
        rescue = Rescue({"Other": {"type": "object", "properties": {}}})
        pieces = rescue.feed(case.text) + rescue.finish()
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        calls = [piece for piece in pieces if not isinstance(piece, str)]
        if all(call.unknown for call in calls) and (calls or text == case.text):
            return None
        return pieces

    assert failures(GENERATED + WILD, wrong) == {}


def test_a_call_in_a_fence_that_shows_it_stays_text() -> None:
    def wrong(case: Case) -> object:
        text = f"The format:\n\n````text\n{case.text}\n````\n\nThat is all.\n"
        return unlike([[text]], Answer(text, []))

    assert failures(PLAIN, wrong) == {}


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
def test_a_call_that_is_presented_as_an_example_stays_text(before: str, after: str) -> None:
    def wrong(case: Case) -> object:
        text = before + case.text + after
        return unlike([[text], cut(text, 3)], Answer(text, []))

    assert failures(PLAIN, wrong) == {}
