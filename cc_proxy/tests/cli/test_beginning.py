"""What is told to the proxy of a session before it begins."""

import pytest

from cc_proxy.app.cli.claude.beginning import session


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
