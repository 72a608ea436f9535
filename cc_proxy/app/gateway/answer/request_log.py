"""One line in the log for each answer, with the figures that tell where the time went."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import DiagnosticsRequest
from cc_proxy.app.chat.errors import UpstreamError
from cc_proxy.app.chat.target import Target
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.gateway.activity.request_tracker import RequestTracker
from cc_proxy.app.gateway.activity.tracked import Outcome
from cc_proxy.app.gateway.activity.tracker import ActivityTracker
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer

if TYPE_CHECKING:
    from cc_proxy.app.gateway.capture.exchange import CapturedExchange

log = logging.getLogger(__name__)

# An answer can have thousands of calls; the log is for other requests, too.
MAX_NOTES = 20


class RequestLog:
    """Collects what happened to one request; writes its line on exit.

    `captured` takes the answer too, while somebody has asked for a capture.

    `assists` counts the help that models got, over all requests. `tracker` passes the same on to
    the model of what goes on.
    """

    def __init__(
        self,
        request_id: str,
        model: str,
        body_bytes: int,
        assists: Counter[str] | None = None,
        activity: ActivityTracker | None = None,
    ) -> None:
        self.tracker = RequestTracker(request_id, activity)
        self.captured: CapturedExchange | None = None
        self._request_id = request_id
        self._started = time.monotonic()
        self._fields: dict[str, object] = {"asked": model, "bytes": body_bytes}
        self._first_token: float | None = None
        self._retried = 0
        self._outcome = "ok"
        self._end = Outcome.OK
        self._assists: list[str] = []
        self._all_assists = Counter[str]() if assists is None else assists

    def __enter__(self) -> Self:
        """Start the clock."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the line; what is raised goes on its way."""
        if isinstance(exc, asyncio.CancelledError | ConnectionError):
            self._outcome, self._end = "client closed the connection", Outcome.CANCELLED
        elif exc is not None:
            self._outcome, self._end = "failed", Outcome.FAILED
            self.tracker.noted(exc.log_text if isinstance(exc, CcProxyError) else "internal error")
            self.upstream_failed(exc if isinstance(exc, UpstreamError) else exc.__cause__)
        self.tracker.end(self._end)
        if self.captured is not None:
            model = str(self._fields.get("model", ""))
            self.captured.ended(self._end, model, self._first_token)
        self._fields["total_ms"] = self._ms(time.monotonic())
        fields = " ".join(f"{name}={value}" for name, value in self._fields.items())
        log.info(
            "%s %s %s",
            self._request_id,
            self._outcome,
            fields,
            extra={"summary": self._outcome, "fields": self._fields},
        )

    def translated(
        self,
        target: Target,
        translated: TranslatedRequest,
        prompt_tokens: int,
        diagnostics: DiagnosticsRequest | None = None,
    ) -> None:
        """Note the model that answers, and name what was left out of the request.

        `prompt_tokens` is an estimate. `diagnostics` is what the client asks about the prompt.
        """
        self.tracker.asks_for(diagnostics, translated.prompt)
        self.tracker.translated(target, translated, prompt_tokens)
        self._fields["model"] = target.model.name
        if target.instead_of:
            self._fell_back(target)
        if translated.dropped:
            what = ", ".join(
                name if count == 1 else f"{count} x {name}"
                for name, count in translated.dropped.items()
            )
            self.trouble(f"left out on purpose: {what}")
        for kind in translated.assists:
            self.assisted(kind)
        for note in _summarized(translated.notes):
            self.trouble(note)

    def _fell_back(self, target: Target) -> None:
        self._fields["fallback"] = target.instead_of
        # Those of the server that failed.
        for name in ("host", "placed"):
            self._fields.pop(name, None)
        self.trouble(f"{target.model.name} answers instead of {target.instead_of}")

    def asked_of(self, upstream: str) -> None:
        """Note the name of the server that has the model."""
        self._fields["upstream"] = upstream

    def authorized(self, key: str) -> None:
        """Note the name of the key that the request carried, "" for the proxy's own."""
        self.tracker.authorized(key)
        if key:
            self._fields["key"] = key

    def asked_by(self, caller: Caller, max_answer: int) -> None:
        """Note the class of the request, if it is one of Claude Code's, and its `max_tokens`."""
        self.tracker.asked_by(caller, max_answer)
        if caller.kind is not None:
            self._fields["class"] = caller.kind.value

    def placed(self, host: str, placed: str) -> None:
        """Note the host that the request goes to, and whether its session was there before."""
        self._fields["host"], self._fields["placed"] = host, placed

    def retried(self) -> None:
        """Note that it is sent once more, to this server or another one."""
        self._retried += 1
        self._fields["retried"] = self._retried

    def queued(self) -> None:
        """Note that Ollama is too busy to take the request."""
        self.tracker.queued()

    def taken(self) -> None:
        """Note that Ollama has taken it at last."""
        self.tracker.taken()

    def waited(self, seconds: float) -> None:
        """Note how long Ollama was too busy to take the request."""
        self.tracker.waited(seconds)
        self._fields["queued_ms"] = round(seconds * 1000)

    def assisted(self, kind: str) -> None:
        """Note that the model was helped, and with what: a key of `assist` in the configuration."""
        self._all_assists[kind] += 1
        self.tracker.assisted(kind)
        self._assists.append(kind)
        self._fields["assisted"] = ",".join(self._assists)

    def first_token(self) -> None:
        """Note when the first token came; later calls change nothing."""
        self.tracker.first_token()
        if self._first_token is None:
            self._first_token = time.monotonic()
            self._fields["first_token_ms"] = self._ms(self._first_token)

    def answered(self, answer: AnswerStream | MultiRoundAnswer) -> None:
        """Note the tokens and why the answer ended."""
        self.tracker.answered(answer)
        if self.captured is not None:
            self.captured.answered(answer)
        usage = answer.usage
        self._fields["tokens_in"] = usage.input_tokens + usage.cache_creation_input_tokens
        if answer.reused is not None:
            self._fields["tokens_reused"] = answer.reused
        self._fields["tokens_out"] = usage.output_tokens
        self._fields["stop"] = answer.stop_reason
        if usage.server_tool_use:
            self._fields["searches"] = usage.server_tool_use.web_search_requests
        for note in _summarized(answer.notes):
            self.trouble(note)
        if answer.empty:
            self.trouble("the model's answer had nothing to show")

    def answered_here(self, answer: AnswerStream) -> None:
        """Note that no model was asked."""
        self._fields["model"] = "none"
        self._outcome, self._end = "ok (a probe, answered by cc-proxy)", Outcome.PROBE
        self.answered(answer)

    def trouble(self, text: str) -> None:
        """Name something that went wrong on the way and did not end the answer."""
        self.tracker.noted(text)
        log.warning("%s %s", self._request_id, text)

    def info(self, text: str) -> None:
        """Name something that was done on the way."""
        log.info("%s %s", self._request_id, text)

    def failed(self, error: ApiError) -> None:
        """Note an error that came after the answer had begun."""
        self._outcome, self._end = "failed", Outcome.FAILED
        self.trouble(f"broke off: {error.log_text}")

    def upstream_failed(self, error: BaseException | None) -> None:
        """Note an error of the upstream, if it is one."""
        if isinstance(error, UpstreamError):
            self.tracker.upstream_failed(error)

    def _ms(self, moment: float) -> int:
        return round((moment - self._started) * 1000)


def _summarized(notes: Iterable[str]) -> list[str]:
    """Return the notes of a request, equal ones as one, and no more than `MAX_NOTES`."""
    counts = Counter(notes)
    lines = [note if count == 1 else f"{count} x {note}" for note, count in counts.items()]
    if len(lines) > MAX_NOTES:
        lines[MAX_NOTES:] = [f"{len(lines) - MAX_NOTES} further notes are left out"]
    return lines
