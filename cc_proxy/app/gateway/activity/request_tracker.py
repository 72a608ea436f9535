"""The calls by which the path of one request feeds the model of what goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from cc_proxy.app.anthropic.requests import DiagnosticsRequest
from cc_proxy.app.chat.answer import ChatAnswer, OpenAnswer
from cc_proxy.app.chat.encoded import EncodedRequest
from cc_proxy.app.chat.target import Target
from cc_proxy.app.claude_needs import compacts_at
from cc_proxy.app.config import durations
from cc_proxy.app.config.errors import RefusedValueError
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.gateway.activity.folder import folder_name
from cc_proxy.app.gateway.activity.prompt_memory import diagnostics_of
from cc_proxy.app.gateway.activity.tracked import CallCounts, Counts, Outcome
from cc_proxy.app.gateway.activity.tracker import MAX_NAME, ActivityTracker
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.gateway.scheduling.queue import Ask
from cc_proxy.app.gateway.scheduling.slot_keeper import PromptAsk
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.request.build import TranslatedRequest
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer

if TYPE_CHECKING:
    from cc_proxy.app.anthropic.events import Diagnostics

MAX_NOTES = 20
# In characters. What follows in a longer one is in the log.
MAX_NOTE = 200


class RequestTracker:
    """Follows one request; without an `activity` nobody looks at it."""

    def __init__(self, request_id: str, activity: ActivityTracker | None = None) -> None:
        self._activity = activity or ActivityTracker()
        self._request = self._activity.begin(request_id)
        self._prompt: Prompt | None = None
        self._diagnostics: Diagnostics | UnsetType | None = UNSET
        self._max_answer: int | None = None

    def authorized(self, key: str) -> None:
        """Note the name of the key that the request carried."""
        self._request.key = key

    def asked_by(self, caller: Caller, max_answer: int) -> None:
        """Note the session and the class of the request, and the most tokens of its answer."""
        request = self._request
        request.session = caller.session[:MAX_NAME]
        request.agent = caller.agent[:MAX_NAME]
        request.is_side = caller.side
        if caller.kind is not None:
            request.request_class = caller.kind.value
            self._max_answer = max_answer
        self._activity.sessions.of(request, request.arrived)

    def asks_for(self, asked: DiagnosticsRequest | None, prompt: Prompt) -> None:
        """Note which earlier answer the client compares its prompt with; None: with none."""
        if asked is not None:
            self._diagnostics = None
            if asked.previous_message_id is not None:
                history = self._activity.prompts.since(
                    asked.previous_message_id, prompt, self._request.key
                )
                self._diagnostics = diagnostics_of(history)

    def translated(self, target: Target, translated: TranslatedRequest, prompt_tokens: int) -> None:
        """Note the model that answers, and the estimate of the prompt in tokens."""
        request = self._request
        request.model, request.upstream = target.model.name[:MAX_NAME], target.upstream
        request.window = target.window
        request.keep_seconds = _seconds(target.keep_alive)
        request.prompt_tokens = prompt_tokens
        request.history = self._activity.prompts.take(request, translated.prompt)
        session = self._activity.sessions.of(request, request.arrived)
        if session is None:
            return
        if not (request.agent or request.is_side) or not session.model:
            session.model, session.window = request.model, request.window
            if self._max_answer is not None:
                session.compacts_at = compacts_at(request.window, self._max_answer)
        if not session.folder:
            messages = translated.request.messages[:2]
            texts = (one.content for one in messages if isinstance(one.content, str))
            session.folder = folder_name(texts)

    def writes_with(self, answer: AnswerStream | MultiRoundAnswer) -> None:
        """Note where the words of the answer are counted, and its id.

        The answer gets the diagnostics that the client asked for.
        """
        if self._diagnostics is not UNSET:
            answer.diagnose(self._diagnostics)
        self._request.count_words = lambda: answer.chunks
        self._activity.prompts.answered(self._request, answer.message_id)

    def placing(self, ask: PromptAsk) -> PromptAsk:
        """Return an `ask` that notes the prompt that it is about to find a place for."""

        def asks(request: EncodedRequest, prompt: Prompt) -> OpenAnswer:
            self._prompt = prompt
            self._activity.placed(self._request)
            return ask(request, prompt)

        return asks

    def sending(self, ask: Ask) -> Ask:
        """Return an `ask` that notes when the prompt is sent, and when it is answered."""

        @asynccontextmanager
        async def asks(request: EncodedRequest) -> AsyncIterator[ChatAnswer]:
            self._activity.sent(self._request, self._prompt.kept if self._prompt else None)
            try:
                async with ask(request) as answer:
                    del request  # it may be megabytes, and an answer can take an hour
                    yield answer
            finally:
                self._activity.left(self._request)

        return asks

    def queued(self) -> None:
        """Note that the upstream takes no more requests."""
        self._activity.queued(self._request)

    def taken(self) -> None:
        """Note that the upstream has taken the request out of the queue."""
        self._activity.taken(self._request)

    def waited(self, seconds: float) -> None:
        """Note how long it stood in the queue."""
        self._request.queued_seconds += seconds

    def first_token(self) -> None:
        """Note that the model writes; within a round only the first call changes anything."""
        if self._request.writes is None:
            self._activity.writes(self._request)

    def answered(self, answer: AnswerStream | MultiRoundAnswer) -> None:
        """Note what the answer came to."""
        usage, request = answer.usage, self._request
        prompt = usage.input_tokens + usage.cache_creation_input_tokens
        prompt += usage.cache_read_input_tokens
        request.counts = Counts(prompt, answer.reused, usage.output_tokens)
        request.stop_reason = answer.stop_reason
        if self._prompt is not None:
            request.worked_seconds = self._prompt.worked or request.worked_seconds
            request.load_seconds = self._prompt.loading
        request.calls = CallCounts(*answer.call_counts)

    def assisted(self, kind: str) -> None:
        """Note help that the model got, by its key in the configuration."""
        self._request.assists += (kind,)

    def noted(self, text: str) -> None:
        """Note what the log says of the request."""
        if len(self._request.notes) < MAX_NOTES:
            self._request.notes.append(text[:MAX_NOTE])

    def upstream_failed(self, error: CcProxyError) -> None:
        """Note an error of the upstream, by its code."""
        self._request.error = error.code

    def end(self, outcome: Outcome) -> None:
        """Note the end of the request."""
        self._activity.end(self._request, outcome)


def _seconds(keep_alive: str) -> float | None:
    try:
        return durations.seconds(keep_alive)
    except RefusedValueError:  # for ever, or as Ollama's own configuration says
        return None
