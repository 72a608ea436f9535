"""`/api/pull` of the practice server: the lines that Ollama writes while a model comes."""

import json
from typing import Any

import pytest

from cc_proxy.tests.demo.conftest import Client


async def pull(client: Client, **body: Any) -> tuple[int, list[dict[str, Any]]]:
    async with client.session.post(client.server.url + "/api/pull", json=body) as response:
        assert response.content_type == "application/x-ndjson"
        return response.status, [json.loads(line) async for line in response.content]


async def names(client: Client) -> list[str]:
    async with client.session.get(client.server.url + "/api/tags") as response:
        return [model["name"] for model in (await response.json())["models"]]


@pytest.mark.parametrize("field", ["model", "name"])
async def test_a_model_comes_layer_by_layer_and_is_there(client: Client, field: str) -> None:
    assert "practice-more:latest" not in await names(client)
    status, lines = await pull(client, **{field: "practice-more"})
    assert status == 200
    assert lines[0] == {"status": "pulling manifest"}
    assert lines[-1] == {"status": "success"}
    layers = [line for line in lines if "digest" in line]
    assert "completed" not in layers[0]
    for digest in {line["digest"] for line in layers}:
        steps = [line for line in layers if line["digest"] == digest]
        assert steps[-1]["completed"] == steps[-1]["total"]
        done = [line.get("completed", 0) for line in steps]
        assert done == sorted(done)
        assert steps[0]["status"] == f"pulling {digest.removeprefix('sha256:')[:12]}"
    assert (await names(client))[0] == "practice-more:latest"
    assert (await client.chat("hi", model="practice-more")).status == 200


async def test_a_model_that_is_there_is_pulled_again(client: Client) -> None:
    before = await names(client)
    _, lines = await pull(client, model="practice-think")
    assert lines[-1] == {"status": "success"}
    assert sorted(await names(client)) == sorted(before)


async def test_a_model_that_nobody_has_is_an_error_in_the_second_line(client: Client) -> None:
    status, lines = await pull(client, model="no-such-model")
    assert status == 200
    assert lines == [
        {"status": "pulling manifest"},
        {"error": "pull model manifest: file does not exist"},
    ]
