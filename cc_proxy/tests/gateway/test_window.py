"""The window that a model is asked with: one for each, however it comes about."""

from typing import Any

import pytest

from cc_proxy.app.config.settings import ModelSettings

from .conftest import Gateway, Upstream, done, line, says


class TestConfigured:
    """One window is configured for one model."""

    @pytest.fixture(params=["m", "m:latest", "M"])
    def settings(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        return {"models": {request.param: ModelSettings(context_window=100_000)}}

    async def test_all_spellings_of_a_name_are_one_model_with_one_window(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        # Another num_ctx would have it loaded again, and forget what it has read.
        for name in ("m:latest", "m", "library/m", "M"):
            status, answer, _ = await gateway.ask(model=name)
            assert (status, answer["model"]) == (200, name)
        assert {asked["options"]["num_ctx"] for asked in upstream.bodies} == {100_000}
        assert upstream.shows == 1

    async def test_what_was_learned_of_a_model_holds_for_all_spellings(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        long = [{"role": "user", "content": "many words " * 400}]
        upstream.chat = says(line("Hello"), done(prompt_eval_count=1234))
        await gateway.ask(model="M:latest", messages=long)
        url = gateway.url + "/v1/messages/count_tokens"
        async with gateway.client.post(url, json={"model": "m", "messages": long}) as response:
            assert await response.json() == {"input_tokens": 1234}

    async def test_another_tag_is_another_model(self, gateway: Gateway, upstream: Upstream) -> None:
        await gateway.ask(model="m:8b")
        assert upstream.bodies[-1]["options"]["num_ctx"] == 65_536


class TestOverTheMaximum:
    """More is configured for a model than it can have: Ollama would clamp it in silence."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"models": {"m": ModelSettings(context_window=300_000)}}

    async def test_it_runs_with_its_maximum_and_the_log_says_so(
        self, gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
    ) -> None:
        await gateway.ask()
        assert upstream.bodies[-1]["options"]["num_ctx"] == 131_072
        assert "model m: context_window is 300000, more than it can have" in caplog.messages
