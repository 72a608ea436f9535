"""`cc-proxy models recommend`, as a person runs it."""

import pytest

from cc_proxy.app.cli.models.recommend import to_pull
from cc_proxy.app.config import load
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home
from cc_proxy.tests.cli.practice import practice_server
from cc_proxy.tests.cli.verdicts import found_unfit

LARGE, SMALL = PracticeModel("large"), PracticeModel("small", context=32_768)
PLAIN = PracticeModel("plain", tools=False)


def test_installed_models_come_first_with_window_and_reason(home: Home) -> None:
    with practice_server(models=[SMALL, PLAIN, LARGE]) as practice:
        home.environ["OLLAMA_BASE_URL"] = practice.url
        data = home.json("models", "recommend", "--memory", "24GB").data
        people = home.run("models", "recommend", "--memory", "24GB").out
    assert [one["name"] for one in data["installed"]] == ["large:latest", "small:latest"]
    large = data["installed"][0]
    # 32 layers x 8 KV heads x 2 x 128 x 2 bytes, of /api/show.
    assert large["cache_bytes_per_token"] == 131_072
    assert large["memory_bytes"] == 4_920_753_328 + 700_000_000 + 131_072 * 65_536
    assert data["recommended"] == "large:latest"
    assert data["recommended_to_pull"] == "gpt-oss:20b"
    assert data["installed"][1]["reason"] == "fits, but its own window ends at 32,768 tokens"
    assert "Recommended: large:latest; to see whether it is fit: cc-proxy models test" in people
    assert f"To pull (about; figures of {data['to_pull_as_of']})" in people


def test_a_model_that_was_unfit_is_not_recommended(home: Home) -> None:
    found_unfit(home, LARGE)
    with practice_server(models=[SMALL, LARGE]) as practice:
        ran = home.json("models", "recommend", "--memory", "24GB", OLLAMA_BASE_URL=practice.url)
    assert ran.data["recommended"] == "small:latest"
    assert ran.data["installed"][0]["is_unfit"]


def test_without_an_ollama_there_is_still_the_table(home: Home) -> None:
    ran = home.json("models", "recommend", "--memory", "10GB")
    assert ran.data["installed"] == []
    assert ran.data["to_pull"][0]["fit"] != "too_large"
    people = home.run("models", "recommend", "--memory", "3GB").out
    assert "  not known: Ollama does not answer\n" in people
    _, _, table = people.partition("To pull")
    assert table.splitlines()[1].split()[0] == "qwen3:4b"
    assert "the first one comes nearest." in table


def test_the_memory_of_another_machine_must_be_said(home: Home) -> None:
    ran = home.json("models", "recommend", OLLAMA_BASE_URL="http://gpu.example:11434")
    assert (ran.code, ran.error["code"]) == (1, "memory_unknown")
    assert ran.error["hint"].endswith("--memory 24GB")
    wrong = home.run("models", "recommend", "--memory", "much")
    assert wrong.code == 2
    assert "Expected --memory to be a size such as 24GB, found 'much'." in wrong.err


def test_the_memory_that_counts_is_that_of_the_first_server(home: Home) -> None:
    file = home.path / "gpus.yaml"
    file.write_text("upstreams: {gpus: {kind: ollama, urls: ['http://gpu1:11434']}}\n")
    ran = home.json("models", "recommend", CC_PROXY_CONFIG_FILE=str(file))
    assert ran.error["code"] == "memory_unknown"
    assert "gpu1" in ran.error["message"]
    assert to_pull(load(config_file=file, environ={})) is None


@pytest.mark.parametrize(
    ("memory", "recommended"),
    [("24.5G", "gpt-oss:20b"), ("17.5GB", "qwen3:4b"), ("1TB", "gpt-oss:120b")],
)
def test_a_model_that_sees_is_recommended_only_if_no_other_fits(
    home: Home, memory: str, recommended: str
) -> None:
    ran = home.json("models", "recommend", "--memory", memory)
    assert ran.data["recommended_to_pull"] == recommended


def test_no_memory_at_all_is_refused(home: Home) -> None:
    ran = home.run("models", "recommend", "--memory", "0GB")
    assert ran.code == 2
    assert "Expected --memory to be a size such as 24GB, found '0GB'." in ran.err
