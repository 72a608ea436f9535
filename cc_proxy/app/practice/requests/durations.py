"""Go's durations, as `keep_alive` takes them."""

import math
import re

from cc_proxy.app.practice.wire import WireError

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(ns|us|µs|ms|s|m|h)")


def seconds(value: object) -> float | None:
    """Return the seconds of a `keep_alive`: a number or `5m`; negative is for ever.

    Raises:
        WireError: 400 for anything else.

    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WireError(400, f"Unsupported type: '{type(value).__name__}'")
    number = _parse(value) if isinstance(value, str) else float(value)
    return math.inf if number < 0 else number


def _parse(text: str) -> float:
    unsigned = text.lstrip("+-")
    if unsigned == "0":
        return 0.0
    parts = list(_PART.finditer(unsigned))
    if not parts or "".join(part[0] for part in parts) != unsigned:
        missing = bool(unsigned) and unsigned.replace(".", "").isdigit()
        fault = "missing unit in" if missing else "invalid"
        raise WireError(400, f'time: {fault} duration "{text}"')
    total = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    return -total if text.startswith("-") else total
