"""What is told to the proxy of a session before it begins."""

import pytest

from cc_proxy.app.cli.claude.beginning import first_answer, session


@pytest.mark.parametrize(
    ("arguments", "prints", "continues"),
    [
        ([], False, False),
        (["-p", "hi"], True, False),
        (["--print", "-c", "hi"], True, True),
        (["--resume=abc"], False, True),
        (["-r", "abc"], False, True),
        (["--continue"], False, True),
        (["--", "-c"], False, False),
    ],
)
def test_the_arguments_say_how_a_session_begins(
    arguments: list[str], *, prints: bool, continues: bool
) -> None:
    begins = session(arguments)
    assert (begins.prints, begins.continues) == (prints, continues)
    assert begins.folder


def test_the_wait_for_the_first_answer_is_told_where_the_speed_is_known() -> None:
    (line,) = first_answer(300.0, 12_000, [])
    assert line.startswith("About 40 s for the first answer: 12,000 tokens at 300 a second")


@pytest.mark.parametrize(
    ("speed", "arguments"), [(None, []), (0.0, []), (3000.0, []), (300.0, ["-c"])]
)
def test_a_wait_that_is_unknown_or_short_is_not_told(
    speed: float | None, arguments: list[str]
) -> None:
    assert first_answer(speed, 12_000, arguments) == ()
