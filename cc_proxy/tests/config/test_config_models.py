"""Settings of one model: its options by the types that Ollama has for them."""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from cc_proxy.app.config import ConfigError, LoadedConfig, ModelSettings, redacted
from cc_proxy.app.config.validation import model_options
from cc_proxy.app.practice.requests.options import read_options

LoadFile = Callable[..., LoadedConfig]
SCHEMA = json.loads((files("cc_proxy") / "data" / "config.schema.json").read_text(encoding="utf-8"))


def of(**fields: Any) -> str:
    return json.dumps({"models": {"m": fields}})


def schema_accepts(content: str) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(json.loads(content)))


def test_every_option_is_read_and_is_one_of_ollama_s(load_file: LoadFile) -> None:
    given: dict[str, Any] = dict.fromkeys(model_options.WHOLE, 1)
    given |= dict.fromkeys(model_options.DECIMAL, 0.5) | {"use_mmap": False}
    content = of(**given)
    settings = load_file(content).settings.models["m"]
    assert settings.options == given
    assert schema_accepts(content)
    # The practice server refuses a value of another type than Ollama's, as Ollama does.
    read_options(settings.options, of_model={}, most=4096)


def test_a_model_s_own_settings_are_no_options(load_file: LoadFile) -> None:
    content = of(context_window="32k", think="max", keep_alive=-1, temperature=0)
    settings = load_file(content).settings.models["m"]
    assert settings == ModelSettings(
        context_window=32768, think="max", keep_alive="-1s", temperature=0.0
    )
    assert settings.options == {"temperature": 0.0}
    assert schema_accepts(content)


@pytest.mark.parametrize(
    ("given", "read"),
    [(True, True), (False, False), ("off", False), ("low", "low"), ("high", "high")],
)
def test_thinking_is_on_off_or_a_level(load_file: LoadFile, given: object, read: object) -> None:
    assert load_file(of(think=given)).settings.models["m"].think == read
    assert schema_accepts(of(think=given))


def test_keep_alive_may_be_left_to_ollama(load_file: LoadFile) -> None:
    loaded = load_file(
        '{"ollama": {"keep_alive": "default"}, "models": {"m": {"keep_alive": "1h"}}}'
    )
    assert loaded.settings.ollama.keep_alive == "default"
    assert loaded.settings.models["m"].keep_alive == "1h"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", "hot"),
        ("temperature", -0.1),
        ("temperature", 5.1),
        ("temperature", True),
        ("top_p", 1.5),
        ("top_k", 1.5),
        ("top_k", -1),
        ("seed", 2**31),
        ("num_gpu", -2),
        ("num_batch", 0),
        ("use_mmap", 1),
        ("think", "hard"),
        ("think", 1),
        ("keep_alive", "forever"),
        ("num_ctx", 4096),
        ("num_predict", 100),
    ],
)
def test_another_type_or_range_is_refused_with_what_was_expected(
    load_file: LoadFile, name: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=rf"{name}") as caught:
        load_file(of(**{name: value}))
    assert "Expected" in str(caught.value)
    assert not schema_accepts(of(**{name: value}))


def test_what_is_not_set_is_not_shown(load_file: LoadFile) -> None:
    shown = redacted(load_file(of(temperature=0.5)).settings)
    assert shown["models"] == {"m": {"temperature": 0.5}}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("num_predict", 100, "CLAUDE_CODE_MAX_OUTPUT_TOKENS"),
        ("stop", "x", "those of the Modelfile apply as well"),
        ("num_ctx", 65536, 'write "context_window"'),
    ],
)
def test_an_option_that_no_model_has_here_is_refused_with_the_reason(
    load_file: LoadFile, name: str, value: object, why: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(of(**{name: value}))
    assert f'unknown key "{name}"' in str(caught.value)
    assert why in str(caught.value.problems[0].fix)
