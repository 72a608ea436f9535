"""Each request of the real Claude Code is of the class that it is for.

2.1.332 says it in hint headers, and in 2.1.197 the other headers show it.
"""

import json
import re

import pytest

from .conftest import Stage, call

pytestmark = pytest.mark.claude


async def test_the_log_tells_a_session_from_its_subagent_and_its_compaction(stage: Stage) -> None:
    looked = json.dumps([{"text": "Nothing there."}])
    agent = call(
        "Agent",
        description="look around",
        prompt=f"Look around. [practice: {looked}]",
        subagent_type="general-purpose",
    )
    await stage.ask("Have somebody look.", turns=[agent, {"text": "All done."}])
    await stage.ask("/compact", "--continue")
    classes = re.findall(r" class=(\w+) ", stage.log())
    assert classes[0] == "main"
    assert classes.count("subagent") == 1
    if "current" in str(stage.claude):
        assert classes[-1] == "compaction"
    assert "auxiliary" not in classes
