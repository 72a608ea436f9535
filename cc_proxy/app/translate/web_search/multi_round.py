"""An answer with web searches in it: several rounds of the model, told as one message.

In a round the model answers, or calls for searches. Whoever runs the request runs these, gives
what they found to `searched`, and begins the next round. Blocks are numbered through, calls of
the search tool become the server's own, and only the last round's end is the answer's end.
"""

from dataclasses import dataclass

import msgspec

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.anthropic.requests import Message
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.translate.answer.blocks import State
from cc_proxy.app.translate.answer.collector import AnswerCollector
from cc_proxy.app.translate.answer.parts import Parts
from cc_proxy.app.translate.answer.retry.second_try import RetryReason
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.prompt.turns import WrittenTurn
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.rescue import RescuedCall
from cc_proxy.app.translate.web_search.offer import NAME

_CLIENT_PREFIX = "toolu_"
_SERVER_PREFIX = "srvtoolu_"


@dataclass
class SearchCall:
    """A call of the search tool, its arguments as JSON text."""

    id: str
    arguments: str = ""


class MultiRoundAnswer:
    """Translates an answer round by round; pure, as its rounds are.

    `calls` are the searches that the current round wants; `stop_reason` is set with the end.
    """

    def __init__(self, first: AnswerStream) -> None:
        self.calls: list[SearchCall] = []
        self.stop_reason: str | None = None
        self._round = first
        self._whole = AnswerCollector()
        self._started = False
        self._ended = False
        self._calls_client = False
        self._open: SearchCall | None = None
        self._end_of_round = ev.StopDelta()
        self._offset = 0
        self._blocks = 0
        self._searches = 0
        self._tokens_before = 0
        self._chunks_before = 0
        self._calls_before = (0, 0, 0)
        self._notes: list[str] = []

    @property
    def state(self) -> State:
        """The state of the current round."""
        return self._round.state

    @property
    def stopped_early(self) -> bool:
        """Return whether the round ended before the model did."""
        return self._round.stopped_early

    @property
    def rules(self) -> AnswerRules:
        """The request's demands on the round."""
        return self._round.rules

    @property
    def is_extra_try(self) -> bool:
        """Return whether the round was whole, and only the step that it announced is asked for."""
        return self._round.is_extra_try

    @property
    def wants(self) -> RetryReason | None:
        """The reason to ask for the round again."""
        return self._round.wants

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self._round.message_id

    @property
    def has_started(self) -> bool:
        """Return whether the first event was given."""
        return self._round.has_started

    def diagnose(self, diagnostics: ev.Diagnostics | None) -> None:
        """Give the first event what the client asked for: where the prompt parts from another."""
        self._round.diagnose(diagnostics)

    @property
    def may_vanish(self) -> bool:
        """Return whether nothing of the round has come yet that could be shown."""
        return self._round.may_vanish

    @property
    def has_calls(self) -> bool:
        """Return whether the round has made a call."""
        return self._round.has_calls

    @property
    def chunks(self) -> int:
        """The chunks that the model has sent in all rounds: about as many tokens."""
        return self._chunks_before + self._round.chunks

    @property
    def call_counts(self) -> tuple[int, int, int]:
        """The number of calls, of those read from text, and of those that were changed."""
        calls, rescued, repaired = self._calls_before
        of_all, of_rescued, of_repaired = self._round.call_counts
        return calls + of_all, rescued + of_rescued, repaired + of_repaired

    @property
    def said(self) -> tuple[str, str]:
        """The text and the thinking of the round."""
        return self._round.said

    @property
    def reused(self) -> int | None:
        """The number of tokens of the last prompt from the cache; None if unknown."""
        return self._round.reused

    @property
    def usage(self) -> ev.Usage:
        """The tokens: in, the last round's, which hold all earlier ones; out, of all rounds."""
        return msgspec.structs.replace(
            self._round.usage,
            output_tokens=self.tokens_out,
            server_tool_use=ev.ServerToolUsage(web_search_requests=self._searches),
        )

    @property
    def tokens_out(self) -> int:
        """The tokens that the model wrote so far, in all rounds."""
        return self._tokens_before + self._round.usage.output_tokens

    @property
    def notes(self) -> list[str]:
        """The changes made to the answer, for the log."""
        return self._notes + self._round.notes

    @property
    def empty(self) -> bool:
        """Return whether the last round had nothing to show."""
        return self._round.empty

    @property
    def goes_on(self) -> bool:
        """Return whether another round follows once the searches of this one are done."""
        # A call of the client's own tool ends the answer, and so does a limit.
        ends = self._calls_client or self._round.stop_reason not in (None, "tool_use")
        return bool(self.calls) and not ends

    def start(self) -> list[ev.Event]:
        """Return the first event; nothing when it was given before."""
        return self._shown(self._round.start())

    def parts(self, chunks: list[ChatChunk]) -> Parts:
        """Yield the events for chunks that came together, but not the round's end."""
        return map(self._shown, self._round.parts(chunks))

    def begin_again(self, reason: RetryReason) -> list[ev.Event]:
        """Prepare for the same round once more."""
        return self._shown(self._round.begin_again(reason))

    def finish_with(self, calls: list[RescuedCall]) -> Parts:
        """Yield the end of a round whose calls were read from an error."""
        return map(self._shown, self._round.finish_with(calls))

    def finish_cut(self) -> Parts:
        """Yield the end of a round that the limit of its length has cut in a call."""
        return map(self._shown, self._round.finish_cut())

    def give_up(self, why: str) -> list[ev.Event]:
        """Return the end of a round that did not come, with `why` in cc-proxy's own words."""
        return self._shown(self._round.give_up(why))

    def search(self, call_id: str, query: str) -> list[ev.Event]:
        """Return the events of a search that the model need not be asked to call for."""
        call = SearchCall(call_id, msgspec.json.encode({"query": query}).decode())
        self.calls.append(call)
        block = ev.ServerToolUseBlock(id=call.id, name=NAME)
        return self.start() + self._block(block, ev.InputJsonDelta(call.arguments))

    def searched(
        self, call: SearchCall, content: list[ev.WebSearchResult] | ev.WebSearchError
    ) -> list[ev.Event]:
        """Return the events that show what a search found, or why it did not."""
        if isinstance(content, list):
            self._searches += 1
        return self._block(ev.WebSearchResultBlock(call.id, content))

    def say(self, text: str) -> list[ev.Event]:
        """Return the events of a text of ours, between rounds."""
        return self._block(ev.TextBlock(), ev.TextDelta(text))

    def message(self) -> Message:
        """Return the answer so far as a client would send it back."""
        return msgspec.json.decode(self._whole.encode(), type=Message)

    def written(self) -> WrittenTurn | None:
        """Return the round as the model wrote it, under the ids that the client got."""
        turn = self._round.written()
        if turn is None:
            return None
        calls = [
            msgspec.structs.replace(call, id=_server_id(call.id))
            if call.function.name == NAME
            else call
            for call in turn.calls
        ]
        return WrittenTurn(turn.content, turn.thinking, tuple(calls))

    def begin(self, stream: AnswerStream) -> None:
        """Let the next round follow."""
        self._tokens_before = self.tokens_out
        self._chunks_before = self.chunks
        self._calls_before = self.call_counts
        self._notes = self.notes
        self._round = stream
        self._offset = self._blocks
        self._calls_client = False
        self.calls = []

    def end(self, stop_reason: str | None = None) -> list[ev.Event]:
        """Return the end of the answer, for its own reason or the last round's."""
        self.stop_reason = stop_reason or self._round.stop_reason
        self._ended = True
        delta = self._end_of_round if stop_reason is None else ev.StopDelta(stop_reason)
        return [ev.MessageDelta(delta, self.usage), ev.MessageStop()]

    def keep_alive(self) -> list[ev.Event]:
        """Return an event that adds nothing and resets the client's idle clock."""
        if self._ended or not self._started:
            return []
        if self.state in (State.TEXT, State.THINKING):
            return [self._moved(event) for event in self._round.keep_alive()]
        return [ev.MessageDelta(ev.StopDelta(), self.usage)]

    def fail(self, error: ApiError) -> Parts:
        """Yield the end of an answer that broke."""
        if self._ended:
            return
        self._ended = True
        if self.state is State.ENDED:
            # Between two rounds the last one has ended, and has no more to say.
            yield [ev.ErrorEvent(ev.ErrorDetail(error.error_type, error.message))]
        yield from map(self._shown, self._round.fail(error))

    def _shown(self, events: list[ev.Event]) -> list[ev.Event]:
        out: list[ev.Event] = []
        for event in events:
            match event:
                case ev.MessageStart():
                    if self._started:
                        continue
                    self._started = True
                case ev.MessageDelta(delta):
                    self._end_of_round = delta
                    continue
                case ev.MessageStop():
                    continue
                case ev.ErrorEvent():
                    out.append(event)
                    continue
            out.append(self._added(self._moved(event)))
        return out

    def _moved(self, event: ev.Event) -> ev.Event:
        """Return an event of the round as one of the answer."""
        match event:
            case ev.ContentBlockStart(index, ev.ToolUseBlock(call_id, name)) if name == NAME:
                self._open = SearchCall(_server_id(call_id))
                self.calls.append(self._open)
                call = ev.ServerToolUseBlock(id=self._open.id, name=name)
                return ev.ContentBlockStart(index + self._offset, call)
            case ev.ContentBlockStart(index, block):
                self._calls_client = self._calls_client or isinstance(block, ev.ToolUseBlock)
                return ev.ContentBlockStart(index + self._offset, block)
            case ev.ContentBlockDelta(index, delta):
                if self._open is not None and isinstance(delta, ev.InputJsonDelta):
                    self._open.arguments += delta.partial_json
                return ev.ContentBlockDelta(index + self._offset, delta)
            case ev.ContentBlockStop(index):
                self._open = None
                return ev.ContentBlockStop(index + self._offset)
        return event

    def _added(self, event: ev.Event) -> ev.Event:
        if isinstance(event, ev.ContentBlockStart):
            self._blocks += 1
        self._whole.add(event)
        return event

    def _block(
        self, block: ev.ContentBlock, *deltas: ev.TextDelta | ev.InputJsonDelta
    ) -> list[ev.Event]:
        index = self._blocks
        events: list[ev.Event] = [
            ev.ContentBlockStart(index, block),
            *(ev.ContentBlockDelta(index, delta) for delta in deltas),
            ev.ContentBlockStop(index),
        ]
        return [self._added(event) for event in events]


def _server_id(call_id: str) -> str:
    return _SERVER_PREFIX + call_id.removeprefix(_CLIENT_PREFIX)
