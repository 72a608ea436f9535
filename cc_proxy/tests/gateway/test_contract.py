"""Each row of the contract, played against the gateway: the table tells what really happens."""

import json
from typing import Any, NamedTuple

import pytest

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.contract import CONTRACT, NameKind, Treatment

from .conftest import Chat, Gateway, Upstream, body, done, line, says
from .contract_samples import BLOCKS, FIELDS, MARK, READ, TURNS, Json, tool

CALL = {"function": {"name": "Read", "arguments": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
SIDE_REQUEST = [{"role": "user", "content": "Perform a web search for the query: cats"}]


class Played(NamedTuple):
    """What came of a request: what the client and the model got, and what the log has of it."""

    status: int
    answer: str
    sent: Json | None
    log: str


@pytest.fixture
def upstream() -> Upstream:
    return Upstream(capabilities=("completion", "tools", "vision", "thinking"))


class Player:
    """Plays requests, each as a client that has not been here before."""

    def __init__(
        self, gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture
    ) -> None:
        self._gateway, self._upstream, self._log = gateway, upstream, caplog
        self._clients = 0
        caplog.set_level("INFO")

    async def play(self, fields: Json) -> Played:
        self._clients += 1
        self._log.clear()
        self._upstream.bodies.clear()
        async with self._gateway.client.post(
            self._gateway.url + "/v1/messages",
            json=body(**fields),
            headers={"User-Agent": f"contract/{self._clients}"},
        ) as response:
            answer = _without_ids(await response.text())
        asked = [sent for sent in self._upstream.bodies if "_debug_render_only" not in sent]
        return Played(response.status, answer, asked[-1] if asked else None, self._log.text)

    async def compare(
        self, treatment: Treatment, name: str, without: Json, with_it: Json
    ) -> str | None:
        """Return how two requests fare otherwise than the table says, None when it is true."""
        before, after = await self.play(without), await self.play(with_it)
        is_same = (before.sent, before.answer) == (after.sent, after.answer)
        match treatment:
            case Treatment.CARRIED if after.status != 200 or is_same:
                return f"{name} is said to be carried: {after.status}, same: {is_same}"
            case Treatment.REFUSED if not 400 <= after.status < 500:
                return f"{name} is said to be refused: {after.status}"
            case Treatment.DROPPED if after.status != 200 or not is_same:
                return f"{name} is said to be dropped: {after.status}, same: {is_same}"
            case Treatment.DROPPED if not _is_named(name, after.log):
                return f"{name} is said to be dropped, and no line of the log names it"
        return None


@pytest.fixture
def player(gateway: Gateway, upstream: Upstream, caplog: pytest.LogCaptureFixture) -> Player:
    return Player(gateway, upstream, caplog)


def _without_ids(answer: str) -> str:
    """Return an answer without what is new in each."""
    try:
        message = json.loads(answer)
    except ValueError:
        return "a stream"
    for name in ("id", "request_id"):
        message.pop(name, None)
    if usage := message.get("usage"):
        # How much the model knew already depends on what was asked before.
        message["usage"] = usage["cache_creation_input_tokens"] > 0
    return json.dumps(message)


def _is_named(name: str, log: str) -> bool:
    lines = [line for line in log.splitlines() if "left out on purpose" in line]
    lines += [line for line in log.splitlines() if "fields that are not used here" in line]
    return any(name in line for line in lines)


def rows(kind: NameKind) -> dict[str, Treatment]:
    return {row.name: row.treatment for row in CONTRACT if row.kind is kind}


async def test_each_field_of_a_request_fares_as_the_table_says(player: Player) -> None:
    assert FIELDS.keys() == rows(NameKind.FIELD).keys()
    wrong = []
    for name, treatment in rows(NameKind.FIELD).items():
        value, beside = FIELDS[name]
        wrong.append(await player.compare(treatment, name, beside, beside | {name: value}))
    assert not list(filter(None, wrong))


async def test_each_field_of_a_turn_fares_as_the_table_says(player: Player) -> None:
    assert TURNS.keys() == rows(NameKind.TURN).keys()
    wrong = []
    for name, treatment in rows(NameKind.TURN).items():
        without, with_it = TURNS[name]
        # An effort is one of thinking.
        thinks = {"thinking": {"type": "adaptive"}}
        fields = ({"messages": messages} | thinks for messages in (without, with_it))
        wrong.append(await player.compare(treatment, name, *fields))
    assert not list(filter(None, wrong))


async def test_each_block_of_a_request_fares_as_the_table_says(player: Player) -> None:
    assert BLOCKS.keys() == rows(NameKind.BLOCK).keys()
    wrong = []
    for name, treatment in rows(NameKind.BLOCK).items():
        without, with_it = BLOCKS[name]
        wrong.append(
            await player.compare(
                treatment, f"{name} block", {"messages": without}, {"messages": with_it}
            )
        )
        if treatment is Treatment.CARRIED:
            played = await player.play({"messages": with_it})
            if MARK.strip("=") not in json.dumps(played.sent):
                wrong.append(f"{name} is said to be carried, and the model does not get it")
    assert not list(filter(None, wrong))


async def test_each_type_of_tool_fares_as_the_table_says(player: Player) -> None:
    wrong = []
    for kind, treatment in rows(NameKind.TOOL).items():
        declared = tool(kind)
        name = f"tool {declared.get('name') or kind} ("
        wrong.append(await player.compare(treatment, name, {}, {"tools": [declared]}))
    assert not list(filter(None, wrong))


def _tags(union: Any) -> set[str]:
    return {str(member.__struct_config__.tag) for member in union.__args__}


@pytest.mark.parametrize(
    ("kind", "union"),
    [
        (NameKind.EVENT, ev.Event),
        (NameKind.DELTA, ev.Delta),
        (NameKind.ANSWER_BLOCK, ev.ContentBlock),
    ],
    ids=lambda value: value.name if isinstance(value, NameKind) else "",
)
def test_what_an_answer_can_have_is_what_the_table_says(kind: NameKind, union: Any) -> None:
    assert _tags(union) == {
        name for name, treatment in rows(kind).items() if treatment is Treatment.CARRIED
    }


async def test_each_part_of_an_answer_comes_and_no_other(
    gateway: Gateway, upstream: Upstream
) -> None:
    thought = line(message={"thinking": "Hm."})
    cut = line(done=True, done_reason="length", prompt_eval_count=11, eval_count=3)
    streams = []
    answers: list[tuple[Chat, Json]] = [
        (says(thought, line("Hello"), done()), {"thinking": {"type": "adaptive"}}),
        (says(line(message={"tool_calls": [CALL]}), done()), {"tools": [READ]}),
        (says(line("Hello"), cut), {}),
        (says(line("Hello"), done()), {"stop_sequences": ["lo"]}),
        (says(line("Hello"), done()), {"compaction": {"type": "summarize"}}),
        (says(line("Hello"), b'{"error": "the runner died"}\n'), {}),
        (says(line("Hello"), done()), {"tools": [SEARCH], "messages": SIDE_REQUEST}),
    ]
    for chat, fields in answers:
        upstream.chat = chat
        streams.append(await gateway.stream(**fields))
    events = [event for stream in streams for event in stream]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    starts = [event for event in events if event["type"] == "content_block_start"]
    ends = [event["delta"]["stop_reason"] for event in events if event["type"] == "message_delta"]
    seen = {
        NameKind.EVENT: {event["type"] for event in events},
        NameKind.DELTA: {delta["type"] for delta in deltas},
        NameKind.ANSWER_BLOCK: {event["content_block"]["type"] for event in starts},
        NameKind.STOP_REASON: {*ends} - {None},
    }
    for kind, names in seen.items():
        assert names == {
            name for name, treatment in rows(kind).items() if treatment is Treatment.CARRIED
        }, kind
