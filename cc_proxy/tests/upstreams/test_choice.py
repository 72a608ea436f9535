"""The servers that a configuration names, and which of them comes first."""

import pytest

from cc_proxy.app.config import Ollama, RequestClasses, Settings, UpstreamSettings
from cc_proxy.app.upstreams.choice import all_configured

SERVER = UpstreamSettings(url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Settings(), ["ollama"]),
        (Settings(upstreams={"gpu": SERVER}), ["gpu"]),
        (Settings(upstreams={"gpu": SERVER, "box": SERVER}), ["gpu", "box"]),
        (
            Settings(upstreams={"gpu": SERVER}, aliases={"default": "ollama/qwen3:4b"}),
            ["gpu", "ollama"],
        ),
        (
            Settings(
                upstreams={"gpu": SERVER}, request_classes=RequestClasses(auxiliary="ollama/m")
            ),
            ["gpu", "ollama"],
        ),
        (
            Settings(upstreams={"gpu": SERVER}, ollama=Ollama(base_url="http://other:11434")),
            ["gpu", "ollama"],
        ),
        (Settings(upstreams={"gpu": SERVER}, aliases={"default": "gpu/m"}), ["gpu"]),
    ],
)
async def test_the_servers_of_the_settings_in_their_order(
    settings: Settings, names: list[str]
) -> None:
    async with all_configured(settings) as upstreams:
        assert [one.name for one in upstreams] == names
