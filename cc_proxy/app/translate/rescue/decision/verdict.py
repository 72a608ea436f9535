"""The decision itself, from all the evidence.

place       quoted by where it stands                      -> text
provenance  it is in what the model has read               -> text
will        refused, supposed, reported, left to a person  -> text
form, will and stakes together:

|                              | reads         | changes files | runs anything |
| nothing before it, or "I'll" | call          | call          | call          |
| a plain statement            | call          | marked only   | text          |
| a colon without "I'll"       | marked only   | own marks     | text          |
| a language not known here    | marked only   | own marks     | text          |

`own marks`: those that the model's template or Ollama's parser for it has.
"""

from dataclasses import dataclass

from cc_proxy.app.translate.rescue.decision.preceding_text import PrecedingText
from cc_proxy.app.translate.rescue.decision.stakes import Stakes
from cc_proxy.app.translate.rescue.decision.will import Tone, is_of_text, is_taken_back, tone_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """Text that was read as a call, or several in a row, with its form and place.

    `bare`: nothing but its shape marks it. `line_start`: it begins a line. `gap` are the blanks
    before it. `certain`: no such tool was declared, so it needs more than that nothing speaks
    against it. `own`: it has the marks of the model's own family.
    """

    stakes: Stakes
    bare: bool
    line_start: bool
    gap: str = ""
    certain: bool = False
    own: bool = False

    @property
    def is_own(self) -> bool:
        """Return whether the model's template or parser says that this is how it makes calls."""
        return self.own and not self.bare


def is_meant(candidate: Candidate, before: PrecedingText) -> bool:
    """Return whether place and will let a call be one, as far as they are known when it ends."""
    if before.is_quoted_place(candidate.gap, line_start=candidate.line_start):
        return False
    paragraph, sentence = before.last()
    if before.blank:
        return True
    tone = tone_of(paragraph, sentence, candidate.stakes)
    if tone is Tone.AGAINST:
        return False
    if not (candidate.line_start or tone is Tone.INTENDED or before.ends_sentence()):
        # In the middle of a sentence, unless the "sentence" is a word like "OK".
        return candidate.stakes is Stakes.READS and sentence.isalpha()
    if before.examples and tone is not Tone.INTENDED:
        return False
    match tone:
        case Tone.INTENDED:
            return True
        case Tone.PLAIN:
            return not candidate.certain and _plain(candidate, paragraph)
        case _:
            return _unannounced(candidate)


def _plain(candidate: Candidate, paragraph: str) -> bool:
    if candidate.stakes is Stakes.READS:
        return not candidate.bare or not is_of_text(paragraph)
    if candidate.stakes is not Stakes.CHANGES or candidate.bare:
        return False
    return candidate.is_own or not is_of_text(paragraph)


def _unannounced(candidate: Candidate) -> bool:
    if candidate.stakes is Stakes.RUNS or candidate.certain:
        return False
    return candidate.is_own or (candidate.stakes is Stakes.READS and not candidate.bare)


def survives(candidate: Candidate, following: str) -> bool:
    """Return whether what follows a call leaves it one; nothing may follow a bare one."""
    if not following.strip():
        return True
    return not candidate.bare and not is_taken_back(following, candidate.stakes)
