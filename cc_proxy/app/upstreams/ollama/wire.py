"""Ollama's `/api/chat`: a request as bytes, and the lines of its answer.

Absent fields are left out of the request, not sent as null: `think` absent and `think` false
mean different things to Ollama.
"""

import msgspec

from cc_proxy.app.chat.messages import ChatChunk, ChatRequest

_encoder = msgspec.json.Encoder()
_chunk_decoder = msgspec.json.Decoder(ChatChunk)
_request_decoder = msgspec.json.Decoder(ChatRequest)


def encode(request: ChatRequest) -> bytes:
    """Return the JSON body of a request; the same request always gives the same bytes."""
    return _encoder.encode(request)


def in_one_piece(body: bytes) -> bytes:
    """Return the body that asks for the same answer, not streamed."""
    return encode(msgspec.structs.replace(decode_request(body), stream=False))


def decode_request(body: bytes) -> ChatRequest:
    """Return the request that `encode` made a body of."""
    return _request_decoder.decode(body)


def decode_chunks(lines: bytes) -> list[ChatChunk]:
    """Decode some lines of an answer; blank ones are skipped.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: one of them is not the JSON that Ollama writes.

    """
    if not lines.isascii():
        _must_be_utf_8(lines)
    return _chunk_decoder.decode_lines(lines)


def decode_chunk(line: bytes) -> ChatChunk:
    """Decode one line of an answer.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: the line is not the JSON that Ollama writes.

    """
    _must_be_utf_8(line)
    return _chunk_decoder.decode(line)


def _must_be_utf_8(lines: bytes) -> None:
    # The arguments of a call stay raw: the decoder does not look at them.
    lines.decode()
