"""Detection of a text that ends by announcing a step, not with a result or a question.

A model that says "I will now read the file." and stops has forgotten its call. A wrong guess costs
one more short answer, which nobody sees.
"""

# ruff: noqa: RUF001 - fullwidth punctuation and other letters are what models write

import re

# A longer sentence explains; an announcement is short.
_MAX_SENTENCE = 240
_SENTENCE = re.compile(r"(?:[.!?:;…。！？：]+[\"')\]*_`]*(?:\s+|$)|\n+)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# What leaves the next step to the person, or says that all is done.
_LEAVES_IT = re.compile(
    r"\?\s*$|？\s*$|\bif you\b|\blet (?:me|us) know\b|\bonce you\b|\bwhen you\b|\bwould you\b"
    r"|\byou can\b|\bfeel free\b|\blater\b|\bremember\b|\bkeep in mind\b|\bwait for\b"
    r"|\bwenn Sie\b|\bwenn du\b|\bfalls\b|\bsi (?:tu|vous|quieres|desea)\b|\bse (?:vuoi|quiser)\b"
    r"|\bесли\b|如果|もし",
    re.IGNORECASE,
)
_I = (
    r"i['’]ll|i will|i['’]m (?:now )?going to|i am going to|i need to|let me|let['’]s"
    r"|next step is to"
)
_OPENING = (
    r"\W*(?:(?:ok(?:ay)?|sure|great|good|now|next|first|then|so|and|alright|perfect|certainly)\b"
    r"[,.!]?\s+)*"
)
_AND = r"(?:now |first |also |then |next |start by |begin by |go ahead and |try to )*"
_ANNOUNCES = re.compile(
    rf"^{_OPENING}(?:{_I})\s+{_AND}[a-z]+"
    r"|^\W*(?:(?:okay|gut|nun|jetzt|zuerst|als nächstes)[,:]?\s+)*(?:ich werde|lass mich|ich muss"
    r"|werde ich|ich \w+e (?:jetzt|nun|zuerst))\b"
    r"|^\W*(?:(?:d'accord|maintenant|d'abord|ensuite)[,:]?\s+)*(?:je vais|laissez-moi|laisse-moi)\b"
    r"|^\W*(?:(?:vale|bien|ahora|primero|luego)[,:]?\s+)*(?:voy a|vamos a|déjame|permíteme)\b"
    r"|^\W*(?:(?:ok|bene|ora|adesso|prima|poi)[,:]?\s+)*(?:vado a|lasciami|fammi|procedo)\b"
    r"|^\W*(?:(?:ok|agora|primeiro|então)[,:]?\s+)*(?:vou|vamos|deixe-me)\b"
    r"|^\W*(?:(?:хорошо|теперь|сначала|затем)[,:]?\s+)*(?:я (?:сейчас )?\w+ю\b|давайте|сейчас я)"
    r"|^\W*(?:好的|现在|接下来|首先)?[，,]?\s*(?:我(?:将|会|要|来|先)|让我|我们来)"
    r"|(?:します|しましょう|してみます)$",
    re.IGNORECASE,
)


def announces_step(text: str) -> bool:
    """Tell whether the last sentence of `text` says that the writer does something next."""
    end = text.rstrip()[-4 * _MAX_SENTENCE :]
    if end.endswith("```"):
        # Code was shown: that may be the answer.
        return False
    sentences = [part.strip() for part in _SENTENCE.split(_CODE.sub("x", end)) if part.strip()]
    if not sentences:
        return False
    last = sentences[-1]
    if len(last) > _MAX_SENTENCE or end.endswith(("?", "？")):
        return False
    return _LEAVES_IT.search(last) is None and _ANNOUNCES.search(last) is not None
