import pytest

from cc_proxy.app.config.durations import keep_alive, timeout
from cc_proxy.app.config.errors import RefusedValueError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("120s", 120),
        ("2m", 120),
        ("1h", 3600),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5", 1.5),
        ("0.5h", 1800),
        ("168h", 604800),
    ],
)
def test_a_timeout_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert timeout(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0", "0s", "-1", "1d", "m", "1 m", "1M", "1e3", "inf", "nan", "5m3", "169h", "9" * 999],
)
def test_what_is_no_timeout_is_refused(text: str) -> None:
    with pytest.raises(RefusedValueError):
        timeout(text)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("30m", "30m"),
        ("1h30m", "1h30m"),
        ("600", "600s"),
        ("0", "0s"),
        ("-1", "-1s"),
        ("-1m", "-1s"),
    ],
)
def test_keep_alive_is_what_ollama_parses(text: str, sent: str) -> None:
    assert keep_alive(text) == sent


@pytest.mark.parametrize("text", ["", "-2", "-5m", "forever", "1d", "99999999h"])
def test_what_is_no_keep_alive_is_refused(text: str) -> None:
    with pytest.raises(RefusedValueError):
        keep_alive(text)
