"""Texts that models may write without end: runs, alternations and nestings of every mark."""

# ruff: noqa: RUF001, SLF001 - fullwidth bars are what models write; the tables are the product's

from collections.abc import Iterator
from itertools import pairwise

from cc_proxy.app.translate.answer import think_tags
from cc_proxy.app.translate.rescue.formats import marks, openers

_PLAIN = [
    "<", "[", "{", "(", "`", '"', "'", "\\", "|", ":", "a", "\n", " ", "\r\n", "\u00a0", " \n",
    "</", "<|", "```", "~~~", "> ", "- ", "1. ", "a. ", "x\n", ",", ";", "}", "]", ")", "=",
    "\\n", '\\"', "//", "/*", "1,", "<a>", "</a>", "<!--",
]  # fmt: skip
_CALLS = [
    "<server_name>a</server_name>", "<name>Read</name><arguments>{}",
    "[Read(file_path='a')]", "Read(file_path='a')", '{"name": "Read", "arguments": {',
    '{"name": "Read", "arguments": {"file_path": "a"}}', "<function=Read>", "</function>",
    "<parameter=file_path>", "</parameter>", '<invoke name="Read">', "<arg_key>", "</arg_key>",
    "<arg_value>", "</arg_value>", "<file_path>", "<name>Read</name>", "[ARGS]", "[CALL_ID]",
    "<tool_call>Read<arg_key>file_path</arg_key><arg_value>a</arg_value></tool_call>",
    '<|open|>call tool="Read"<|sep|>', "<|close|>call<|sep|>", "User: ", "assistant: I do.\n",
    "I will read it.\n", "print(", "]<]minimax[>[<invoke", "Read{", "Read",
]  # fmt: skip


def _derived() -> Iterator[str]:
    """Yield the marks that the product's own tables name."""
    for opener, closer in think_tags._OPENERS.items():
        yield from (opener, closer)
    yield from openers._WORDS
    for name in (*marks._FORMS, *marks._CLOSERS, *marks._TURNS):
        yield from (f"<{name}>", f"<|{name}|>", f"</{name}>")
    yield from (marks.M3, "[TOOL_CALLS]", "<｜tool▁calls▁begin｜>")


MARKS = list(dict.fromkeys((*_PLAIN, *_CALLS, *sorted(_derived()))))
PAIRS = [
    ("{", "}"), ("[", "]"), ("(", ")"), ('{"a":', "}"), ("[{", "}]"), ("<a>", "</a>"),
    ("<tool_call>", "</tool_call>"), ("<parameter=a>", "</parameter>"),
    ("<function=Read>", "</function>"), ("<arg_value>", "</arg_value>"),
    ('<invoke name="Read">', "</invoke>"), ("<file_path>", "</file_path>"),
    *think_tags._OPENERS.items(),
]  # fmt: skip
# What a call holds back until it ends.
WITHIN = [
    '<tool_call>{"name": "Read", "arguments": {"file_path": "',
    '<tool_call>{"name": "Read", "arguments": {"file_path": [',
    "<tool_call><function=Read>\n<parameter=file_path>\n",
    "<tool_call>Read<arg_key>file_path</arg_key><arg_value>",
    "[Read(file_path='",
    '```json\n{"name": "Read", "arguments": {"file_path": "',
    '<|open|>tools<|sep|><|open|>call tool="Read"<|sep|><|open|>argument key="file_path"<|sep|>',
]  # fmt: skip


def runs(chars: int) -> Iterator[str]:
    """Yield a run of each mark, and one within each thing that is held back."""
    for mark in MARKS:
        yield _repeated(mark, chars)
    for opener in WITHIN:
        for mark in (*_PLAIN, *_CALLS):
            yield opener + _repeated(mark, chars)


def alternations(chars: int) -> Iterator[str]:
    """Yield each mark in turn with the one after it, and with what ends a line or a word."""
    for one, other in pairwise(MARKS):
        yield _repeated(one + other, chars)
    for mark in MARKS:
        yield _repeated(mark + "\n", chars)
        yield _repeated(mark + "a ", chars)


def nestings(chars: int) -> Iterator[str]:
    """Yield marks that open as often as they close afterwards, or never."""
    for opener, closer in PAIRS:
        times = chars // (len(opener) + len(closer)) + 1
        yield opener * times + closer * times
        yield f"{opener}\n" * times + f"{closer}\n" * times


def _repeated(text: str, chars: int) -> str:
    return text * (chars // len(text) + 1)
