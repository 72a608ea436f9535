"""What `/api/show` tells of a model."""

import json
from pathlib import Path

import pytest

from cc_proxy.app.chat.call_formats import KNOWN_FORMATS
from cc_proxy.app.chat.models import COMPACT
from cc_proxy.app.practice.model.models import PracticeModel, show
from cc_proxy.app.upstreams.ollama.listing import from_show

APP = Path(__file__).parents[2] / "app"
CODER = {"hermes", "qwen3-coder"}
MISTRAL = {"mistral"}


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


@pytest.mark.parametrize(
    ("shown", "parser", "template", "formats"),
    [
        ({}, "", "", set()),
        ({"template": "{{ .Prompt }}"}, "", "go", set()),
        ({"template": "{{ range .ToolCalls }}<tool_call>{{ . }}{{ end }}"}, "", "go", {"hermes"}),
        ({"template": "{% if tools %}<tool_call>{% endif %}"}, "", "jinja", {"hermes"}),
        (
            {"template": "{%- for a in b %}<tool_call>\n<function={{ a }}>{%- endfor %}"},
            *("", "jinja", {"hermes", "qwen3-coder"}),
        ),
        ({"template": "{{ .Prompt }}", "parser": "qwen3-coder"}, "qwen3-coder", "go", CODER),
        (
            {"template": "<tool_call>{{ .Prompt }}", "parser": "ministral"},
            "ministral",
            "go",
            MISTRAL,
        ),
        ({"parser": "of-next-year"}, "of-next-year", "", set()),
        ({"parser": "qwen3-thinking"}, "qwen3-thinking", "", {"hermes"}),
        (
            {"details": {"family": "gptoss"}, "template": "<|start|>{{ .Content }}<|end|>"},
            *("harmony", "go", {"harmony"}),
        ),
        ({"details": {"family": "gptoss"}, "template": "{{ .Prompt }}"}, "", "go", set()),
    ],
)
def test_the_parser_and_the_template_tell_the_formats_of_calls(
    shown: dict[str, object], parser: str, template: str, formats: set[str]
) -> None:
    model = from_show("m", json.dumps(shown).encode())
    assert (model.parser, model.template) == (parser, template)
    assert set(model.call_formats) == formats


def test_every_format_is_one_that_a_reader_gives() -> None:
    read = "".join(
        path.read_text("utf-8") for path in sorted((APP / "translate/rescue/formats").glob("*.py"))
    )
    assert [name for name in sorted(KNOWN_FORMATS) if f'"{name}"' not in read] == []


def test_the_practice_server_s_own_models_are_told_from_real_ones() -> None:
    def shown(name: str) -> bool:
        return from_show(name, json.dumps(show(PracticeModel(name))).encode()).is_practice

    assert shown("practice-think:latest")
    assert not shown("qwen3:4b")
