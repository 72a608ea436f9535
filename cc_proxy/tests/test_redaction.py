import pytest

from cc_proxy.app.redaction import HIDDEN, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a long-secret here", f"a {HIDDEN} here"),
        ("xlong-secretx", f"x{HIDDEN}x"),
        ("Authorization: Bearer key", f"Authorization: Bearer {HIDDEN}"),
        ("key, key=key.", f"{HIDDEN}, {HIDDEN}={HIDDEN}."),
        (
            "a monkey on the keyboard, api_key, dev-key",
            "a monkey on the keyboard, api_key, dev-key",
        ),
    ],
)
def test_a_long_secret_is_replaced_anywhere_and_a_short_one_as_a_word(
    text: str, shown: str
) -> None:
    assert redact(text, ["long-secret", "key"]) == shown
