"""Weights of texts, against what real tokenizers made of them (`bench/tokens` records them)."""

import json
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.translate.prompt.tokens import (
    FEATURES,
    SAMPLE_BYTES,
    Digits,
    digits_of,
    estimate_features,
    estimate_tokens,
)

RECORDED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("token_counts.json").read_text(encoding="utf-8")
)
TEXTS = {row["kind"]: row["text"] for row in RECORDED}
FAMILIES = {
    "qwen": Digits.ONE_BY_ONE,
    "mistral": Digits.ONE_BY_ONE,
    "gemma3": Digits.ONE_BY_ONE,
    "llama3": Digits.IN_GROUPS,
    "deepseek": Digits.IN_GROUPS,
    "gpt-oss": Digits.IN_GROUPS,
}


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["kind"])
def test_a_text_weighs_what_most_tokenizers_make_of_it(row: dict[str, Any]) -> None:
    errors = {
        name: abs(estimate_tokens(row["text"], FAMILIES[name]) / tokens - 1)
        for name, tokens in row["counts"].items()
    }
    near = [name for name, error in errors.items() if error < 0.15]
    assert len(near) >= 4, errors
    assert max(errors.values()) < 0.3, errors


@pytest.mark.parametrize("kind", ["english", "python", "typescript", "tool schemas", "chinese"])
def test_a_text_weighs_about_right_where_the_family_is_not_known(kind: str) -> None:
    counts = next(row["counts"] for row in RECORDED if row["kind"] == kind)
    near = [name for name, n in counts.items() if abs(estimate_tokens(TEXTS[kind]) / n - 1) < 0.15]
    assert len(near) >= 3


def test_numbers_weigh_more_where_digits_are_tokens_of_their_own() -> None:
    one, unknown, groups = (
        estimate_tokens(TEXTS["numbers"], digits)
        for digits in (Digits.ONE_BY_ONE, Digits.UNKNOWN, Digits.IN_GROUPS)
    )
    assert one > unknown > groups


@pytest.mark.parametrize(
    ("kind", "most"), [("english", 0), ("shell output", 2), ("numbers", 2), ("chinese", 3)]
)
def test_a_weight_tells_what_kind_of_text_it_is_of(kind: str, most: int) -> None:
    weight = estimate_features(TEXTS[kind])
    assert weight.index(max(weight)) == most
    assert sum(weight) == pytest.approx(estimate_tokens(TEXTS[kind]))


def test_a_long_text_is_weighed_by_samples_and_weighs_nearly_the_same() -> None:
    text = "".join(TEXTS.values()) * 40
    assert len(text) > 10 * SAMPLE_BYTES
    assert estimate_tokens(text) == pytest.approx(
        estimate_tokens(text, sample=len(text) * 4), rel=0.03
    )


def test_samples_see_every_part_of_a_text() -> None:
    mixed = TEXTS["english"] * 200 + TEXTS["base64"] * 200
    assert estimate_tokens(mixed, sample=16_000) == pytest.approx(
        estimate_tokens(mixed, sample=len(mixed) * 4), rel=0.05
    )


def test_str_and_its_utf_8_weigh_the_same() -> None:
    text = TEXTS["japanese"] + TEXTS["english"]
    assert estimate_tokens(text) == estimate_tokens(text.encode())


@pytest.mark.parametrize("text", ["", b""])
def test_nothing_weighs_nothing(text: str | bytes) -> None:
    assert estimate_tokens(text) == 0


@pytest.mark.parametrize("text", ["\ud800", "\0" * 50, "\U0001f600" * 20, "A1" * 500, " " * 5000])
def test_odd_texts_weigh_between_nothing_and_their_bytes(text: str) -> None:
    assert 0 < estimate_tokens(text) <= len(text.encode(errors="replace"))


@pytest.mark.parametrize(
    ("tokenizer", "digits"),
    [
        ("qwen2", Digits.ONE_BY_ONE),
        ("qwen35", Digits.ONE_BY_ONE),
        ("tekken", Digits.ONE_BY_ONE),
        ("gemma3", Digits.ONE_BY_ONE),
        ("llama", Digits.ONE_BY_ONE),
        ("llama-bpe", Digits.IN_GROUPS),
        ("llama4", Digits.IN_GROUPS),
        ("gpt-4o", Digits.IN_GROUPS),
        ("deepseek-v3", Digits.IN_GROUPS),
        ("deepseek-coder", Digits.ONE_BY_ONE),
        ("default", Digits.UNKNOWN),
        ("", Digits.UNKNOWN),
    ],
)
def test_the_tokenizer_that_ollama_names_tells_how_numbers_are_cut(
    tokenizer: str, digits: Digits
) -> None:
    assert digits_of(tokenizer) is digits


@pytest.mark.parametrize("digits", Digits)
def test_each_family_has_a_worth_for_each_feature(digits: Digits) -> None:
    assert len(digits.value) == len(FEATURES)


@pytest.mark.parametrize("digits", Digits)
@pytest.mark.parametrize("letter", "aA0 .\n字あéЖ한")
def test_no_letter_makes_a_long_run_of_it_weigh_less_than_a_short_one(
    letter: str, digits: Digits
) -> None:
    weights = [estimate_tokens(letter * length, digits) for length in (8, 64, 512, 4096)]
    assert weights == sorted(weights)
    assert weights[0] < weights[-1]
