import json

import pytest

from cc_proxy.app.redaction import HIDDEN, Redactor, login_secrets


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
    assert Redactor(["long-secret", "key"]).text(text) == shown


def test_the_word_that_is_set_where_no_key_is_asked_for_is_not_hidden() -> None:
    assert Redactor(["ollama"]).text("ollama answers") == "ollama answers"


def test_a_name_in_an_answer_is_not_changed_by_a_short_secret() -> None:
    assert Redactor(["qwen"]).json(b'{"name": "qwen"}') == b'{"name": "qwen"}'


def test_json_stays_json_where_a_secret_looks_like_a_number() -> None:
    body = Redactor(["12345678"]).json(b'{"size": 12345678, "12345678": ["a 12345678"]}')
    assert json.loads(body) == {"size": 12345678, HIDDEN: [f"a {HIDDEN}"]}


def test_what_is_no_json_is_hidden_too() -> None:
    assert Redactor(["s3cret-s3cret"]).json(b"\xff s3cret-s3cret") == b"\xff " + HIDDEN.encode()


def test_a_login_is_its_user_with_the_password_and_the_password() -> None:
    assert list(login_secrets("http://u:p@ss@host/x")) == ["u:p@ss", "p@ss"]
    assert list(login_secrets("http://host/x")) == []
