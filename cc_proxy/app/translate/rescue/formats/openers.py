"""The marks that may begin a call, and the reader for each."""

import re

from cc_proxy.app.translate.rescue.declared import Reading
from cc_proxy.app.translate.rescue.formats.fences import FENCE, action, bare, fenced
from cc_proxy.app.translate.rescue.formats.json_calls import Context, json_run, named_call
from cc_proxy.app.translate.rescue.formats.kimi_k3 import K3_OPENERS, kimi_k3
from cc_proxy.app.translate.rescue.formats.marks import M3, mark_at
from cc_proxy.app.translate.rescue.formats.markup import body, harmony, named, wrapped
from cc_proxy.app.translate.rescue.formats.nested_tags import name_and_arguments
from cc_proxy.app.translate.rescue.formats.prefixes import pattern_of
from cc_proxy.app.translate.rescue.formats.python_calls import NAME
from cc_proxy.app.translate.rescue.formats.source import Steps
from cc_proxy.app.translate.rescue.formats.tags import header_at, tagged

_MISTRAL = "[TOOL_CALLS]"
_ACTION = "Action:"
_PHI = "functools["
_GEMMA = "call:"
_FUNCTION = "function<｜tool▁sep｜>"
_GIGACHAT = ("function call<|role_sep|>", "function call{")
_FUNCTIONARY = ">>>"
_HARMONY = frozenset({"assistant", "commentary", "analysis", "to="})
# What a line may begin with where the special tokens were lost.
_WORDS = (
    *(
        _PHI,
        _GEMMA,
        "assistant",
        "commentary",
        "analysis",
        "to=",
        "functions.",
        _FUNCTION,
    ),
    *(_ACTION, *_GIGACHAT, _FUNCTIONARY),
)
# Of the names within `<…>`, those that the openers of calls begin or go on with.
_TAGS = (
    *(
        "tool",
        "function",
        "invoke",
        "python_",
        "start_function_call",
        "start_action",
        "action_start",
    ),
    *(
        "use_mcp_tool",
        "content_invoke",
        "message_model",
        "channel",
        "start",
        "end",
        "open",
        "close",
    ),
)
_MARK = (
    r"<[|｜]?(?:(?:[A-Za-z][\w-]{0,23}[:_｜|])?" + pattern_of(_TAGS) + r"|[A-Za-z][\w-]{0,23}\Z)"
)
# How each tag of a call begins, or the text ends: most of what is `<` is left after one look.
_TAG_START = re.compile(r"<[|｜]?/?[|｜]?(?:(?P<name>[A-Za-z])|\Z)")

_WITHIN_LINE = rf"{_MARK}|\[(?=T|\Z){pattern_of([_MISTRAL[1:]])}|\](?=<|\Z){pattern_of([M3[1:]])}"


class Openers:
    """Finds the reader for the text at a place."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._words = (*_WORDS, *context.declared.names)
        # Most lines begin with a letter that none of them has: one look is enough.
        self._by_letter: dict[str, tuple[str, ...]] = {}
        for word in self._words:
            self._by_letter[word[:1]] = (*self._by_letter.get(word[:1], ()), word)
        first = "".join(sorted({re.escape(word[:1]) for word in self._words}))
        words = pattern_of(self._words)
        # What may begin one at the start of a line, and in the middle of one.
        self._line_start = (
            rf"(?:\{{\s*+(?:[\"'\w]|\Z)|\[\s*+(?:[{{\w\"']|\Z)|[`~<]|\](?=<|\Z)"
            rf"|\[(?=T)|(?=[{first}]){words})"
        )

    def pattern(self) -> re.Pattern[str]:
        r"""Return the pattern of where a call may begin: its group `line` is set where a line does.

        The blanks before it are taken as a whole, so that each of them is passed once.
        """
        return re.compile(
            rf"(?<!\s)[ \t]*+(?P<line>\n)\s*+(?=\Z|{self._line_start})|{_WITHIN_LINE}",
            re.IGNORECASE,
        )

    def recognise(self, pos: int, *, line_start: bool) -> Steps[Reading | None]:
        """Read the call at `pos`; None when none begins there."""
        src = self._context.src
        char = yield from src.char(pos)
        if char == "<" or (char == "]" and (yield from src.starts(pos, (M3,)))):
            return (yield from self._tag(pos))
        if char == "[" and (yield from src.starts(pos, (_MISTRAL,))):
            return (yield from wrapped(self._context, pos + len(_MISTRAL), "mistral"))
        if not line_start:
            return None
        if char in {"{", "["}:
            return (yield from bare(self._context, pos))
        if char == "`" and (yield from src.starts(pos, (FENCE,))):
            return (yield from fenced(self._context, pos))
        return (yield from self._word(pos)) if char.isalpha() or char in {">", "_"} else None

    def _tag(self, pos: int) -> Steps[Reading | None]:
        src = self._context.src
        if not (yield from self._may_be_tag(pos)):
            return None
        if (yield from src.starts(pos, K3_OPENERS)):
            return (yield from kimi_k3(self._context, pos))
        header = yield from header_at(src, pos)
        if header:
            return (yield from tagged(self._context, header))
        mark = yield from mark_at(src, pos)
        if mark is None:
            return None
        if mark.name in {"channel", "start", "end"}:
            return (yield from harmony(self._context, pos))
        if mark.name == "messagemodel":
            # Inkling names the tool behind the token of the turn.
            return (yield from named(self._context, mark.end, "inkling", wrapped=True))
        if mark.name in {"functionname", "toolname"} and not mark.closes:
            return (yield from name_and_arguments(self._context, pos, "tags"))
        form = mark.form
        return (yield from wrapped(self._context, mark.end, form)) if form else None

    def _may_be_tag(self, pos: int) -> Steps[bool]:
        src = self._context.src
        while src.text[pos] == "<":
            found = _TAG_START.match(src.text, pos)
            if found is None or found["name"] or src.ended:
                return found is not None
            yield
        return True

    def _word(self, pos: int) -> Steps[Reading | None]:
        context = self._context
        words = self._by_letter.get(context.src.text[pos])
        word = words and (yield from context.src.starts(pos, words))
        if not word:
            return None
        end = pos + len(word)
        if word == _PHI:
            steps = json_run(context, end - 1, "phi")
        elif word == _ACTION:
            steps = action(context, pos)
        elif word == _FUNCTION:
            steps = body(context, end, "deepseek")
        elif word in _GIGACHAT:
            steps = body(context, end - word.endswith("{"), "gigachat")
        elif word == _FUNCTIONARY:
            steps = self._functionary(end)
        elif word == _GEMMA:
            steps = self._gemma(end)
        elif word in _HARMONY:
            steps = harmony(context, pos)
        else:
            steps = named(context, pos, "named")
        return (yield from steps)

    def _gemma(self, pos: int) -> Steps[Reading | None]:
        """Read `call:Read{…}` without the tokens around it: a call only as the last thing said."""
        src = self._context.src
        end = yield from src.skip(pos, NAME)
        found = yield from named_call(self._context, end, src.text[pos:end], "gemma")
        return found and Reading(found.calls, found.end, weak=True, open=found.open)

    def _functionary(self, pos: int) -> Steps[Reading | None]:
        """Read `>>>Read` and the arguments on the next line."""
        src = self._context.src
        end = yield from src.skip(pos, NAME)
        if self._context.declared.resolve(src.text[pos:end]) is None:
            return None
        following = yield from src.skip(end)
        found = yield from named_call(self._context, following, src.text[pos:end], "functionary")
        return found and Reading(found.calls, found.end, weak=True, open=found.open)
