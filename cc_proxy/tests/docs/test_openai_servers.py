"""The configurations that the page about other servers shows are ones that load."""

import re
from pathlib import Path

import yaml

from cc_proxy.app.config import load
from cc_proxy.tests.docs.shown import ROOT

PAGE = (ROOT / "docs/how-to/openai-servers.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_configuration_loads_as_it_is_shown(tmp_path: Path) -> None:
    assert len(SHOWN) == 3
    for number, text in enumerate(SHOWN):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        settings = load(config_file=path, environ={}, home=tmp_path).settings
        assert list(settings.upstreams) == list(yaml.safe_load(text)["upstreams"])
