"""The configurations that the page about other servers shows are ones that load."""

import re
from pathlib import Path

import trustme
import yaml

from cc_proxy.app.config import load
from cc_proxy.tests.docs.shown import ROOT

PAGE = (ROOT / "docs/how-to/openai-servers.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_a_key_from_the_environment_loads_between_braces(tmp_path: Path) -> None:
    (key,) = re.findall(r"`(api_key: .*?)`", PAGE)
    path = tmp_path / "key.yaml"
    path.write_text(f"upstreams: {{vllm: {{url: http://gpu1:8000, {key}}}}}\n", encoding="utf-8")
    found = load(config_file=path, environ={"VLLM_KEY": "from-there"}, home=tmp_path).settings
    assert found.upstreams["vllm"].api_key == "from-there"


def test_every_configuration_loads_as_it_is_shown(tmp_path: Path) -> None:
    assert SHOWN
    trustme.CA().cert_pem.write_to_path(tmp_path / "company.pem")
    for number, text in enumerate(SHOWN):
        path = tmp_path / f"{number}.yaml"
        text = text.replace("/etc/ssl", str(tmp_path))  # noqa: PLW2901 - the file is not here
        path.write_text(text, encoding="utf-8")
        settings = load(config_file=path, environ={}, home=tmp_path).settings
        assert list(settings.upstreams) == list(yaml.safe_load(text)["upstreams"])


def test_the_deployment_for_ray_is_python_and_has_the_router_that_was_run() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    compile(shown, "page", "exec")
    ran = (ROOT / "bench/engines/ray_serve.py").read_text(encoding="utf-8")
    (router,) = re.findall(r"ray\.serve\.experimental[.\w]+", shown)
    assert f'"{router}"' in ran
    for key in ("enable_prompt_tokens_details", "tool_call_parser", "request_router_config"):
        assert f'"{key}"' in shown
        assert f'"{key}"' in ran
