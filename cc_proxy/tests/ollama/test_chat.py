"""Ollama's chat wire: requests as bytes, and back."""

import msgspec

from cc_proxy.app.chat.messages import CalledFunction, ChatMessage, ChatRequest, ToolCall
from cc_proxy.app.upstreams.ollama import wire


def test_asking_again_in_one_piece_changes_nothing_but_that() -> None:
    call = ToolCall(CalledFunction("Read", msgspec.Raw(b'{"b":1.0,"a":"\\u00e9 \xc3\xa9"}')), "t1")
    request = ChatRequest(
        model="m",
        messages=[
            ChatMessage(role="system", content="You help."),
            ChatMessage(role="assistant", content="", thinking="hm", tool_calls=[call]),
            ChatMessage(role="tool", content="é", images=["aGk="], tool_name="Read"),
        ],
        tools=msgspec.Raw(b'[ {"type":"function"} ]'),
        stream=True,
        think=False,
        truncate=False,
        shift=False,
        keep_alive="30m",
        options={"num_ctx": 4096, "temperature": 0.7},
    )
    body = wire.encode(request)
    assert wire.in_one_piece(body) == body.replace(b'"stream":true', b'"stream":false')
