"""What the commands say about a running process."""

import msgspec
import pytest

from cc_proxy.app.cli.output import report
from cc_proxy.app.control.wire import DefaultModel, Health, HostStatus, UpstreamStatus

IDLE = Health(
    status="ok", version="1", instance_id="i", pid=1, uptime_seconds=1.0, config_digest="d"
)


def health(tokens_read_per_second: float | None, window: int = 65536) -> Health:
    model = DefaultModel(
        name="m", context_window=window, tokens_read_per_second=tokens_read_per_second
    )
    upstream = UpstreamStatus(url="http://127.0.0.1:11434", reachable=True, version="0.32.15")
    return msgspec.structs.replace(IDLE, upstream=upstream, default_model=model)


@pytest.mark.parametrize(
    ("speed", "profile"), [(None, None), (2000.0, None), (100.0, "lean"), (20.0, "bare")]
)
def test_a_smaller_profile_is_recommended_where_the_model_reads_slowly(
    speed: float | None, profile: str | None
) -> None:
    found = [item for item in report.warnings(health(speed)) if item.code == "reads_slowly"]
    hints = [f"cc-proxy claude --profile {profile}"] if profile else []
    assert [item.hint for item in found] == hints


@pytest.mark.parametrize(
    ("window", "helps", "says"),
    [
        (65_535, "cc-proxy claude", "compacts more often in it"),
        (49_152, "cc-proxy claude", "compacts more often in it"),
        (49_151, "cc-proxy claude --profile lean", "unless the profile is lean"),
        (32_768, "cc-proxy claude --profile lean", "unless the profile is lean"),
        (32_767, "cc-proxy claude --profile bare", "unless the profile is bare"),
        (24_576, "cc-proxy claude --profile bare", "unless the profile is bare"),
        (24_575, "cc-proxy models", "gives up after a few turns"),
    ],
)
def test_what_helps_in_a_small_window_is_a_smaller_profile_or_another_model(
    window: int, helps: str, says: str
) -> None:
    (found,) = report.warnings(health(None, window=window))
    assert found.code == "small_window"
    assert f"{window:,} tokens" in found.message
    assert says in found.message
    assert (found.hint or "").startswith(f"{helps}, or a larger context_window")


def test_a_slow_model_with_a_small_window_is_warned_of_once_with_a_profile_for_both() -> None:
    (found,) = report.warnings(health(100.0, window=32_767))
    assert (found.code, found.hint) == ("reads_slowly", "cc-proxy claude --profile bare")


def test_a_default_model_without_tools_is_warned_of() -> None:
    model = DefaultModel(name="m", context_window=65_536, can_use_tools=False)
    (item,) = report.warnings(msgspec.structs.replace(health(None), default_model=model))
    assert (item.code, item.message[:21]) == ("no_tools", "m cannot use tools, a")


def test_the_speed_is_told_in_what_people_wait_for() -> None:
    rows = dict(report.upstream_rows(health(100.0)))
    assert rows["Reading"] == "100 tokens/s; Claude Code's first request takes 2 min 0 s"
    assert "Reading" not in dict(report.upstream_rows(health(None)))


def test_requests_are_told_by_state() -> None:
    found = msgspec.structs.replace(
        IDLE, requests_in_flight=3, queued=1, states={"waiting": 2, "reading": 1}
    )
    told = "3 in flight (1 reading, 2 waiting), 1 of them waiting for Ollama"
    assert report.requests_row(found) == told


@pytest.mark.parametrize(
    ("in_flight", "queued", "told"),
    [
        (0, 0, "0 in flight"),
        (2, 0, "2 in flight"),
        (3, 2, "3 in flight, 2 of them waiting for Ollama"),
    ],
)
def test_requests_that_wait_are_told_beside_those_in_flight(
    in_flight: int, queued: int, told: str
) -> None:
    found = msgspec.structs.replace(IDLE, requests_in_flight=in_flight, queued=queued)
    assert report.requests_row(found) == told


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 sessions"), (1, "1 session"), (2, "2 sessions")]
)
def test_a_host_has_its_sessions_in_the_right_number(count: int, told: str) -> None:
    found = health(None)
    assert found.upstream is not None
    hosts = (HostStatus(name="gpu1:11434", sessions=count),)
    upstream = msgspec.structs.replace(found.upstream, hosts=hosts)
    rows = report.upstream_rows(msgspec.structs.replace(found, upstream=upstream))
    assert ("", f"gpu1:11434: {told}, 0 in flight") in rows
