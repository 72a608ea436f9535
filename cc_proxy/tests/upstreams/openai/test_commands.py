"""The commands that ask the server, where that has OpenAI's API."""

from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.cli.doctor import server, upstream
from cc_proxy.app.cli.models import survey
from cc_proxy.app.cli.models.show import call_reader
from cc_proxy.app.config import Settings, UpstreamSettings
from cc_proxy.app.gateway.routing.models import Models
from cc_proxy.app.upstreams.openai.upstream import OpenAIUpstream
from cc_proxy.tests.upstreams.openai.stand import vllm_server


async def test_models_shows_what_is_served() -> None:
    async with vllm_server() as (url, _):
        settings = Settings(upstreams={"gpu": UpstreamSettings(url=url)})
        found = await survey.survey(settings)
    assert found.servers == (survey.AvailableServer("gpu", url, "vLLM 0.32.0"),)
    (row,) = found.rows
    assert found.is_default(row)
    assert row.target is not None
    assert (row.name, row.target.window) == ("script", 16384)


async def test_doctor_says_what_answers_and_what_it_serves() -> None:
    async with (
        vllm_server() as (url, _),
        OpenAIUpstream("gpu", UpstreamSettings(url=url)) as found,
    ):
        reached, report = await server.reach(found)
        models = Models(Settings(), Upstreams(found))
        target, checks = await upstream.default_model(Settings(), models, {})
    assert (reached.status, reached.detail) == ("ok", f"gpu at {url}: vLLM 0.32.0, serves script")
    assert "--enable-prompt-tokens-details" in report.detail
    assert target is not None
    assert [(check.name, check.status) for check in checks] == [
        ("default_model", "ok"),
        ("tools", "ok"),
        ("window", "warn"),
    ]


async def test_doctor_says_what_to_do_when_nothing_answers() -> None:
    settings = UpstreamSettings(url="http://127.0.0.1:9")
    async with OpenAIUpstream("gpu", settings) as found:
        (check,) = await server.reach(found)
    assert (check.status, check.name) == ("fail", "server")
    assert check.detail.startswith(
        "gpu does not answer at http://127.0.0.1:9 (connection refused)."
    )
    assert check.fix is not None
    assert check.fix.startswith("Start the server")


async def test_models_of_two_servers_are_told_apart_by_their_names() -> None:
    async with vllm_server() as (one, _), vllm_server() as (two, _):
        servers = {"gpu": UpstreamSettings(url=one), "box": UpstreamSettings(url=two)}
        settings = Settings(upstreams=servers, aliases={"default": "box/script"})
        found = await survey.survey(settings)
    assert [row.name for row in found.rows] == ["script", "box/script"]
    assert [found.is_default(row) for row in found.rows] == [False, True]
    assert found.aliases[0].pulled


async def test_a_server_that_is_away_does_not_hide_the_first() -> None:
    async with vllm_server() as (url, _):
        away = UpstreamSettings(url="http://127.0.0.1:9")
        settings = Settings(upstreams={"gpu": UpstreamSettings(url=url), "box": away})
        found = await survey.survey(settings)
    assert [row.name for row in found.rows] == ["script"]
    (error,) = found.away
    assert error.message.startswith("box does not answer")


async def test_show_says_that_the_server_reads_the_calls() -> None:
    async with vllm_server() as (url, _):
        settings = Settings(upstreams={"gpu": UpstreamSettings(url=url)})
        target, listed = await survey.find(settings, "gpu/script")
    assert (target.model.name, target.upstream, target.window) == ("script", "gpu", 16384)
    assert [model.name for model in listed] == ["script"]
    assert call_reader(target.model) == "server"
