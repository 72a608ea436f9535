"""Answers that are asked for once more, and how often."""

import logging

from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.parts import Parts, silently
from cc_proxy.app.translate.answer.retry.second_try import (
    RetryReason,
    after_announcement,
    in_one_piece,
    with_hint,
    without_loop,
)
from cc_proxy.app.translate.answer.retry.unreadable_call import (
    UnreadableCall,
    hint,
    read_from_error,
    unreadable_call,
)
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer

log = logging.getLogger(__name__)

# A larger request is not held for as long as its answer takes, and so not asked again once
# something was shown: an answer can take an hour, and there may be many.
MAX_HELD_BYTES = 1024 * 1024
# Asked plainly once more, and then once with a hint.
_MAX_UNREADABLE = 3


class SecondTries:
    """The requests of one round: the first, and those that follow from its end."""

    def __init__(
        self, request: EncodedRequest, answer: AnswerStream | MultiRoundAnswer, record: RequestLog
    ) -> None:
        self._first: EncodedRequest | None = request
        self._next: EncodedRequest | None = request
        self._answer = answer
        self._record = record
        self._rules = answer.rules
        self._asked = 0
        self._unreadable = 0

    @property
    def is_first(self) -> bool:
        """Return whether the request was asked as it came, and not once more."""
        return self._asked == 1

    def take(self) -> EncodedRequest | None:
        """Return what the model is asked next, None when the round is over."""
        request, self._next = self._next, None
        self._asked += request is not None
        return request

    def release_if_large(self) -> None:
        """Hold a large request no longer: something of its answer was shown."""
        if self._first is not None and self._first.size > MAX_HELD_BYTES:
            self._first = None

    def after_end(self) -> Parts:
        """Yield the events that follow when Ollama has ended an answer."""
        answer, reason = self._answer, self._answer.wants
        if answer.state is State.ENDED:
            return
        if reason is None:
            # The turn was whole before it was asked for more; any other has broken off.
            if answer.is_extra_try:
                yield from answer.finish_with([])
            return
        if self._first is None:
            yield from answer.finish_with([])
            return
        if reason is not RetryReason.VANISHED:
            self._record.assisted(reason.value)
        match reason:
            case RetryReason.STEP:
                request = after_announcement(self._first.request(), *answer.said)
            case RetryReason.LOOP:
                request = without_loop(self._first.request())
            case _:
                request = in_one_piece(self._first.request())
        self._next = self._first.again(request)
        yield answer.begin_again(reason)

    def after_error(self, error: UpstreamError) -> Parts:
        """Yield the events that follow when Ollama has ended an answer with an error.

        Raises:
            UpstreamError: the error itself, when it says nothing of a tool call.

        """
        if self._answer.is_extra_try:
            # The turn was whole before it was asked for more.
            self._record.trouble(f"the second try of an announced step failed: {error.code}")
            yield from self._answer.finish_with([])
            return
        call = unreadable_call(error)
        if call is None or not self._rules.assist.unreadable_call:
            raise error
        self._unreadable += 1
        self._record.assisted(RetryReason.UNREADABLE.value)
        yield from self._after_unreadable(call)

    def _after_unreadable(self, call: UnreadableCall) -> Parts:
        answer, record = self._answer, self._record
        trouble = f"a tool call could not be read ({call.form})"
        if calls := (yield from silently(read_from_error(call, self._rules.tools))):
            record.trouble(f"{trouble}: read from its error")
            yield from answer.finish_with(calls)
            return
        if answer.has_calls:
            record.trouble(f"{trouble}: the calls before it count")
            yield from answer.finish_with([])
            return
        if call.cut and self._unreadable > 1:
            record.trouble(f"{trouble}, twice: the answer ends with max_tokens")
            yield from answer.finish_cut()
            return
        if self._unreadable >= _MAX_UNREADABLE or self._first is None:
            record.trouble(f"{trouble}, {self._unreadable} times: given up")
            times = "once" if self._unreadable == 1 else f"{self._unreadable} times"
            yield answer.give_up(
                f"the model wrote a tool call {times} that could not be read ({call.form})."
            )
            return
        self._next = self._first
        if self._unreadable > 1:
            hinted = with_hint(self._first.request(), hint(call, self._rules.tools))
            self._next = self._first.again(hinted)
            trouble += " again"
        record.trouble(f"{trouble}: asked once more")
        yield answer.begin_again(RetryReason.UNREADABLE)
