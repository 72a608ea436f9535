"""Thinking between tags in the text."""

import pytest

from cc_proxy.app.translate.answer.think_tags import ThinkTags

TABLE = [
    ("no tags", "Hello.\nYou.", "", "Hello.\nYou."),
    ("a whole block at the front", "<think>\nHm.\n</think>\n\nYes.", "\nHm.\n", "Yes."),
    ("white space before it", "\n <think>Hm.</think>Yes.", "Hm.", "Yes."),
    ("a block that never ends", "<think>Hm. Hm.", "Hm. Hm.", ""),
    ("a lone closing tag on its line", "Hm.\n</think>\nYes.", "", "Hm.\n\nYes."),
    ("a lone closing tag first of all", "</think>\nYes.", "", "\nYes."),
    ("an opener in the middle is text", "Write <think> here.", "", "Write <think> here."),
    ("tags in a sentence are text", "Use `</think>` to end.", "", "Use `</think>` to end."),
    ("a second block is text", "<think>a</think>b <think>c</think>", "a", "b <think>c</think>"),
    ("a tag's beginning at the end", "<thi", "", "<thi"),
    ("a closing tag's beginning at the end", "a\n</thi", "", "a\n</thi"),
    ("a closing tag's beginning inside", "<think>a</thi", "a</thi", ""),
    ("other tags are text", "<ponder>a</ponder>", "", "<ponder>a</ponder>"),
    ("thinking", "<thinking>a</thinking>b", "a", "b"),
    ("Mistral's", "[THINK]a[/THINK]b", "a", "b"),
    ("Seed's", "<seed:think>a</seed:think>\n\nb", "a", "b"),
    ("Gemma's channel", "<|channel>thought\na<channel|>b", "\na", "b"),
    (
        "Command's",
        "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>",
        "a",
        "b",
    ),
    (
        "harmony",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b",
        "a",
        "b",
    ),
    ("harmony, a preamble", "<|channel|>commentary<|message|>a<|end|>b", "", "ab"),
    ("a lone closing tag after a sentence", "Hm.</think>\n\nYes.", "", "Hm.\n\nYes."),
    ("a lone closing tag glued to both", "Hm.</think>Yes.", "", "Hm.Yes."),
    ("a lone closing tag at the end", "Hm.\n</think>", "", "Hm.\n"),
    ("a lone closing tag in a fence", "```\n</think>\n```\n", "", "```\n</think>\n```\n"),
    ("a lone closing tag in code", "Use `a.</think>` there.", "", "Use `a.</think>` there."),
    ("spoken of", "The tag </think> ends it.", "", "The tag </think> ends it."),
    ("only white space", " \n", "", " \n"),
    ("less-than in text", "a < b\nc <\nd", "", "a < b\nc <\nd"),
]


@pytest.mark.parametrize(
    ("text", "thinking", "rest"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_thinking_is_told_from_text_however_it_is_cut(text: str, thinking: str, rest: str) -> None:
    for size in (1, 2, 3, 7, 1000):
        tags = ThinkTags()
        parts = [tags.feed(text[i : i + size]) for i in range(0, len(text), size)]
        parts.append(tags.finish())
        assert "".join(part[0] for part in parts) == thinking, size
        assert "".join(part[1] for part in parts) == rest, size


def test_where_ollama_tells_thinking_by_itself_tags_are_text() -> None:
    tags = ThinkTags()
    assert tags.feed(" <th") == ("", "")
    assert tags.told_apart() == ("", " <th")
    assert tags.feed("<think>\n</think>\n") == ("", "<think>\n</think>\n")
