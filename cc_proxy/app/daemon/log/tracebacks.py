"""A traceback for the log: where an error happened, and not what it says of values.

The text of an error can hold what a client or a model has sent: a KeyError has the key, a decoder
has the text that it cannot decode.
"""

import traceback
from collections.abc import Iterator

from cc_proxy.app.errors import CcProxyError

# Their texts name types and attributes of the program.
_OF_THE_PROGRAM = (
    AssertionError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
)
_BECAUSE = "The above exception was the direct cause of the following exception:"
_MEANWHILE = "During handling of the above exception, another exception occurred:"


def traceback_text(error: BaseException | None) -> str:
    """Return the traceback of an error and of those that led to it, as Python writes them."""
    return "\n".join(_lines(error, frozenset())) if error is not None else ""


def _lines(error: BaseException, seen: frozenset[int]) -> Iterator[str]:
    seen |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _lines(before, seen)
        yield f"\n{_BECAUSE if error.__cause__ else _MEANWHILE}\n"
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    text = _text(error)
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{name}: {text}" if text else name


def _text(error: BaseException) -> str:
    if isinstance(error, CcProxyError):
        return error.log_text
    if isinstance(error, OSError):
        return error.strerror or ""
    return str(error) if isinstance(error, _OF_THE_PROGRAM) else ""
