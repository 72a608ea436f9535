from collections.abc import Callable

import pytest

from cc_proxy.app.config import ConfigError, LoadedConfig
from cc_proxy.app.config.validation.expansion import BadReferenceError, expand

LoadFile = Callable[..., LoadedConfig]
ENVIRON = {"A": "one", "B_2": "two", "EMPTY": "", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("", ""),
        ("plain $ {} $A", "plain $ {} $A"),
        ("${A}", "one"),
        ("<${A}-${B_2}>", "<one-two>"),
        ("${A:-x}", "one"),
        ("${C:-x y}", "x y"),
        ("${C:-}", ""),
        ("${EMPTY:-x}", "x"),
        ("${C:-http://h:1/a}", "http://h:1/a"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("${NESTED}", "${A}"),
    ],
)
def test_a_reference_is_replaced_once(text: str, expanded: str) -> None:
    assert expand(text, ENVIRON) == expanded


@pytest.mark.parametrize(
    ("text", "reference", "name"),
    [
        ("x ${C}", "${C}", "C"),
        ("${EMPTY}", "${EMPTY}", "EMPTY"),
        ("${", "${", None),
        ("${}", "${", None),
        ("${A", "${", None),
        ("${1A}", "${", None),
        ("${A B}", "${", None),
        ("${A:?x}", "${", None),
        ("${C:-${A}}", "${", None),
    ],
)
def test_what_cannot_be_replaced_is_an_error(text: str, reference: str, name: str | None) -> None:
    with pytest.raises(BadReferenceError) as caught:
        expand(text, ENVIRON)
    assert (caught.value.reference, caught.value.name) == (reference, name)


def test_every_kind_of_value_can_come_from_the_environment(load_file: LoadFile) -> None:
    environ = {"KEY": "12345678", "P": "8080", "T": "2m", "W": "64k", "M": "qwen3:4b", "K": "-1"}
    settings = load_file(
        "server: {port: '${P}', auth_key: '${KEY}'}\n"
        "ollama:\n  timeout: ${T}\n  keep_alive: ${K}\n  base_url: http://${H:-gpu}:1\n"
        "context_window: ${W}\n"
        "aliases:\n  default: ${M}\n  ${M}: x\n",
        environ,
    ).settings
    assert settings.server.port == 8080
    assert settings.server.auth_key == "12345678"
    assert settings.ollama.timeout_seconds == 120
    assert settings.ollama.keep_alive == "-1s"
    assert settings.ollama.base_url == "http://gpu:1"
    assert settings.context_window == 65536
    assert settings.aliases == {"default": "qwen3:4b", "${M}": "x"}  # keys stay as they are


def test_a_secret_whose_variable_is_missing_may_be_left_out(load_file: LoadFile) -> None:
    content = "server:\n  auth_key: ${KEY:-}\n"
    assert load_file(content).settings.server.auth_key is None
    assert load_file(content, {"KEY": "12345678"}).settings.server.auth_key == "12345678"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (
            "claude:\n  bin: a/${NOPE}/b\n",
            [":2:10: the variable NOPE is not set", "${NOPE:-value}"],
        ),
        ("claude: {bin: 'x${NOPE}'}\n", [":1:17: the variable NOPE is not set"]),
        ("claude: {bin: 'x${oh no}'}\n", [":1:17: ", "Expected ${NAME} or ${NAME:-default}"]),
        ("server: {port: '${SECRET}'}\n", [":1:16: ", 'what "${SECRET}" stands for']),
        ("server: {host: '${SECRET}'}\n", [":1:16: ", 'what "${SECRET}" stands for']),
        ("server: {auth_key: '${SECRET}'}\n", [":1:20: ", "Expected printable ASCII"]),
        ("ollama: {base_url: '${SECRET}'}\n", [":1:20: ", 'what "${SECRET}" stands for']),
        ("ollama: {base_url: 'http://x/${SECRET}/v1'}\n", [":1:20: "]),
    ],
)
def test_what_a_variable_holds_is_never_shown(
    load_file: LoadFile, content: str, texts: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(content, {"SECRET": "hunter2 hunter2"})
    for text in texts:
        assert text in caught.value.details
    assert "hunter2" not in caught.value.details
