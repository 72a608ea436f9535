"""The end of a short answer, for who measures a model and does not read what it says."""

from cc_proxy.app.chat.answer import OpenAnswer
from cc_proxy.app.chat.errors import UpstreamBrokeError
from cc_proxy.app.chat.messages import ChatChunk

# An event has a token, or a part of one. To load a model takes none.
MAX_CHUNKS_A_TOKEN = 4
MIN_CHUNKS = 1000


async def last_chunk(answer: OpenAnswer, max_tokens: int, server: str) -> ChatChunk:
    """Return the last chunk of an answer that was asked for with at most `max_tokens` tokens.

    `server` is the name of who answers.

    Raises:
        UpstreamError: as the answer does, or it has no end.

    """
    chunks = 0
    async with answer as batches:
        async for batch in batches:
            if batch[-1].done:
                return batch[-1]
            chunks += len(batch)
            if chunks > MAX_CHUNKS_A_TOKEN * max_tokens + MIN_CHUNKS:
                raise without_end(max_tokens, server)
    raise UpstreamBrokeError(f"{server} ended its answer in the middle.")


def without_end(max_tokens: int, server: str) -> UpstreamBrokeError:
    """Return the error for an answer that is longer than what was asked for."""
    return UpstreamBrokeError(
        f"{server} was asked for at most {max_tokens} tokens, and its answer does not end.",
        hint=f"Check the address of {server}: something else may answer there.",
    )
