"""What the counter learns, prompt by prompt; the true counts are recorded from real tokenizers."""

import json
import logging
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cc_proxy.app.chat.messages import ChatChunk, ChatMessage
from cc_proxy.app.gateway.tokens.counter import (
    MAX_PREFIXES,
    Estimate,
    Spent,
    TokenCounter,
    certainly_too_long,
)
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.prompt.tokens import Digits

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "translate/token_counts.json").read_text(encoding="utf-8")
)
ROWS = {row["kind"]: row for row in RECORDED}
FAMILIES = {
    "qwen": Digits.ONE_BY_ONE,
    "llama3": Digits.IN_GROUPS,
    "mistral": Digits.ONE_BY_ONE,
    "deepseek": Digits.IN_GROUPS,
    "gemma3": Digits.ONE_BY_ONE,
    "gpt-oss": Digits.IN_GROUPS,
}
MS = 1_000_000
TOOLS = ROWS["tool schemas"]["text"].encode()
RESULTS = ("python", "json", "typescript", "shell output", "english", "python", "json")


def turn(role: str, kind: str) -> ChatMessage:
    return ChatMessage(role=role, content=ROWS[kind]["text"])


def kept(tokens: int | None, *contents: str) -> Prompt:
    """A prompt of which the rules of the cache say so many tokens are kept."""
    prompt = said(*contents)
    prompt.kept = tokens
    return prompt


def said(*contents: str, images: int = 0) -> Prompt:
    """A prompt with the recorded tools and system prompt, then turns of the user and the model."""
    messages = [ChatMessage(role="system", content=ROWS["english"]["text"])]
    for place, content in enumerate(contents):
        messages.append(ChatMessage(role="assistant" if place % 2 else "user", content=content))
    if images:
        messages[-1].images = ["aGk="] * images
    return Prompt("m", TOOLS, messages)


def end(
    count: int,
    *,
    ms: float = 0,
    load_ms: float = 2,
    answer: int = 0,
    cached: int | None = None,
) -> ChatChunk:
    return ChatChunk(
        done=True,
        prompt_eval_count=count,
        prompt_eval_cached_count=cached,
        prompt_eval_duration=round(ms * MS),
        load_duration=round(load_ms * MS),
        eval_count=answer,
    )


def errors_of_a_session(counter: TokenCounter, model: str, kinds: Sequence[str]) -> list[float]:
    """Play a session of tool results; the template puts five tokens around each turn."""
    counts = {kind: row["counts"][model] for kind, row in ROWS.items()}
    messages = [turn("system", "english"), turn("user", "english")]
    real = 2 * (counts["english"] + 5) + counts["tool schemas"] + 30
    errors = []
    for kind in kinds:
        prompt = Prompt(model, TOOLS, list(messages), FAMILIES[model])
        errors.append(abs(counter.estimate(prompt).tokens / real - 1))
        counter.learned(prompt, end(real, answer=60))
        messages += [ChatMessage(role="assistant", content="I look. " * 20), turn("tool", kind)]
        real += 60 + counts[kind] + 5
    return errors


@pytest.mark.parametrize("model", FAMILIES)
def test_before_it_has_learned_anything_the_estimate_is_near(model: str) -> None:
    assert errors_of_a_session(TokenCounter(), model, RESULTS[:1])[0] < 0.15


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize("kinds", [RESULTS, ("chinese",) * 6, ("japanese", "python") * 3])
def test_the_error_shrinks_from_turn_to_turn(model: str, kinds: Sequence[str]) -> None:
    errors = errors_of_a_session(TokenCounter(), model, kinds)
    assert max(errors[:3]) < 0.15
    assert max(errors[4:]) < 0.03
    assert sum(errors[3:]) / len(errors[3:]) < 0.02


@pytest.mark.parametrize("model", FAMILIES)
def test_a_second_session_begins_with_what_the_first_one_taught(model: str) -> None:
    counter = TokenCounter()
    errors_of_a_session(counter, model, RESULTS)
    assert errors_of_a_session(counter, model, RESULTS[:1])[0] < 0.001


