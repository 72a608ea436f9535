"""Durations as people and Ollama write them: `120`, `120s`, `2m`, `1h30m`, `500ms`."""

import re

from cc_proxy.app.config.errors import RefusedValueError

LONGEST_TIMEOUT_SECONDS = 7 * 24 * 3600.0
LONGEST_KEEP_ALIVE_SECONDS = 365 * 24 * 3600.0

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = r"[0-9]++(?:\.[0-9]++)?"
_BARE = re.compile(_NUMBER)
_PART = re.compile(rf"(?<![0-9.])({_NUMBER})(ms|s|m|h)")
_WITH_UNITS = re.compile(rf"(?:{_NUMBER}(?:ms|s|m|h))+")
# Left to Ollama, whose own OLLAMA_KEEP_ALIVE then applies.
OLLAMA_DEFAULT = "default"
_FOREVER = re.compile(r"-1(?:ms|s|m|h)?")


def seconds(text: str) -> float:
    """Return a duration in seconds; a bare number is seconds. Raises RefusedValueError."""
    if _BARE.fullmatch(text):
        return float(text)
    if _WITH_UNITS.fullmatch(text):
        return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    raise RefusedValueError


def timeout(text: str) -> float:
    """Return a time limit in seconds: more than none, at most a week."""
    limit = seconds(text)
    if limit <= 0:
        raise RefusedValueError(fix="a limit is longer than zero; the default is 15m")
    if limit > LONGEST_TIMEOUT_SECONDS:
        raise RefusedValueError(fix="a week (168h) is the longest limit")
    return limit


def keep_alive(text: str) -> str:
    """Return a duration that Ollama's API accepts in its `keep_alive`.

    Ollama reads strings with Go's time.ParseDuration, which wants a unit, and takes a negative
    duration for "for ever"; hence `-1` becomes `-1s` and `600` becomes `600s`. `default` stays.
    """
    if text == OLLAMA_DEFAULT:
        return text
    if _FOREVER.fullmatch(text):
        return "-1s"
    if seconds(text) > LONGEST_KEEP_ALIVE_SECONDS:
        raise RefusedValueError(fix="write -1 to keep the model loaded for ever")
    return f"{text}s" if _BARE.fullmatch(text) else text
