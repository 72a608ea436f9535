"""A request with the API's web search tool: the model and the search provider, in turns."""

import secrets
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import msgspec

from cc_proxy.app.anthropic import events as ev
from cc_proxy.app.anthropic.requests import MessagesRequest, ToolChoice
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.answer.request_log import RequestLog
from cc_proxy.app.gateway.answer.rounds import Events, UpstreamRequest, new_answer, stream_round
from cc_proxy.app.gateway.context import Shared
from cc_proxy.app.gateway.scheduling.failover import Place
from cc_proxy.app.gateway.scheduling.slot_keeper import PromptAsk
from cc_proxy.app.search.client import SearchError
from cc_proxy.app.translate.answer.stream import AnswerStream
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.app.translate.web_search.multi_round import MultiRoundAnswer, SearchCall
from cc_proxy.app.translate.web_search.offer import (
    MAX_QUERY_CHARS,
    Offer,
    query_in,
    query_of_side_request,
)
from cc_proxy.app.translate.web_search.search_results import result_blocks

# What one search may add to the prompt: on a small machine a thousand tokens take seconds.
MAX_RESULT_CHARS: Final = 20_000
# About a quarter of the window, at three characters a token.
_CHARS_PER_WINDOW_TOKEN: Final = 0.75


@dataclass
class WebSearch:
    """Answers one request in rounds; `answer` is what the client sees of it.

    `first` is the request translated as it came.
    """

    shared: Shared
    target: Target
    asked: MessagesRequest
    offer: Offer
    first: TranslatedRequest
    record: RequestLog
    ask: PromptAsk
    place: Place
    message_id: str

    def __post_init__(self) -> None:
        self.answer = MultiRoundAnswer(self._new_answer(self.first))
        self._left = self.offer.search.most_searches
        self._refused = False
        self._last_chance = False

    async def events(self) -> Events:
        """Yield the events of the whole answer, of all rounds and of the searches between them.

        Raises:
            UpstreamError: Ollama failed in one of the rounds.

        """
        query = self._known_query()
        events = self._known_search(query) if query else self._round(self.first)
        while True:
            async with aclosing(events) as batches:
                async for batch in batches:
                    yield batch
            if end := self._end():
                yield end
                return
            events = self._round(self._next_round())

    async def _known_search(self, query: str) -> Events:
        # The order is clear: asking a small model to make the call would cost a round, and it
        # may well answer from memory instead.
        yield self.answer.search("srvtoolu_" + secrets.token_hex(12), query)
        for call in self.answer.calls:
            yield self.answer.searched(call, await self._search(call))

    async def _round(self, translated: TranslatedRequest) -> Events:
        self._last_chance = self._refused
        asking = UpstreamRequest(
            self.place.lane.upstream.encode(translated.request, self.target),
            translated.prompt,
        )
        async with aclosing(
            stream_round(self.ask, asking, self.answer, self.record, self.shared.tokens)
        ) as batches:
            async for batch in batches:
                yield batch
        for call in self.answer.calls:
            yield self.answer.searched(call, await self._search(call))

    def _end(self) -> list[ev.Event]:
        """Return the end of the answer, nothing when another round is to follow."""
        missing = self.shared.search.missing
        if not self.answer.goes_on:
            return self.answer.end()
        if missing and self.offer.alone:
            text = f"[cc-proxy: the web cannot be searched. {missing}]"
        elif self._last_chance:
            most = self.offer.search.most_searches
            text = f"[cc-proxy: after {most} searches the model wanted more, and gave no answer.]"
        else:
            return []
        return self.answer.say(text) + self.answer.end("end_turn")

    def _known_query(self) -> str | None:
        choice = self.asked.tool_choice
        if not self.offer.alone or (choice and choice.type == "none"):
            return None
        return query_of_side_request(self.asked)

    async def _search(self, call: SearchCall) -> list[ev.WebSearchResult] | ev.WebSearchError:
        if self._left <= 0:
            self._refused = True
            return ev.WebSearchError("max_uses_exceeded")
        # A call that cannot be searched counts too, or a confused model would never end.
        self._left -= 1
        query = query_in(call.arguments.encode())
        if query is None:
            return ev.WebSearchError("invalid_tool_input")
        if len(query) > MAX_QUERY_CHARS:
            return ev.WebSearchError("query_too_long")
        try:
            found = await self.shared.search.search(query, self.offer.search)
        except SearchError as error:
            self.record.trouble(error.log_text)
            return ev.WebSearchError(error.error_code)
        room = round(self.target.window * _CHARS_PER_WINDOW_TOKEN)
        return result_blocks(found, min(MAX_RESULT_CHARS, room))

    def _next_round(self) -> TranslatedRequest:
        """Translate the request again, with the answer so far as a client would send it back.

        So what the model reads now is a prefix of what it reads when the client goes on.
        """
        if written := self.answer.written():
            self.shared.turns.remember(written)
        asked = self.asked
        choice = asked.tool_choice
        if choice and choice.type in ("any", "tool"):
            # What was demanded has been done.
            choice = ToolChoice("auto", disable_parallel_tool_use=choice.disable_parallel_tool_use)
        asked = msgspec.structs.replace(
            asked,
            messages=[*asked.messages, self.answer.message()],
            tool_choice=choice,
            max_tokens=max(1, (asked.max_tokens or 1) - self.answer.tokens_out),
        )
        counts = self.first.rules.thinking_counts
        translated = chat_request(asked, self.target, self.shared.turns.recall, counts)
        self.answer.begin(self._new_answer(translated))
        return translated

    def _new_answer(self, translated: TranslatedRequest) -> AnswerStream:
        tokens = self.shared.tokens
        estimate = tokens.estimate(translated.prompt)
        return new_answer(self.asked.model, translated, tokens, estimate.tokens, self.message_id)
