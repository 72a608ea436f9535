"""Ollama's treatment of a prompt that does not fit the window."""

from cc_proxy.app.practice.model import meter, render
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.requests.decoding import ApiChatRequest
from cc_proxy.app.practice.wire import WireError, runner_error

_KEPT_AT_THE_FRONT = 4


def fitted(request: ApiChatRequest, model: PracticeModel, num_ctx: int) -> bytes:
    """Return the prompt that the runner reads with a window of `num_ctx` tokens.

    By default the oldest messages are dropped in silence, and a single long message is cut to
    half the window (recordings 30, 31).

    Raises:
        WireError: 400 when the request says `truncate: false` and it does not fit (31b).

    """
    messages = request.messages
    whole = render.prompt(request, messages, model)
    if meter.count(whole) < num_ctx:
        return whole
    if not request.truncate:
        raise _overflow(meter.count(whole), num_ctx)
    rendered = whole
    for start in range(1, len(messages)):
        before = [message for message in messages[:start] if message.role == "system"]
        rendered = render.prompt(request, [*before, *messages[start:]], model)
        if meter.count(rendered) < num_ctx:
            return rendered
    front = _KEPT_AT_THE_FRONT * meter.TOKEN_BYTES
    back = (num_ctx - _KEPT_AT_THE_FRONT) // 2 * meter.TOKEN_BYTES
    return rendered[:front] + rendered[-back:]


def _overflow(tokens: int, num_ctx: int) -> WireError:
    return WireError(
        400,
        runner_error(
            f"request ({tokens} tokens) exceeds the available context size ({num_ctx} tokens),"
            " try increasing it",
            "exceed_context_size_error",
            n_prompt_tokens=tokens,
            n_ctx=num_ctx,
        ),
        late=True,
    )
