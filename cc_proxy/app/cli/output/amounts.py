"""Sizes and time spans as people write them."""

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it, decimal as Ollama shows it."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value /= _STEP
        unit += 1
    return f"{value:.1f} {_UNITS[unit]}" if unit > 1 else f"{value:.0f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Return a time span as people say it, in its two largest units."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"
