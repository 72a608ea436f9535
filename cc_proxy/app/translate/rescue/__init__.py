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
from cc_proxy.app.translate.rescue.scanner import Piece, Rescue

__all__ = ["NOTHING_READ", "Piece", "ReadText", "Rescue", "RescuedCall", "introduces_call"]


def introduces_call(text: str, call: RescuedCall) -> bool:
    """Return whether an answer ends with the word that the call is made now."""
    before = PrecedingText()
    before.add(text)
    paragraph, sentence = before.last()
    stakes = max(stakes_of(call), Stakes.CHANGES)
    return tone_of(paragraph, sentence, stakes) is Tone.INTENDED
