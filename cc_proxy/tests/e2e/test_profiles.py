"""How much Claude Code sends under each profile, and that it works all the same."""

import pytest

from .conftest import Stage, call

pytestmark = pytest.mark.claude


@pytest.mark.parametrize(
    ("profile", "most_tokens", "tools"),
    [
        ("full", 20_000, {"Bash", "Read", "Edit", "Write"}),
        ("lean", 6_000, {"Bash", "Write"}),
        ("bare", 1_500, {"Bash", "Read", "Edit"}),
    ],
)
async def test_a_profile_writes_edits_runs_and_resumes(
    stage: Stage, profile: str, most_tokens: int, tools: set[str]
) -> None:
    path = str(stage.project / "note.txt")
    write = call("Bash", command=f"echo one > '{path}'", description="Write")
    edit = call("Edit", file_path=path, old_string="one", new_string="two")
    out = await stage.ask(
        "Work.",
        turns=[write, call("Read", file_path=path), edit, {"text": "It is done."}],
        profile=profile,
    )
    assert "It is done." in out
    assert (stage.project / "note.txt").read_text() == "two\n"
    first = stage.chats()[0]
    assert first.prompt_tokens < most_tokens
    assert tools <= {tool["function"]["name"] for tool in first.body["tools"]}
    await stage.ask("And?", "-c", turns=[{"text": "And on."}], profile=profile)
    resumed = stage.chats()[-1]
    assert resumed.read_tokens < 0.1 * resumed.prompt_tokens


async def test_sessions_in_two_folders_begin_alike(stage: Stage) -> None:
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    stage.project = stage.home.parent / "another"
    stage.project.mkdir()
    await stage.ask("Hello.", turns=[{"text": "Hello."}])
    assert stage.chats()[-1].read_tokens < 0.3 * stage.chats()[-1].prompt_tokens
