"""The first line of a docstring stands alone, and says what the thing does or is."""

import re

from cc_proxy.tests.house.program import MODULES

QUESTION = re.compile(r"(What|Whatever|Who|Whoever|Whose|Which|How|Whether|Where|When|Why)\b")


def test_a_docstring_does_not_begin_like_a_question() -> None:
    assert [
        f"{module.name} {name}: {text.splitlines()[0]}"
        for module in MODULES
        for name, text in module.docstrings()
        if QUESTION.match(text)
    ] == []
