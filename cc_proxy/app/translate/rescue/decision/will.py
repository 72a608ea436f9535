"""The will in the words around a call: for it, against it, or neither.

The last sentence before a call weighs most. Evidence against the call beats evidence for it, unless
the sentence goes on: "I can't see the folder, so I'll list it".
"""

import re
from enum import Enum, auto

from cc_proxy.app.translate.rescue.decision import abroad, english
from cc_proxy.app.translate.rescue.decision.stakes import Stakes

_PIVOT = re.compile(
    r"[,;，；、—–]|\b(?:so|but|then|instead|therefore|also|aber|donc|mais|entonces|pero)\b|ので|から|所以|因此|므로|니까"
)
_FINISHED = re.compile(r"[.!?…。！？)*_~:：»”\"']\s*\Z")
_SHORT = 3
_THIS_ABROAD = re.compile(
    r"\b(?:das|dies\w*|folgende\w*|ça|ceci|cela|l'|esto|eso|lo|este|questo|ciò|isto|isso|dit|dat|het|to"
    r"|tego|bunu|onu|это|этого|этот|эту|его)\b|这|那|它|此|これ|それ|この|その|이것|이 |그 ",
    re.IGNORECASE,
)
_UNSPACED = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
_OTHER_SCRIPTS = re.compile(r"[\u0370-\u05ff\u0600-\u0dff]")
# An intention this near to a "not" is denied by it.
_NEAR = 12
_RETRACTS = re.compile(
    r"\bnever ?mind\b|\bsecond thoughts?\b|\bactually,? (?:no|don't|wait|I)\b|\bcancel\b"
    r"|\bscratch that\b"
    r"|\bforget (?:it|that|this)\b|\btake (?:it|that|this) back\b|\bchanged my mind\b|\bkidding\b"
    r"|\bundo\b|\A\W*(?:stop|wait|hold on|oops|no|careful|non|nein|nee|não|nie|нет|hayır)\b[,.!]"
    r"|\A\W*(?:不[,,。是对]|いや|いえ|아니)|\A\W*\w*(?:отмен|storn|annul|anul|iptal|取消|撤回|キャンセル|취소)"
    r"|\bmistake\b"
    r"|\bdangerous\b|\bunsafe\b"
    r"|\bnot safe\b|\brisky\b|\bby accident\b|\bharmful\b|\bdo not\b"
    r"|\bdon't (?:run|do|execute|call|use)\b"
    r"|\b(?:untouched|unexecuted|not executed|not run|left (?:it )?(?:as|alone))\b",
    re.IGNORECASE,
)


class Tone(Enum):
    """The tone of the words before a call."""

    INTENDED = auto()
    """Something is done now."""
    PLAIN = auto()
    """A statement, which says nothing of the call."""
    INTRODUCED = auto()
    """A colon, a title or an open line points at the call; nobody says that it is done."""
    UNKNOWN = auto()
    """A language in which nothing is known here."""
    AGAINST = auto()
    """It is quoted, supposed, refused, or left to the person."""


def tone_of(paragraph: str, sentence: str, stakes: Stakes) -> Tone:
    """Return what the last paragraph before a call, and its last sentence, make of it."""
    if not sentence:
        return Tone.PLAIN
    words = _Words(sentence)
    if words.is_against(stakes):
        return Tone.AGAINST
    if stakes is Stakes.RUNS and words.has("REPORT", paragraph):
        return Tone.AGAINST
    if words.intends:
        return Tone.INTENDED
    pointing = bool(english.COLON.search(sentence) or english.HEADING.search(sentence))
    open_line = not _FINISHED.search(sentence)
    talks = english.ABOUT.search(sentence)
    if pointing or open_line:
        talks = talks or words.has("SAYING") or english.POINTS.search(sentence)
    if talks:
        return Tone.AGAINST
    if english.LABEL.search(sentence):
        return Tone.AGAINST
    if words.has("STEP"):
        return Tone.INTENDED
    if words.has("EXAMPLE", paragraph):
        return Tone.AGAINST
    if pointing or (open_line and len(sentence.split()) > _SHORT):
        return Tone.INTRODUCED
    known = english.ENGLISH.search(sentence) or abroad.KNOWN.search(sentence)
    return Tone.PLAIN if known else Tone.UNKNOWN