def test_the_same_prompt_is_estimated_at_what_it_was_counted_as() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1234))
    assert counter.estimate(said("Hello")).tokens == 1234


def test_what_the_model_wrote_is_known_from_its_own_count() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1000, answer=150))
    after = said("Hello", "word " * 120)
    assert counter.estimate(after).tokens == 1150


def test_a_count_of_the_answer_that_is_not_of_this_turn_is_not_used() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1000, answer=9000))
    assert counter.estimate(said("Hello", "Yes.")).tokens < 1100


def test_an_answer_without_counts_teaches_nothing() -> None:
    counter = TokenCounter()
    before = counter.estimate(said("Hello"))
    assert counter.learned(said("Hello"), end(0, load_ms=3000)) == Spent(0, None)
    assert counter.estimate(said("Hello")) == before


@pytest.mark.parametrize("count", [3, 400_000])
def test_a_count_that_cannot_be_right_is_not_believed(count: int) -> None:
    counter = TokenCounter()
    before = counter.estimate(said("Hello"))
    counter.learned(said("Hello"), end(count))
    assert counter.estimate(said("Hello")) == before


def test_an_odd_scale_is_believed_when_two_prompts_agree() -> None:
    counter = TokenCounter()
    size = counter.estimate(said("Hello")).tokens
    counter.learned(said("Hello"), end(size * 4))
    counter.learned(said("Hello again"), end(size * 4 + 5))
    assert counter.estimate(said("Hello again")).tokens == size * 4 + 5


def test_a_prompt_that_shrank_is_learned_anew() -> None:
    # Some templates leave old thinking out as soon as the next question comes.
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1200))
    counter.learned(said("Hello", "Yes.", "Go on"), end(1100))
    assert counter.estimate(said("Hello", "Yes.", "Go on")).tokens == 1100
    assert counter.estimate(said("Hello", "Yes.", "Go on", "No.")).tokens < 1130


def test_a_count_without_the_cached_part_is_not_taken_for_the_whole() -> None:
    # What older Ollama versions say of a prompt that is in the cache.
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1200))
    counter.learned(said("Hello", "Yes.", "Go on"), end(14))
    assert counter.estimate(said("Hello", "Yes.", "Go on")).tokens > 1200


def test_the_count_of_a_refused_prompt_is_known() -> None:
    counter = TokenCounter()
    counter.counted(said("Hello"), 1300)
    assert counter.estimate(said("Hello")).tokens == 1300


def test_a_refused_prompt_is_known_to_be_too_long() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1000))
    counter.counted(said("Hello", "Yes.", "Go on"), 1020)
    assert certainly_too_long(counter.estimate(said("Hello", "Yes.", "Go on")), 990)


def test_many_small_images_after_a_large_one_are_not_refused_before_they_were_counted() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1000))
    counter.learned(said("Hello", "Yes.", "Look", images=1), end(2620))
    icons = counter.estimate(said("Hello", "Yes.", "Look", images=50))
    assert icons.tokens > 65_536
    assert not certainly_too_long(icons, 65_536)


def test_images_are_counted_and_what_they_cost_is_learned() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1000))
    plain = counter.estimate(said("Hello", "Yes.", "Look")).tokens
    assert counter.estimate(said("Hello", "Yes.", "Look", images=2)).tokens > plain + 1000
    counter.learned(said("Hello", "Yes.", "Look", images=2), end(plain + 512))
    seen = counter.estimate(said("Hello", "Yes.", "See", images=3)).tokens
    assert seen == pytest.approx(plain + 768, abs=10)


def test_what_ollama_reports_is_the_truth() -> None:
    counter = TokenCounter()
    for rules in (None, 0, 1000):
        spent = counter.learned(kept(rules, "Hello"), end(1100, cached=640, ms=9000))
        assert (spent.reused, spent.read) == (640, 460)


def test_without_a_report_it_is_what_the_rules_of_the_cache_keep() -> None:
    counter = TokenCounter()
    spent = counter.learned(kept(1000, "Hello"), end(1000, ms=8))
    assert (spent.reused, spent.read) == (999, 1)


