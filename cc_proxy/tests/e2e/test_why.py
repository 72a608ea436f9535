"""`cc-proxy why` names the byte in a session of the real Claude Code that was broken on purpose."""

import json

import pytest

from .conftest import Stage, call

pytestmark = [
    pytest.mark.claude,
    pytest.mark.parametrize("claude", ["current"], indirect=True),
]
WORD, OTHER = "wombat", "wallaby"


async def test_a_history_that_was_edited_is_named_with_its_turn_and_byte(stage: Stage) -> None:
    prompt = f"Count the {WORD}s."
    await stage.ask(prompt, turns=[call("Bash", command="seq 2000"), {"text": "All of them."}])
    (kept,) = (stage.home / ".claude/projects").rglob("*.jsonl")
    history = kept.read_text(encoding="utf-8")
    assert WORD in history
    kept.write_text(history.replace(WORD, OTHER), encoding="utf-8")
    await stage.ask("And now?", "-c", turns=[{"text": "None."}])
    code, out, err = await stage.run("why", "--json")
    assert code == 0, err
    why = json.loads(out)["data"]
    broken = why["prefix_break"]
    sent = [
        chat.body["messages"] for chat in stage.chats() if chat.body["options"]["num_predict"] > 1
    ]
    text = next(turn["content"] for turn in sent[-1] if turn["role"] == "user")
    assert (broken["place"], broken["turn"], broken["role"]) == ("turn", 1, "user")
    # The first letter is the same in both.
    assert broken["byte"] == len(text.partition(OTHER)[0].encode()) + 1
    assert why["cause"] == "prefix_changed"
    assert WORD not in out
