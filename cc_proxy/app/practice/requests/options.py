"""The `options` of a request, checked as Ollama checks them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cc_proxy.app.practice.wire import WireError

DEFAULT_NUM_CTX = 4096
_LEAST_NUM_CTX = 8
_MOST_INTEGER = 2**31 - 1

# Ollama's api.Options: the names and their Go types. Other names are ignored (recording 19h).
_INTEGERS = frozenset(
    {"num_ctx", "num_predict", "num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread"}
    | {"seed", "top_k", "repeat_last_n", "draft_num_predict"}
)
_FLOATS = frozenset(
    {"temperature", "top_p", "min_p", "typical_p"}
    | {"repeat_penalty", "presence_penalty", "frequency_penalty"}
)
_BOOLEANS = frozenset({"use_mmap"})
_ARRAYS = frozenset({"stop"})


@dataclass(frozen=True)
class Options:
    """The options that the practice model uses, in tokens; `num_predict` None for no limit."""

    num_ctx: int
    num_predict: int | None
    stop: tuple[str, ...] = field(default=())


def read_options(given: Mapping[str, Any], *, of_model: Mapping[str, Any], most: int) -> Options:
    """Return the effective options: the request's over the model's own over the defaults.

    Raises:
        WireError: 500 for a wrong type (recording 19g).

    """
    for name, value in given.items():
        _check(name, value)
    merged = {**of_model, **{name: value for name, value in given.items() if value is not None}}
    num_predict = merged.get("num_predict", -1)
    return Options(
        # A window larger than the model's is clamped in silence (recording 33).
        num_ctx=int(max(_LEAST_NUM_CTX, min(merged.get("num_ctx", DEFAULT_NUM_CTX), most))),
        # 0 means no limit, as negative numbers do (recordings 20d, 89c).
        num_predict=int(min(num_predict, _MOST_INTEGER)) if num_predict >= 1 else None,
        stop=tuple(merged.get("stop", ())),
    )


def _check(name: str, value: object) -> None:
    if value is None:
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in _INTEGERS and not number:
        raise _wrong(name, "of type integer")
    if name in _FLOATS and not number:
        raise _wrong(name, "of type float32")
    if name in _BOOLEANS and not isinstance(value, bool):
        raise _wrong(name, "of type boolean")
    if name in _ARRAYS:
        if not isinstance(value, list):
            raise _wrong(name, "of type array")
        if not all(isinstance(item, str) for item in value):
            raise _wrong(name, "of an array of strings")


def _wrong(name: str, wanted: str) -> WireError:
    return WireError(500, f'option "{name}" must be {wanted}')