def test_where_the_cache_is_not_known_nothing_is_claimed() -> None:
    counter = TokenCounter()
    counter.learned(kept(0, "Hello"), end(1000, ms=2000))
    assert counter.learned(kept(None, "Hello"), end(1000, ms=8)) == Spent(1000, None)


def test_a_model_that_was_loaded_again_has_nothing_to_reuse() -> None:
    counter = TokenCounter()
    assert counter.learned(kept(999, "Hello"), end(1000, load_ms=4000)) == Spent(1000, 0)


def test_a_slow_machine_does_not_make_a_reused_prompt_a_cold_one() -> None:
    counter = TokenCounter()
    counter.learned(kept(0, "Hello"), end(12_000, ms=12_000))
    spent = counter.learned(kept(8_934, "Hello", "Yes.", "Go on"), end(11_966, ms=30_000))
    assert (spent.reused, spent.read) == (8_934, 3_032)


def test_a_prompt_that_was_read_fast_was_not_read_whole() -> None:
    counter = TokenCounter()
    counter.learned(kept(0, "Hello"), end(12_000, ms=12_000))
    assert counter.learned(kept(0, "Bye"), end(12_000, ms=200)) == Spent(12_000, None)
    assert counter.prefill_seconds("m", 12_000) == pytest.approx(12)


def test_the_speed_of_reading_is_measured_on_cold_prompts_only() -> None:
    counter = TokenCounter()
    assert counter.prefill_seconds("m", 20_000) is None
    counter.learned(kept(None, "Hello"), end(1000, ms=100))
    assert counter.prefill_seconds("m", 20_000) is None
    counter.learned(kept(0, "Hello"), end(1000, ms=2000))
    counter.learned(kept(999, "Hello"), end(1000, ms=8))
    assert counter.prefill_seconds("m", 20_000) == pytest.approx(40)


@pytest.mark.parametrize("sure", [{"load_ms": 900}, {"cached": 0}])
def test_a_speed_that_was_measured_on_a_busy_machine_is_put_right(sure: dict[str, int]) -> None:
    counter = TokenCounter()
    counter.learned(kept(0, "Hello"), end(1000, ms=20_000))
    counter.learned(kept(0, "Hello"), end(1000, ms=1000, **sure))
    assert counter.prefill_seconds("m", 1000) == pytest.approx(10.5)


def test_a_cache_that_was_filled_before_this_proxy_started_is_not_a_fast_machine() -> None:
    counter = TokenCounter()
    counter.learned(kept(0, "Hello"), end(1000, ms=3, load_ms=1))
    assert counter.prefill_seconds("m", 1000) is None


def test_models_do_not_share_what_was_learned() -> None:
    counter = TokenCounter()
    counter.learned(said("Hello"), end(1500))
    other = Prompt("n", TOOLS, [ChatMessage(role="user", content="Hello")])
    assert counter.estimate(other) == TokenCounter().estimate(other)


def test_prefixes_are_bounded_and_the_latest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cc_proxy.app.gateway.tokens.counter.MAX_PREFIXES", 20)
    assert MAX_PREFIXES > 1000
    counter = TokenCounter()
    for number in range(30):
        counter.learned(said(f"Hello {number}"), end(1000 + number))
    assert counter.estimate(said("Hello 29")).tokens == 1029
    assert counter.estimate(said("Hello 0")).known < 1000


@pytest.mark.parametrize(
    ("least", "window", "refused"),
    [(9000, 8192, True), (8192, 8192, False), (8000, 8192, False)],
)
def test_only_what_cannot_fit_is_refused(least: int, window: int, refused: bool) -> None:  # noqa: FBT001 - a column
    assert certainly_too_long(Estimate(tokens=9500, known=0, least=least), window) is refused


