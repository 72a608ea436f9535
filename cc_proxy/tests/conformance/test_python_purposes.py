"""What a request asks for beside an answer: a summary, a prompt that is only read, counts."""

from typing import Any

import anthropic
import pytest

from .clients import READ, Json, asked, script
from .stack import Practice

pytestmark = pytest.mark.xdist_group("python-sdk")

SUMMARY = "The user wants a summary of cats."


def summarized(client: anthropic.Anthropic, request: Json, *, streamed: bool) -> Json:
    fields: Json = request | {"compaction": {"type": "summarize"}}
    if not streamed:
        return client.beta.messages.create(**fields).to_dict()
    with client.beta.messages.stream(**fields) as stream:
        return stream.get_final_message().to_dict()


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_compaction_is_one_block_and_the_conversation_goes_on_from_it(
    client: anthropic.Anthropic, practice: Practice, mark: int, *, streamed: bool
) -> None:
    request = asked({"text": SUMMARY}, tools=[READ])
    message = summarized(client, request, streamed=streamed)
    (block,) = message["content"]
    assert (block["type"], block["content"]) == ("compaction", SUMMARY)
    assert message["stop_reason"] == "compaction"
    assert message["usage"]["output_tokens"] > 0
    turns: list[Any] = [
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": script({"text": "Meow."})},
    ]
    answer = client.beta.messages.create(**request | {"messages": turns})
    assert answer.content[0].to_dict()["text"] == "Meow."
    asking, going_on = practice.chats(mark)
    assert asking.body["tools"] == going_on.body["tools"]
    (turn,) = going_on.body["messages"]
    assert turn["role"] == "user"
    assert SUMMARY in turn["content"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_limit_of_0_has_the_prompt_read_and_nothing_answered(
    client: anthropic.Anthropic, practice: Practice, mark: int, *, streamed: bool
) -> None:
    request = asked({"text": "Not to be seen."}, max_tokens=0, tools=[READ])
    message: anthropic.types.Message
    if streamed:
        with client.messages.stream(**request) as stream:
            message = stream.get_final_message()
    else:
        message = client.messages.create(**request)
    assert message.content == []
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 0)
    assert message.usage.input_tokens > 0
    (record,) = practice.chats(mark)
    assert record.body["options"]["num_predict"] == 1, "0 means no limit to Ollama"
    client.messages.create(**request | {"max_tokens": 50})
    again = practice.chats(mark)[-1]
    assert again.body["messages"] == record.body["messages"]


def test_a_limit_below_0_is_refused(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="whole number of 0 or more, found -1"):
        client.messages.create(**asked({"text": "x"}, max_tokens=-1))


@pytest.mark.parametrize(
    ("betas", "display", "counts"),
    [
        ([], "omitted", []),
        (["thinking-token-count-2026-05-13"], "summarized", [None]),
        (["a-beta", "thinking-token-count-2026-05-13"], "omitted", [3]),
    ],
    ids=["without the beta", "shown", "omitted"],
)
def test_the_tokens_of_the_thinking_are_told_where_the_beta_asks_for_them(
    client: anthropic.Anthropic, betas: list[str], display: Any, counts: list[int | None]
) -> None:
    request = asked({"thinking": "One two three", "text": "So."}, model="practice-think")
    thinking: Any = {"type": "adaptive", "display": display}
    told: list[int | None] = []
    with client.beta.messages.create(
        **request, thinking=thinking, betas=betas, stream=True
    ) as events:
        for event in events:
            delta = event.to_dict().get("delta", {})
            if isinstance(delta, dict) and delta.get("thinking"):
                told += [delta["estimated_tokens"]] if "estimated_tokens" in delta else []
    if counts == [3]:
        assert sum(count or 0 for count in told) == 3
    else:
        assert set(told) == set(counts)