def is_of_text(paragraph: str) -> bool:
    """Return whether a paragraph is about words and texts, or points at what follows it."""
    return bool(
        english.OF_TEXT.search(paragraph)
        or english.POINTS.search(paragraph)
        or english.HERE_IS.search(paragraph)
    )


def is_taken_back(following: str, stakes: Stakes) -> bool:
    """Return whether the text after a call takes it back, asks about it or talks about it."""
    following = following.replace("’", "'").strip()
    if not following:
        return False
    if following[0].islower() or "?" in following or "？" in following:
        return True
    words = _Words(following)
    if any(pattern.search(following) for pattern in (english.REFUSAL, _RETRACTS)):
        return True
    if words.has("REPORT"):
        return True
    talks = (english.AFTER.search(following), words.has("EXAMPLE"))
    if any(found and not words.announces_before(found.start()) for found in talks):
        return True
    if words.has("CONSENT", english.FINDING_OUT.sub("", following)):
        return True
    denied = words.has("DENIAL")
    if denied and words.foreign and abroad.ACT.search(following):
        return True
    if stakes is Stakes.READS:
        return False
    known = english.ENGLISH.search(following) or abroad.KNOWN.search(following)
    return bool(denied) or not known


class _Words:
    """A sentence, and the classes of words in its language.

    `foreign`: it is not English, so the words of the other languages count as well.
    """

    def __init__(self, sentence: str) -> None:
        self._text = sentence
        self.foreign = _is_foreign(sentence)
        self.intends = self._intent(sentence)
        denial = self.has("DENIAL")
        if denial and self.intends and not self._goes_on(denial.end()):
            near = self.intends.end() + _NEAR
            self.intends = self.intends if denial.start() > near else None
            self._denies_intent = self.intends is None
        else:
            self._denies_intent = False

    def has(self, kind: str, text: str | None = None) -> re.Match[str] | None:
        """Return the place of a class of words in the sentence, or in another text."""
        text = self._text if text is None else text
        found: re.Match[str] | None = getattr(english, kind).search(text)
        if found is None and self.foreign:
            found = getattr(abroad, kind).search(text)
        return found

    def announces_before(self, pos: int) -> bool:
        """Return whether the words begin with what is done next, and only then come to `pos`."""
        return self.intends is not None and self.intends.end() <= min(pos, 2 * _NEAR)

    def is_against(self, stakes: Stakes) -> bool:
        """Return whether the sentence says that the call is not made, or not by this model now."""
        sentence = self._text
        if self.has("EXAMPLE") or self.has("CONSENT", english.FINDING_OUT.sub("", sentence)):
            return True
        if english.ASKS.search(sentence) and not english.WONDERS.search(sentence):
            return True
        if self._denies_intent and stakes is not Stakes.READS:
            return True
        return self._is_denied(stakes) or self._is_reported()

    def _is_denied(self, stakes: Stakes) -> bool:
        sentence = self._text
        pointing = english.COLON.search(sentence)
        refusal = english.REFUSAL.search(sentence)
        if refusal and not self._goes_on(refusal.end()):
            return True
        denial = self.has("DENIAL")
        if denial is None or self._goes_on(denial.end()):
            return False
        if pointing:
            return True
        if not self.foreign:
            return False
        this = _THIS_ABROAD.search(sentence) or _UNSPACED.search(sentence)
        return bool(abroad.ACT.search(sentence) and this) or stakes is not Stakes.READS

    def _is_reported(self) -> bool:
        report = self.has("REPORT")
        if report is None:
            return False
        return bool(english.COLON.search(self._text)) or not self._goes_on(report.end())

    def _goes_on(self, pos: int) -> bool:
        """Return whether the sentence turns after `pos` to what is done."""
        pivot = _PIVOT.search(self._text, pos)
        if pivot is None:
            return False
        rest = self._text[pivot.start() :]
        return bool(self._intent(rest) or self.has("STEP", rest))

    def _intent(self, text: str) -> re.Match[str] | None:
        return self.has("INTENT", text)


def _is_foreign(text: str) -> bool:
    if _UNSPACED.search(text) or _OTHER_SCRIPTS.search(text):
        return True
    own = len(english.ENGLISH.findall(text)) + len(english.INTENT.findall(text))
    # A verb says more than a short word: the Italian "i" looks like the English one.
    other = len(abroad.KNOWN.findall(text)) + 2 * len(abroad.INTENT.findall(text))
    return other > own or (other == own and bool(other))
