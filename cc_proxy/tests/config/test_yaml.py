"""What YAML a configuration is: 1.1, held against a reader of another make."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from cc_proxy.app.config.yaml_file import document, plain_yaml

PLAIN = """yes No ON off true FALSE null ~ Null 0 7 -7 +7 017 0o17 0x1F 0b11 1_000 1:30 1.5 1. .5
-1.5e+3 .inf -.Inf .nan 2026-11-26 x 08 1-2 1:3a 64k host:1 http://127.0.0.1:11434 qwen3:4b -1 30m
a=b"""
PIECES = """a b : - { } [ ] , " ' # 1 on | > &x *x ! !!str \\ \\U \\x ? % --- é @ <<: | &"""
BETWEEN = " ", "  ", "\n", "\n  ", "", "\t", "\u2028", "\ufeff"
TEXTS = st.lists(st.sampled_from(PIECES.split()) | st.sampled_from(BETWEEN), max_size=16).map(
    "".join
)


@pytest.mark.parametrize("text", PLAIN.split())
def test_a_plain_scalar_is_taken_for_the_same(text: str) -> None:
    node = document.compose(f"a: {text}\n")
    other = yaml.compose(f"a: {text}\n", Loader=yaml.SafeLoader)
    assert isinstance(node, document.MappingNode)
    assert isinstance(other, yaml.MappingNode)
    (_, value), (_, wanted) = *document.items(node), other.value[0]
    assert (value.tag, value.value) == (wanted.tag, wanted.value)


@given(text=TEXTS)
@example(text='a: "\\UFFFFFFFF"')
@example(text="a: !%FF x")
@example(text="%YAML 9.9.9\n--- a")
@example(text="%YAML 1.3\n--- a")
@example(text="%TAG ! tag:%ZZ")
def test_whatever_stands_in_a_file_is_read_or_has_its_error_and_place(text: str) -> None:
    place = document.Position(0, 0)
    try:
        document.compose(text)
    except document.SyntaxProblemError as error:
        place = error.position
    assert 0 <= place.line <= len(text.splitlines())
    assert place.column >= 0


def test_a_version_that_there_is_not_is_shown() -> None:
    with pytest.raises(document.SyntaxProblemError, match="a version of YAML") as raised:
        document.compose("# mine\n%YAML 1.3\n---\na: 1\n")
    assert (raised.value.position.line, raised.value.position.column) == (1, 0)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('a: 1\nb: "x\\UFFFFFFFF"\n', 1, 5),
        ('a: "\\U0001F600 \\U00110000"\n', 0, 15),
    ],
)
def test_an_escape_for_no_character_is_shown(text: str, line: int, column: int) -> None:
    with pytest.raises(document.SyntaxProblemError, match="stands for no character") as raised:
        document.compose(text)
    assert (raised.value.position.line, raised.value.position.column) == (line, column)


def test_what_is_written_is_read_as_the_same() -> None:
    settings: dict[str, object] = {
        "b": {"x": [1, 2.5, True, None]},
        "a": "ä: b\n# c",
        "empty": {},
        "none": [],
    }
    text = plain_yaml.written(settings)
    assert plain_yaml.read(text) == yaml.safe_load(text) == settings
    assert text.startswith("b:\n")


def test_what_is_no_yaml_is_said_so() -> None:
    with pytest.raises(ValueError, match="mapping values are not allowed"):
        plain_yaml.read("a: b: c")
