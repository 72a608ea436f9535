"""Public names: the field's nouns, one meaning each."""

import re
from collections import defaultdict

from cc_proxy.tests.house.program import MODULES, Named

# Words of a private dialect; a name says the same in a term that a newcomer knows.
REFUSED_WORDS = {
    "beat", "crowd", "dear", "fate", "front", "fronts", "heed", "left", "look", "looks", "meant",
    "mend", "mended", "mends", "quiet", "quietly", "said", "seldom", "settle", "settled", "sifted",
    "standing", "stumble", "told", "took", "waker", "wakers", "weigh", "wonders",
}  # fmt: skip
REFUSED_PHRASES = ("set_inline_consumer", "goes_on", "let_go", "one_more", "lets_through")
# A type is a thing or a person, not something that was done.
PARTICIPLES = {
    "Asked", "Bound", "Declared", "Detached", "Done", "Failed", "Found", "Given", "Kept", "Known",
    "Left", "Loaded", "Preloaded", "Running", "Said", "Shared", "Spent", "Standing", "Taken",
    "Told", "Translated", "Written",
}  # fmt: skip
# Plain English, though it has one of those words.
PLAIN = {"seconds_left"}
# Names that are there still; this list may only shrink.
OLD_NAMES = {
    "FRONTS_FILE", "FrontFile", "LOOK_SECONDS", "Looks", "MAX_FRONTS_BYTES", "MAX_FRONT_BYTES",
    "Shared", "Spent", "ToldConversation", "WONDERS", "Wakers", "crowd", "front", "front_file",
    "front_request", "goes_on", "is_meant", "is_told", "is_told_apart", "left", "left_by",
    "left_out", "look", "quiet", "said", "set_inline_consumer", "settle", "settle_in_steps",
    "told_apart", "wakers",
}  # fmt: skip
OLD_DUPLICATES = {
    "SourceText",
}  # fmt: skip


def public_names() -> list[Named]:
    return [named for module in MODULES for named in module.public_names()]


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def _is_refused(named: Named) -> bool:
    lower = named.name.lower()
    return named.name not in PLAIN and (
        bool(_words(named.name) & REFUSED_WORDS)
        or any(phrase in lower for phrase in REFUSED_PHRASES)
        or (named.kind == "class" and named.name in PARTICIPLES)
    )


def test_a_public_name_is_a_term_of_the_field() -> None:
    refused = [named for named in public_names() if _is_refused(named)]
    assert [named for named in refused if named.name not in OLD_NAMES] == []
    assert sorted(OLD_NAMES - {named.name for named in refused}) == []


def test_a_public_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for named in public_names():
        if named.kind == "class":
            places[named.name].append(named.place)
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in shared.items() if name not in OLD_DUPLICATES} == {}
    assert sorted(OLD_DUPLICATES - set(shared)) == []
