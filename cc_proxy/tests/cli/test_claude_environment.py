"""What Claude Code is given, and what is kept from it."""

import pytest

from cc_proxy.app.cli.claude.environment import Changes, SessionModels, changes
from cc_proxy.app.cli.claude.profiles import recommended
from cc_proxy.app.cli.claude.settings.diversions import CONFLICTING

MODELS = SessionModels(main="qwen3-coder:30b", haiku="qwen3:4b", window=65536)


def for_environment(**environ: str) -> Changes:
    return changes(environ, url="http://127.0.0.1:3456", key="the-key", models=MODELS)


def test_it_finds_the_proxy_the_key_and_the_models() -> None:
    wanted = for_environment().set
    assert wanted["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:3456"
    assert wanted["ANTHROPIC_AUTH_TOKEN"] == "the-key"
    assert {wanted[f"ANTHROPIC_{n}MODEL"] for n in ("", "DEFAULT_OPUS_", "DEFAULT_SONNET_")} == {
        "qwen3-coder:30b"
    }
    assert wanted["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "qwen3:4b"


def test_it_knows_the_window_under_the_name_of_each_version() -> None:
    wanted = for_environment().set
    assert wanted["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "65536"


@pytest.mark.parametrize(
    ("window", "version", "told"),
    [
        (65536, (2, 1, 197), "65536"),
        (65536, (2, 1, 330), None),
        (65536, None, None),
        (131072, (2, 1, 330), "131072"),
        (131072, None, "131072"),
    ],
)
def test_the_older_name_of_the_window_is_used_where_it_does_no_harm(
    window: int, version: tuple[int, int, int] | None, told: str | None
) -> None:
    models = SessionModels(main="m", haiku="m", window=window)
    wanted = changes({}, url="http://127.0.0.1:1", key="k", models=models, version=version).set
    assert wanted.get("CLAUDE_CODE_AUTO_COMPACT_WINDOW") == told


@pytest.mark.parametrize(
    ("window", "environ", "told"),
    [
        (131_072, {}, None),
        (100_000, {}, None),
        (65_536, {}, "13107"),
        (40_960, {}, "8192"),
        (8_192, {}, "1638"),
        (8_192, {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "4000"}, None),
    ],
)
def test_of_a_small_window_less_is_kept_for_the_answer_unless_the_person_says_how_much(
    window: int, environ: dict[str, str], told: str | None
) -> None:
    models = SessionModels(main="m", haiku="m", window=window)
    wanted = changes(environ, url="http://127.0.0.1:1", key="k", models=models).set
    assert wanted.get("CLAUDE_CODE_MAX_OUTPUT_TOKENS") == told


@pytest.mark.parametrize(("window", "told"), [(262_144, "1"), (1_000_000, None)])
def test_only_a_model_with_a_million_tokens_is_taken_for_one(window: int, told: str | None) -> None:
    models = SessionModels(main="m", haiku="m", window=window)
    wanted = changes({}, url="http://127.0.0.1:1", key="k", models=models).set
    assert wanted.get("CLAUDE_CODE_DISABLE_1M_CONTEXT") == told


@pytest.mark.parametrize("name", CONFLICTING)
def test_another_login_is_taken_away(name: str) -> None:
    found = for_environment(**{name: "1", "OTHER": "kept"})
    assert found.unset == (name,)
    left = found.applied_to({name: "1", "OTHER": "kept"})
    assert name not in left
    assert left["OTHER"] == "kept"


def test_nothing_is_unset_that_was_not_set() -> None:
    assert for_environment().unset == ()


def test_what_the_person_has_decided_about_traffic_stays() -> None:
    name = "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"
    assert for_environment().set[name] == "1"
    assert name not in for_environment(**{name: "0"}).set


THIS_MACHINE = "localhost,127.0.0.1,::1"


def test_no_http_proxy_stands_in_the_way_to_this_machine() -> None:
    assert for_environment().set["NO_PROXY"] == THIS_MACHINE
    assert for_environment().set["no_proxy"] == THIS_MACHINE


def test_what_the_person_reaches_directly_stays_so_under_both_names() -> None:
    wanted = for_environment(NO_PROXY="intra, 10.0.0.1", no_proxy="intra,127.0.0.1").set
    assert wanted["NO_PROXY"] == "intra,10.0.0.1,127.0.0.1,localhost,::1"
    assert wanted["no_proxy"] == wanted["NO_PROXY"]
    assert for_environment(no_proxy="*").set["NO_PROXY"] == "*"


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://[fd00::1]:5", "fd00::1,[fd00::1]"),
        ("https://gpu.example/cc", "gpu.example"),
        ("http://172.17.0.1:3456", "172.17.0.1"),
    ],
)
def test_the_proxy_s_own_address_is_reached_directly(url: str, more: str) -> None:
    found = changes({}, url=url, key="k", models=MODELS)
    assert found.set["NO_PROXY"] == f"{THIS_MACHINE},{more}"


@pytest.mark.parametrize(
    ("tokens_per_second", "profile"),
    [(2000, "full"), (200, "full"), (150, "lean"), (80, "lean"), (40, "bare"), (1, "bare")],
)
def test_the_fullest_profile_that_people_wait_for_is_recommended(
    tokens_per_second: float, profile: str
) -> None:
    assert recommended(tokens_per_second) == profile