@pytest.mark.parametrize("model", FAMILIES)
@pytest.mark.parametrize("kind", ROWS)
def test_a_prompt_that_fits_is_never_refused(model: str, kind: str) -> None:
    counter = TokenCounter()
    prompt = Prompt(model, b"", [turn("user", kind)] * 20)
    real = 20 * (ROWS[kind]["counts"][model] + 3)
    assert not certainly_too_long(counter.estimate(prompt), real)
    assert certainly_too_long(counter.estimate(prompt), real // 3)


def test_thinking_that_the_template_may_leave_out_never_makes_a_prompt_too_long() -> None:
    thinking = ChatMessage(role="assistant", thinking="perhaps so " * 4000, content="Yes.")
    messages = [turn("user", "english"), thinking, turn("user", "english")]
    estimate = TokenCounter().estimate(Prompt("m", b"", messages))
    assert estimate.tokens > 8000
    assert not certainly_too_long(estimate, 1000)


def test_scales_are_kept_across_restarts(tmp_path: Path) -> None:
    path = tmp_path / "token-counts.json"
    counter = TokenCounter(path)
    size = counter.estimate(said("Hello")).tokens
    counter.learned(kept(0, "Hello"), end(round(size * 1.5), ms=3000))
    counter.save()
    again = TokenCounter(path)
    assert again.estimate(said("Hello")).tokens > size * 1.2
    assert again.prefill_seconds("m", 1000) is not None


def test_a_new_scale_is_written_without_being_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "token-counts.json"
    counter = TokenCounter(path)
    counter.learned(said("Hello"), end(1500))
    written = path.read_bytes()
    assert b'"m:latest"' in written
    counter.learned(said("Hello"), end(1500))
    assert path.read_bytes() == written
    assert [entry.name for entry in tmp_path.iterdir()] == ["token-counts.json"]


@pytest.mark.posix_only("modes of files")
def test_the_file_is_nobody_elses_business(tmp_path: Path) -> None:
    path = tmp_path / "token-counts.json"
    TokenCounter(path).save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"version":2,"models":{}}',
        b'{"version":1,"models":{"m":{"whole":{"tokens":-5,"weight":1}}}}',
        b'{"version":1,"models":{"m":{"growth":[1,1,1,"a"]}}}',
        b'{"version":1,"models":{"m":{"growth":[1e300,1,1,1]}}}',
        b'{"version":1,"models":{"m":{"prefill":{"x":1}}}}',
        b'{"version":1,"models":{"m":{"image_tokens":1e11}}}',
    ],
)
def test_a_broken_file_is_put_aside_and_reported(
    body: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "token-counts.json"
    path.write_bytes(body)
    with caplog.at_level(logging.WARNING):
        counter = TokenCounter(path)
    assert counter.estimate(said("Hello")) == TokenCounter().estimate(said("Hello"))
    assert path.with_name("token-counts.json.broken").read_bytes() == body
    assert not path.exists()
    assert "token-counts.json is broken" in caplog.text


def test_a_folder_that_cannot_be_written_to_is_reported_and_counting_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counter = TokenCounter(tmp_path / "missing" / "token-counts.json")
    with caplog.at_level(logging.WARNING):
        counter.learned(said("Hello"), end(1234))
    assert counter.estimate(said("Hello")).tokens == 1234
    assert "cannot be written" in caplog.text


def test_a_scale_that_was_damaged_has_no_short_prompt_refused(tmp_path: Path) -> None:
    path = tmp_path / "token-counts.json"
    path.write_bytes(
        b'{"version":1,"models":{"m":{"whole":{"tokens":1e9,"weight":1e5},"image_tokens":20000}}}'
    )
    counter = TokenCounter(path)
    assert not certainly_too_long(counter.estimate(said("Hello")), 65_536)
    assert not certainly_too_long(counter.estimate(said("Hello", images=20)), 65_536)


@pytest.mark.posix_only("links that anybody may make")
def test_a_link_in_its_place_is_not_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    (tmp_path / "token-counts.json").symlink_to(secret)
    with caplog.at_level(logging.WARNING):
        TokenCounter(tmp_path / "token-counts.json").save()
    assert secret.read_text() == "a secret"
    assert "cannot be read" in caplog.text
