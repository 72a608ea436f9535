"""One request and its answer on the way into a capture."""

import time

import msgspec

from cc_proxy.app.control.capture import CapturedAnswer, CapturedCall, CapturedRequest
from cc_proxy.app.gateway.activity.tracked import Outcome
from cc_proxy.app.gateway.capture.store import Capture
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer

_OUTCOMES = {Outcome.OK: "ok", Outcome.CANCELLED: "cancelled"}


class CapturedExchange:
    """Notes the answer to a request that was written, and writes it at the end."""

    def __init__(self, capture: Capture, request_id: str) -> None:
        self._capture = capture
        self._id = request_id
        self._began = time.monotonic()
        self._answer: AnswerStream | MultiRoundAnswer | None = None

    def answered(self, answer: AnswerStream | MultiRoundAnswer) -> None:
        """Note the answer."""
        self._answer = answer

    def ended(self, outcome: Outcome, model: str, first_token: float | None) -> None:
        """Write the end; `first_token` is its moment by the monotonic clock."""
        now, answer = time.monotonic(), self._answer
        line = CapturedAnswer(
            id=self._id,
            outcome=_OUTCOMES.get(outcome, "failed"),
            model=model,
            seconds=round(now - self._began, 3),
            first_token_seconds=round(first_token - self._began, 3) if first_token else None,
        )
        if answer is not None:
            text, thinking = answer.said
            written, usage = answer.written(), answer.usage
            line = msgspec.structs.replace(
                line,
                prompt_tokens=usage.input_tokens
                + usage.cache_creation_input_tokens
                + usage.cache_read_input_tokens,
                reused_tokens=answer.reused,
                written_tokens=usage.output_tokens,
                stop_reason=answer.stop_reason,
                text=text,
                thinking=thinking,
                calls=tuple(
                    CapturedCall(one.function.name, one.function.arguments)
                    for one in (written.calls if written else ())
                ),
            )
        self._capture.add(line)


def begin_exchange(
    capture: Capture, request_id: str, caller: Caller, body: bytes
) -> CapturedExchange | None:
    """Write a request, and return what takes its answer; None while it is not captured."""
    if not capture.wants(caller.session):
        return None
    capture.add(
        CapturedRequest(
            id=request_id,
            at=capture.now(),
            session=caller.session,
            request_class=caller.kind.value if caller.kind else "",
            body=msgspec.Raw(body),
        )
    )
    return CapturedExchange(capture, request_id)
