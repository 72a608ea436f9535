import pytest

from cc_proxy.app.cli.output import colour
from cc_proxy.app.cli.output.wrapping import wrapped

TEXT = "one two three four five six seven eight"


@pytest.mark.parametrize(
    ("line", "width", "lines"),
    [
        ("short", 20, ["short"]),
        (TEXT, 20, ["one two three four", "  five six seven", "  eight"]),
        (f"  {TEXT}", 24, ["  one two three four", "    five six seven eight"]),
        (
            "Log       a/b c d e f g h i j k",
            24,
            ["Log       a/b c d e f g", "          h i j k"],
        ),
        ("  -> run this one and that", 20, ["  -> run this one", "     and that"]),
        # A column that leaves less than half of the width is no column.
        (
            "a label of some length  and its value",
            30,
            ["a label of some length  and", "  its value"],
        ),
        ("a /path/that/is/longer/than/the/line", 20, ["a", "  /path/that/is/longer/than/the/line"]),
    ],
)
def test_a_line_is_broken_between_words_and_indented(
    line: str, width: int, lines: list[str]
) -> None:
    assert wrapped(line, width) == lines


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    line = "warn  default_model       " + "word " * 60
    found = wrapped(line, width)
    assert max(map(len, found)) <= width
    assert " ".join(" ".join(found).split()) == " ".join(line.split())


def test_colours_add_nothing_to_the_width() -> None:
    line = f"{colour.styled('ok', colour.Style.OK)}    a value that fills it"
    assert wrapped(line, len("ok    a value that fills it")) == [line]
