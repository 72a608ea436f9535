"""Calls that a real llama.cpp server reads itself, and those that it leaves in the text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.toolcalls import engine, speaking_model
from bench.toolcalls.cases import Case
from bench.toolcalls.judge import judge
from cc_proxy.app.chat.call_formats import call_formats

pytestmark = pytest.mark.xdist_group("llama.cpp")
TOOLS = {
    "Bash": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    }
}
READ = (
    "I'll look at the files.\n"
    '<tool_call>\n{"name": "Bash", "arguments": {"command": "ls"}}\n</tool_call>'
)
GLUED = 'Let me see.<tool_call>{"name": "Bash", "arguments": {"command": "pwd"}}</tool_call>'
OTHER = '[TOOL_CALLS]Bash[ARGS]{"command": "date"}'
WORDS = "Tests pass, there is nothing to do."
TEXTS = {"read": READ, "glued": GLUED, "other": OTHER, "words": WORDS}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, int]]]:
    path: Path = tmp_path_factory.mktemp("model") / "model.gguf"
    tokens = speaking_model.write(path, TEXTS, engine.chat_template())
    with engine.server(path) as url:
        yield url, tokens


@pytest.mark.parametrize(
    ("name", "command", "by_server"),
    [
        ("read", "ls", True),
        ("glued", "pwd", False),
        ("other", "date", False),
        ("words", None, False),
    ],
)
def test_what_the_server_leaves_in_the_text_is_read_there_and_nothing_twice(
    server: tuple[str, dict[str, int]], name: str, command: str | None, *, by_server: bool
) -> None:
    url, tokens = server
    chunks = engine.answer(url, name, TOOLS)
    assert chunks is not None
    # The model said its text to the letter.
    assert chunks[-1].eval_count == tokens[name]
    assert any(chunk.message and chunk.message.tool_calls for chunk in chunks) is by_server
    calls = (("Bash", {"command": command}),) if command else ()
    case = Case(name, "main" if command else "look", TEXTS[name], calls)
    formats = call_formats(engine.chat_template())
    assert judge(case, TOOLS, formats, chunks).outcome == ("exact" if command else "kept")


def test_texts_that_are_too_much_alike_are_refused(tmp_path: Path) -> None:
    alike = {f"s{number}": "aaaa" for number in range(9)}
    with pytest.raises(speaking_model.UncuttableError, match="not like others, found 'aaaa'"):
        speaking_model.write(tmp_path / "model.gguf", alike, engine.chat_template())
