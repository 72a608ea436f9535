"""The first line of a docstring stands alone, and says what the thing does or is."""

import re
from collections import Counter

from cc_proxy.tests.house.program import MODULES

QUESTION = re.compile(r"(What|Whatever|Who|Whoever|Whose|Which|How|Whether|Where|When|Why)\b")
# How many there are still in each room; these may only fall.
OLD_LINES = {
    "config": 2,
    "fitness": 13,
    "gateway": 34,
    "translate": 88,
    "upstreams": 12,
}


def test_a_docstring_does_not_begin_like_a_question() -> None:
    found = [
        (module.room, f"{module.name} {name}: {text.splitlines()[0]}")
        for module in MODULES
        for name, text in module.docstrings()
        if QUESTION.match(text)
    ]
    counts = Counter(room for room, _ in found)
    assert [line for room, line in found if counts[room] > OLD_LINES.get(room, 0)] == []
