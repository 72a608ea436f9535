"""The model's text, split into text for the client and calls that were written in it."""

from collections.abc import Iterator

from cc_proxy.app.translate.answer.quiet import Wakers
from cc_proxy.app.translate.answer.stops import StopFinder
from cc_proxy.app.translate.request.rules import AnswerRules
from cc_proxy.app.translate.request.tools import forced
from cc_proxy.app.translate.rescue import Piece, Rescue, RescuedCall


class WrittenText:
    """Reads the text of one answer by the rules of its request.

    `stopped_by` is the stop sequence that has ended the answer, None while none has.
    """

    def __init__(self, rules: AnswerRules) -> None:
        self._must_call = rules.must_call
        self._demanded: list[str] = []
        self._tools = rules.tools if rules.may_call and not rules.must_call else {}
        self._read = rules.read
        self._call_formats = rules.call_formats
        self._rescue = Rescue(self._tools, self._read, self._call_formats)
        self._stops = StopFinder(rules.stop_sequences)
        self._looks_for_more = bool(rules.must_call or rules.stop_sequences)

    @property
    def stopped_by(self) -> str | None:
        """The stop sequence that was found."""
        return self._stops.found

    @property
    def invented(self) -> bool:
        """Return whether text was dropped that the model wrote in the name of a tool or user."""
        return self._rescue.invented

    @property
    def wakers(self) -> Wakers:
        """The characters that need processing in the next text; the rest may pass, noted later."""
        return None if self._looks_for_more else self._rescue.wakers

    def note(self, text: str) -> None:
        """Note text that has passed."""
        self._rescue.note(text)

    def feed(self, text: str) -> list[Piece]:
        """Return what is certain by now."""
        if self._must_call:
            self._demanded.append(text)
            return []
        return self._until_stop(self._rescue.feed(text))

    @property
    def is_behind(self) -> bool:
        """Return whether more is certain without more text: `go_on` returns it."""
        return self._rescue.is_behind

    def go_on(self) -> list[Piece]:
        """Work on for a moment; return what is certain by now."""
        return self._until_stop(self._rescue.go_on())

    def interrupted(self) -> Iterator[list[Piece]]:
        """Yield what was held back, as something else of the answer comes after it."""
        if self._must_call:
            return
        yield from self._held_back(cut=False)
        self._rescue = Rescue(self._tools, self._read, self._call_formats)

    def finish(self, *, cut: bool = False) -> Iterator[list[Piece]]:
        """Yield what was held back; `cut`: the answer ended because it became too long."""
        if self._must_call:
            text = "".join(self._demanded)
            self._demanded.clear()
            call = forced.read(text, self._must_call)
            if call is not None:
                yield [RescuedCall(call.name, bytes(call.arguments), "tool_choice")]
            elif text:
                yield [text]
            return
        yield from self._held_back(cut=cut)

    def _held_back(self, *, cut: bool) -> Iterator[list[Piece]]:
        for pieces in self._rescue.finish_in_parts(cut=cut):
            yield self._until_stop(pieces)
        if rest := self._stops.finish():
            yield [rest]

    def _until_stop(self, pieces: list[Piece]) -> list[Piece]:
        done: list[Piece] = []
        for piece in pieces:
            if self._stops.found is not None:
                break
            if isinstance(piece, RescuedCall):
                held = self._stops.finish()
                done += [held, piece] if held else [piece]
            elif text := self._stops.feed(piece):
                done.append(text)
        return done
