"""What fits into a machine's memory, and where that memory is."""

import sys
from pathlib import Path

import pytest

from cc_proxy.app.fitness.known_models import known_models
from cc_proxy.app.fitness.machine_memory import MachineMemory, find
from cc_proxy.app.fitness.memory_fit import ModelNeeds, best_first, fit

GB = 10**9
CODER = next(one.needs for one in known_models().models if one.name == "qwen3-coder:30b")


@pytest.mark.parametrize(
    ("memory", "level", "window"),
    [
        (32 * GB, "fits", 65_536),
        # 19 GB of weights and 0.7 beside them leave 4.3 for 98,304 bytes a token.
        (24 * GB, "small_window", 43_008),
        (20 * GB, "too_large", 0),
    ],
)
def test_a_window_is_as_large_as_the_memory_allows(memory: int, level: str, window: int) -> None:
    found = fit(CODER, memory)
    assert (found.level, found.window) == (level, window)
    assert found.takes <= memory or level == "too_large"


def test_no_model_has_a_larger_window_than_its_own() -> None:
    found = fit(ModelNeeds("m", 5 * GB, 147_456, 40_960), 80 * GB)
    assert (found.level, found.window) == ("small_window", 40_960)
    assert found.reason == "fits, but its own window ends at 40,960 tokens"


def test_a_model_that_does_not_say_what_a_token_takes_is_estimated() -> None:
    found = fit(ModelNeeds.of("m", 5 * GB, None, None), 80 * GB)
    assert found.needs.is_estimated
    assert found.level == "fits"


def test_what_fits_comes_first_and_of_that_the_largest() -> None:
    sizes = {"small": 2 * GB, "huge": 60 * GB, "large": 9 * GB}
    fits = [fit(ModelNeeds(name, size, 10_000, None), 24 * GB) for name, size in sizes.items()]
    assert [one.needs.name for one in best_first(fits)] == ["large", "small", "huge"]


def test_of_what_does_not_fit_the_nearest_comes_first() -> None:
    fits = [fit(one.needs, 3 * GB) for one in known_models().models]
    assert {one.level for one in fits} == {"too_large"}
    assert best_first(fits)[0] == min(fits, key=lambda one: one.takes)


def test_the_memory_of_several_gpus_adds_up(tmp_path: Path) -> None:
    found = find(lambda command: "24564\n24564\n" if command[0] == "nvidia-smi" else "", tmp_path)
    assert found is not None
    assert (found.kind, found.total) == ("gpu", 2 * 24_564 * 1024**2)
    assert found.for_models < found.total


def test_a_gpu_of_amd_is_found_in_sysfs(tmp_path: Path) -> None:
    device = tmp_path / "card1" / "device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text(f"{16 * 1024**3}\n")
    found = find(lambda _: "", tmp_path)
    assert found is not None
    assert (found.kind, found.total) == ("gpu", 16 * 1024**3)


def test_the_little_that_a_processor_with_graphics_reserves_is_no_gpu(tmp_path: Path) -> None:
    device = tmp_path / "card0" / "device"
    device.mkdir(parents=True)
    (device / "mem_info_vram_total").write_text(f"{512 * 1024**2}\n")
    found = find(lambda command: str(16 * GB) if "sysctl" in command[0] else "", tmp_path)
    assert found is not None
    assert found.kind != "gpu"


def test_a_mac_shares_its_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    found = find(lambda command: str(64 * GB) if "sysctl" in command[0] else "", tmp_path)
    assert found is not None
    assert (found.kind, found.total) == ("unified", 64 * GB)


@pytest.mark.parametrize("text", ["110000000000000\n", f"{'9' * 5000}\n", "4194305\n"])
def test_a_number_that_no_gpu_has_is_no_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    answers = {"nvidia-smi": text, "/usr/sbin/sysctl": str(16 * GB)}
    assert find(lambda command: answers[command[0]], tmp_path) == MachineMemory(16 * GB, "unified")
