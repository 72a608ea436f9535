"""Turns as the model wrote them, whatever the client makes of them."""

import msgspec

from cc_proxy.app.anthropic.requests import Message
from cc_proxy.app.byte_cache import ENTRY_BYTES
from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ToolCall
from cc_proxy.app.translate.prompt.same_input import same_input
from cc_proxy.app.translate.prompt.turns import MAX_CALLS, TurnMemory, WrittenTurn
from cc_proxy.app.translate.request.content import ContentReader
from cc_proxy.app.translate.request.conversation import conversation


def turn(*ids: str, content: str = "Let me see.\n") -> WrittenTurn:
    arguments = msgspec.Raw(b'{"b":"5000","a":1}')
    calls = tuple(ToolCall(id=i, function=CalledFunction("Edit", arguments)) for i in ids)
    return WrittenTurn(content=content, thinking="Hm.", calls=calls)


def sent_back(*ids: str) -> Message:
    blocks = [{"type": "text", "text": "Let me see."}] + [
        {"type": "tool_use", "id": i, "name": "Edit", "input": {"a": 1, "b": 5000, "all": False}}
        for i in ids
    ]
    raw = msgspec.json.encode({"role": "assistant", "content": blocks})
    return msgspec.json.decode(raw, type=Message)


def translated(memory: TurnMemory, message: Message) -> ChatMessage:
    (only,) = conversation("", [message], ContentReader(vision=False), memory.recall)
    return only


def test_a_turn_comes_back_as_it_was_written() -> None:
    memory = TurnMemory()
    written = turn("t1", "t2")
    memory.remember(written)
    assert translated(memory, sent_back("t1", "t2")) == written.message()


def test_a_turn_with_other_calls_than_the_remembered_ones_is_the_client_s() -> None:
    memory = TurnMemory()
    memory.remember(turn("t1", "t2"))
    got = translated(memory, sent_back("t1"))
    assert got.content == "Let me see."
    assert got.tool_calls is not None
    assert len(got.tool_calls) == 1


def test_an_unknown_turn_is_the_client_s() -> None:
    assert translated(TurnMemory(), sent_back("t9")).content == "Let me see."


def test_the_turns_not_used_for_longest_make_room() -> None:
    one = turn("t1").held_bytes() + ENTRY_BYTES
    memory = TurnMemory(max_bytes=2 * one + 10)
    memory.remember(turn("t1"))
    memory.remember(turn("t2"))
    assert memory.recall("t1") is not None
    memory.remember(turn("t3"))
    assert [i for i in ("t1", "t2", "t3") if memory.recall(i)] == ["t1", "t3"]


def test_a_turn_larger_than_the_memory_is_not_kept() -> None:
    memory = TurnMemory(max_bytes=100)
    memory.remember(turn("t1"))
    assert memory.recall("t1") is None


def test_a_turn_of_more_calls_than_any_has_is_not_kept() -> None:
    memory = TurnMemory()
    memory.remember(turn(*(f"t{number}" for number in range(MAX_CALLS + 1))))
    assert memory.recall("t0") is None
    memory.remember(turn(*(f"t{number}" for number in range(MAX_CALLS))))
    assert memory.recall("t0") is not None


def test_a_call_that_a_person_edited_is_what_the_model_sees() -> None:
    memory = TurnMemory()
    memory.remember(turn("t1"))
    raw = msgspec.json.encode(sent_back("t1")).replace(b'"b":5000', b'"b":6000')
    edited = msgspec.json.decode(raw, type=Message)
    got = translated(memory, edited)
    assert got.tool_calls is not None
    assert bytes(got.tool_calls[0].function.arguments) == b'{"a":1,"b":6000,"all":false}'


def test_what_was_put_right_on_the_way_is_no_edit() -> None:
    written = b'{"filePath":" a.py ","todos":"[{\'content\': \'A\'}]","limit":"5","extra":null}'
    assert same_input(
        written, b'{"file_path":"a.py","todos":[{"content":"A"}],"limit":5,"all":true}'
    )
    assert not same_input(written, b'{"file_path":"b.py","todos":[{"content":"A"}],"limit":5}')
