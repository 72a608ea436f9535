"""The text before a call, and the place of the call in it.

In some places text is quoted, whatever the words say: code, quotation marks, a list, a table,
the middle of a sentence, a document that is open, a conversation that is told.
"""

import re

from cc_proxy.app.translate.rescue.decision.conversation import ToldConversation
from cc_proxy.app.translate.rescue.formats.source import SourceText, Steps, parts_of

_KEPT = 600
# What decides stands near the call; this bounds the work of a decision.
_SENTENCE_KEPT = 240
_PARAGRAPH_KEPT = 400
_TICKS = re.compile(r"`+")
_QUOTES = frozenset("\"'`(“‘«「『")
_BULLET = re.compile(r"\s*(?:[-*+•]|\(?(?:\d{1,3}|[a-zA-Z])[.)]|>.*|\|.*|#+)\s*\Z", re.DOTALL)
_QUOTED_LINE = re.compile(r"\s*[>|]")
_SENTENCE_END = re.compile(r"(?:[.!?:…。！？：)*_~]|</tool_call>|[|｜]>)\s*\Z")
# A line after which something belongs to it that is indented: a list item, a key of YAML.
_HAS_INDENTED = re.compile(
    r"(?:\A|\n)[ \t]*(?:(?:[-*+•]|\(?(?:\d{1,3}|[a-zA-Z])[.)])[ \t][^\n]*"
    r"|[\w.-]+:[ \t]*[|>]?[-+]?)\Z"
)
# Code that goes on in the next line: an open string, call or list, a here-document.
_OPEN_CODE = re.compile(
    r"(?:\"\"\"|'''|(?:=|return|\()[ \t]*[\"'`]|[=({\[,]|[%}]}"
    r"|<<[-~]?[ \t]*[\"']?\w+[\"']?)[ \t]*\Z"
)
_DOCUMENT = re.compile(
    r"<(?P<close>/)?(?:pre|code|blockquote|example|details|textarea|script|style)\b[^<>\n]{0,80}>"
    r"|(?P<comment><!--)|(?P<comment_end>-->)",
    re.IGNORECASE,
)
_BREAK = re.compile(r"(?<=[。！？])\s*|(?<=[.!?…])[*_)\"”]{0,3}\s+|\n+")
_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
# Nothing was said yet; Hunyuan begins its answer with a tag.
_NOTHING = re.compile(r"\s*(?:<answer>\s*)?\Z")


class PrecedingText:
    """The answer's text so far, as far as it decides what a call in it means.

    `blank`: nothing was written yet. `examples`: something in it looked like a call and was none.
    """

    __slots__ = ("_line", "_new", "_open", "_tail", "_ticks", "_told", "add", "blank", "examples")

    def __init__(self) -> None:
        self._new: list[str] = []
        # Called for every chunk of prose, so there is nothing around it.
        self.add = self._new.append
        self._tail = ""
        # The start of the line, and the length of the run of backticks that is open in it.
        self._line = ""
        self._ticks = 0
        self._open = 0
        self._told = ToldConversation()
        self.blank = True
        self.examples = False

    def end_block(self) -> None:
        """Note that a block ended here: what stood before does not introduce what follows."""
        self._new.clear()
        self._tail = self._line = ""
        self._ticks = 0
        self.blank = False

    def settle(self) -> None:
        """Work through what was added, each character once."""
        text = "".join(self._new)
        self._new.clear()
        self._settle(text)

    def settle_in_steps(self, work: SourceText) -> Steps[None]:
        """Do the same in parts; `work` counts them, and pauses."""
        text = "".join(self._new)
        self._new.clear()
        for part in parts_of(text):
            self._settle(part)
            work.spend(len(part))
            yield from work.look()

    def _settle(self, text: str) -> None:
        if not text:
            return
        if self.blank:
            self.blank = bool(_NOTHING.match(text))
        self._told.add(text)
        for tag in _DOCUMENT.finditer(text):
            closes = tag["close"] or tag["comment_end"]
            self._open = max(0, self._open + (-1 if closes else 1))
        self._tail = (self._tail + text)[-_KEPT:]
        cut = text.rfind("\n") + 1
        if cut:
            self._line, self._ticks = "", 0
        # The start of a line tells a list from prose; of its end, `_tail` knows enough.
        self._line = (self._line + text[cut : cut + _KEPT])[:_KEPT]
        for run in _TICKS.finditer(text, cut):
            size = run.end() - run.start()
            self._ticks = size if not self._ticks else 0 if size == self._ticks else self._ticks

    def is_quoted_place(self, gap: str, *, line_start: bool) -> bool:
        """Return whether the text here, after the blanks `gap`, is quoted by its place."""
        self.settle()
        if self._told.is_told or self._open:
            return True
        if line_start:
            blanks = self._tail[len(self._tail.rstrip()) :] + gap
            if _PARAGRAPH.search(blanks):
                return False
            above = self._tail.rstrip()
            indented = len(blanks.rpartition("\n")[2]) > 1
            return bool(_OPEN_CODE.search(above) or (indented and _HAS_INDENTED.search(above)))
        if not self._line.strip():
            # Indented so far that Markdown takes it for code.
            return True
        if self._ticks or self._tail[-1] in _QUOTES:
            return True
        return bool(_QUOTED_LINE.match(self._line) or _BULLET.fullmatch(self._line))

    def ends_sentence(self) -> bool:
        """Return whether the line so far is a sentence with its end, so a call may follow on it."""
        self.settle()
        return bool(_SENTENCE_END.search(self._tail))

    def last(self) -> tuple[str, str]:
        """Return the last paragraph and its last sentence, with plain apostrophes."""
        self.settle()
        text = self._tail.rstrip().replace("’", "'")
        paragraph = _PARAGRAPH.split(text)[-1]
        sentences = [part for part in _BREAK.split(paragraph) if part and part.strip()]
        sentence = sentences[-1].strip() if sentences else ""
        return paragraph[-_PARAGRAPH_KEPT:], sentence[-_SENTENCE_KEPT:]
