"""Tool calls that a model wrote into its text, turned into calls while the answer streams.

`formats/` reads what the families write, `decision/` judges whether a call is meant (the rule is in
`decision/verdict.py` and, for people, in docs/explanation/tool-calls.md), `repair/` puts names and
arguments right by the declared tools. Text is held back only while it may still become a call; what
was read is not read again, so the work is linear in the answer.
"""

from cc_proxy.app.translate.rescue.decision.preceding_text import PrecedingText
from cc_proxy.app.translate.rescue.decision.provenance import NOTHING_READ, ReadText
from cc_proxy.app.translate.rescue.decision.stakes import Stakes, stakes_of
from cc_proxy.app.translate.rescue.decision.will import Tone, tone_of
from cc_proxy.app.translate.rescue.declared import RescuedCall
from cc_proxy.app.translate.rescue.formats.source import Steps
from cc_proxy.app.translate.rescue.pieces import Piece
from cc_proxy.app.translate.rescue.scanner import Rescue

__all__ = ["NOTHING_READ", "Introduction", "Piece", "ReadText", "Rescue", "RescuedCall", "Steps"]


# A paragraph is judged by less.
_LAST_WORDS = 1_000


class Introduction:
    """The last words of an answer, which may say that a call is made now."""

    def __init__(self, text: str) -> None:
        before = PrecedingText()
        before.add(text[-_LAST_WORDS:])
        self._paragraph, self._sentence = before.last()
        self._tones: dict[Stakes, Tone] = {}

    def introduces(self, call: RescuedCall) -> bool:
        """Return whether they say so of a call."""
        stakes = max(stakes_of(call), Stakes.CHANGES)
        if stakes not in self._tones:
            self._tones[stakes] = tone_of(self._paragraph, self._sentence, stakes)
        return self._tones[stakes] is Tone.INTENDED
