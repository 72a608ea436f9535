"""Claude Code's auto mode asks its server for a verdict on each action, in `safeguards`."""

import json

from .conftest import Gateway, Upstream, done, line, says

# As 2.1.330 sends it, shortened.
SAFEGUARDS = [
    {
        "type": "dangerous_tool_use",
        "classifier_context": {"v": 1, "permission_mode": "auto", "home_dir": "/home/somebody"},
    }
]
BASH = {"name": "Bash", "description": "Runs.", "input_schema": {"type": "object"}}
CALL = {"function": {"name": "Bash", "arguments": {"command": "rm -rf /"}}}


async def test_no_verdict_is_forged(gateway: Gateway, upstream: Upstream) -> None:
    upstream.chat = says(line(message={"tool_calls": [CALL]}), done())
    asked = await gateway.stream(tools=[BASH], safeguards=SAFEGUARDS)
    plain = await gateway.stream(tools=[BASH])
    assert [sorted(event) for event in asked] == [sorted(event) for event in plain]
    said = json.dumps(asked)
    for word in ("safeguard", "dangerous", "verdict", "classifier"):
        assert word not in said


async def test_the_model_is_not_told_of_the_folders_in_it(
    gateway: Gateway, upstream: Upstream
) -> None:
    await gateway.ask(tools=[BASH], safeguards=SAFEGUARDS)
    await gateway.ask(tools=[BASH])
    asked, plain = upstream.bodies
    assert asked == plain
