"""A quoted conversation: the speaker's name precedes each line, in any language."""

import re

# A short label at the start of a line, and words after its colon or none.
_LABEL = re.compile(
    r"^[ \t>*_#\[(]{0,4}(?P<label>[^\W\d_][^\n:：.,;!?()<>{}`\"*]{0,23})[*_\])]{0,3}[:：]"
    r"(?!//)[ \t*_]*(?P<words>[^\n]*)"
    r"|<(?:\|im_start\|>)?(?P<role>user|human|assistant)\b",
    re.MULTILINE,
)
# Labels of a plan, a finding or a form: they name a thing, not a speaker.
_THINGS = re.compile(
    r"""(?ix)\A(?:.*\b(?:step|task|todo|plan|goal|note|problem|issue|bug|error|warning|cause|reason
    |fix|solution|change|result|output|input|status|summary|file|path|line|command|test|expected
    |actual|before|after|next|now|first|then|option|variant|example|good|bad|update|analysis
    |approach|current|root|finding|conclusion|observation|thought|action|tip|info|details|target
    |name|body|type|title|version|date|description|code|language|schritt|problem|fehler|lösung|plan
    |étape|problème|paso|problema|error|passo|шаг|проблема|ошибка|krok|adım|stap)\w*\b.*
    |步骤.*|问题|原因|解决.*|错误|计划|手順.*|問題|原因|계획|문제|단계.*
    |https?|[a-z])\Z"""
)
_PEOPLE = re.compile(
    r"(?i)\A(?:user|human|person|me|you|q|question|customer|client|operator|usuario|usuário|utente"
    r"|utilisateur|benutzer|nutzer|mensch|gebruiker|użytkownik|kullanıcı|пользователь|человек|用户"
    r"|人类|ユーザー|사용자|you|du|ich|я|ты)\Z"
)


_ANSWERS = frozenset({"a", "r"})
_SAYS_SOMETHING = re.compile(r"[.!?…。！？][\"')*_]*\s*\Z")
_LONGEST_LINE = 600


class ToldConversation:
    """Hears who speaks, line by line. A conversation is told once a second speaker answers."""

    __slots__ = ("_first", "_pending", "_told")

    def __init__(self) -> None:
        self._first = ""
        self._pending = ""
        self._told = False

    def add(self, text: str) -> None:
        """Take the next part of the answer."""
        if self._told:
            return
        lines, _, rest = text.rpartition("\n")
        if lines or text.startswith("\n"):
            self._told = self._hears(self._pending + lines)
            self._pending = ""
        self._pending = (self._pending + rest)[:_LONGEST_LINE]

    @property
    def is_told(self) -> bool:
        """Return whether the text here is said by somebody in a conversation."""
        return self._told or self._hears(self._pending)

    def _hears(self, text: str) -> bool:
        for found in _LABEL.finditer(text):
            label = (found["role"] or found["label"]).strip().casefold()
            named = found["role"] or _PEOPLE.match(label)
            if not named and _THINGS.match(label) and label not in _ANSWERS:
                continue
            if self._first and label != self._first:
                return True
            if named or _SAYS_SOMETHING.search(found["words"]):
                self._first = self._first or label
        return False
