"""Plain English: words that CONTRIBUTING.md ("How we write") refuses are in no text of ours."""

import re
from collections import Counter

from cc_proxy.tests.house.program import MODULES, ROOT

# Each with what to write instead.
REFUSED = {
    r"\b(is|are|was|were) to be\b": "must be, is",
    r"\bmend(s|ed|ing)?\b": "repair, fix",
    r"\btell(s|ing)? of\b": "says, shows, reports",
    r"\blead(s|ing)? to\b": "points to, goes to",
    r"\bha(s|ve|d) (it|them) (do|call|read|play|run|ask|wait|sent|done|tell)\b": "makes it do",
    r"\bof late\b": "recently",
    r"\bfor good\b": "permanently",
    r"\bseldom\b": "rarely",
    r"\bheed(s|ed)?\b": "follows, uses",
    r"\bdear\b": "slow, expensive",
    r"\bone's own\b": "your own, local",
    r"\b(go|goes|going|gone|went) by\b": "passes, uses",
    r"\b(stand|stands|standing) (in|at|there|here|behind|before|after|between|on|under)\b": "is",
    r"\bhold(s)? (for|now|from|too|always|here|there)\b": "applies, is true",
    r"\bcount(s)? (more|less|here|there|now|only)\b": "applies, overrides",
    r"\bnobody any more\b": "no longer",
    r"\bhas to be told\b": "needs to know",
}  # fmt: skip
ANY = re.compile("|".join(REFUSED), re.IGNORECASE)
# How many there are still (one in a prompt whose bytes are recorded); these may only fall.
OLD_WORDS = {
    "translate": 1,
}
MOST_TERMS = 30
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"]


def test_the_program_speaks_plain_english() -> None:
    found = [
        (module.room, f"{module.name}:{number}: {word[0]}")
        for module in MODULES
        for number, line in enumerate(module.text.splitlines(), 1)
        for word in ANY.finditer(line)
    ]
    counts = Counter(room for room, _ in found)
    assert [line for room, line in found if counts[room] > OLD_WORDS.get(room, 0)] == []


def test_the_documents_speak_plain_english() -> None:
    paths = [ROOT / name for name in DOCUMENTS]
    paths += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")]
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {word[0]}"
        for path in sorted(paths)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in ANY.finditer(line)
    ]
    assert found == []


def test_the_glossary_has_few_terms_in_alphabetical_order() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    _, _, glossary = page.partition("## Glossary\n")
    terms = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", glossary.partition("\n## ")[0], re.MULTILINE)
    terms.remove("term")
    assert 0 < len(terms) <= MOST_TERMS
    assert terms == sorted(terms)
