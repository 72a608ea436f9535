"""What `/api/show` tells of a model."""

import json

import pytest

from cc_proxy.app.chat.models import COMPACT
from cc_proxy.app.upstreams.ollama.listing import from_show


@pytest.mark.parametrize(
    ("template", "indent"),
    [
        ("{{ range .Tools }}{{ .Function }}{{ end }}", COMPACT),
        ("{{ .Prompt }}", COMPACT),
        ("{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}", 0),
        ("{{- t | tojson(indent=4) }}{{- tool_call.arguments | tojson }}", 4),
        ("{{- tools | tojson( 2 ) }}", 2),
        ("{{- tools | tojson(ensure_ascii=False) }}", 0),
    ],
)
def test_the_template_tells_how_tools_are_written(template: str, indent: int) -> None:
    assert from_show("m", json.dumps({"template": template}).encode()).json_indent == indent
