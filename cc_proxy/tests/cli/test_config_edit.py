"""A default model put into a configuration that somebody has written."""

import sys
from pathlib import Path

import pytest

from cc_proxy.app.cli.config.edit import EditError, edited, set_default
from cc_proxy.app.cli.config.init import data_file
from cc_proxy.app.config import load


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'aliases:\n  default: "m:1b"\n'),
        ("# only words", '# only words\naliases:\n  default: "m:1b"\n'),
        ("context_window: 64k\n", 'context_window: 64k\naliases:\n  default: "m:1b"\n'),
        (
            "aliases:\n    # small\n    claude-haiku-*: s  # quick\nhold: 1\n",
            'aliases:\n    # small\n    default: "m:1b"\n    claude-haiku-*: s  # quick\nhold: 1\n',
        ),
        ("aliases: {a: b}  # two\n", 'aliases: {default: "m:1b", a: b}  # two\n'),
        ("aliases: {}\n", 'aliases: {default: "m:1b" }\n'),
        ("a: 1\r\naliases:\r\n  b: c\r\n", 'a: 1\r\naliases:\r\n  default: "m:1b"\r\n  b: c\r\n'),
        ("aliases: # none\n  #a: b\n", 'aliases: # none\n  default: "m:1b"\n  #a: b\n'),
        ("aliases: null\n", None),
        ("aliases: {default: x}\n", None),
        ("{aliases: {a: b}}\n", None),
        ("aliases: [\n", None),
        ("- a\n", None),
    ],
)
def test_the_line_goes_where_it_belongs_and_nothing_else_changes(
    before: str, after: str | None
) -> None:
    assert edited(before, "m:1b") == after


@pytest.mark.parametrize("model", ["qwen3-coder:30b", "hf.co/a/b:Q4", "a${HOME}b"])
def test_the_new_file_means_what_was_chosen(tmp_path: Path, model: str) -> None:
    for name, text in (("new", None), ("old", data_file("cc-proxy.user.yaml")), ("empty", "")):
        path = tmp_path / name / "cc-proxy.yaml"
        if text is not None:
            path.parent.mkdir()
            path.write_text(text)
            path.chmod(0o640)
        set_default(path, model)
        if model.count("$") == 0:
            assert load(config_file=path, environ={}).settings.aliases == {"default": model}
        if sys.platform != "win32":
            assert path.stat().st_mode & 0o777 == (0o600 if text is None else 0o640)


@pytest.mark.parametrize("text", ["aliases: ~\n", "aliases: *a\n", "aliases: {default: x}\n"])
def test_a_file_that_cannot_be_edited_is_left_and_the_line_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cc-proxy.yaml"
    path.write_text(text)
    with pytest.raises(EditError) as raised:
        set_default(path, "m:1b")
    assert raised.value.hint == 'Add it yourself, under aliases: default: "m:1b"'
    assert path.read_text() == text
