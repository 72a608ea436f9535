"""The calls of an answer, put together from their parts."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from cc_proxy.app.chat.errors import UnreadableCallError
from cc_proxy.app.chat.messages import CalledFunction, ToolCall
from cc_proxy.app.upstreams.openai.completion import CallDelta, without_lone_surrogates

_TRUNCATED = "truncated"


@dataclass
class _OpenCall:
    index: int | None = None
    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    # How many parts it had when it was found not to be whole.
    tried: int = -1

    def take(self, delta: CallDelta) -> None:
        """Add a part; a server may repeat the id and the name in each."""
        self.id = self.id or delta.id or ""
        if delta.function is not None:
            self.name = self.name or delta.function.name or ""
            self.parts.append(delta.function.text)

    def is_other_than(self, delta: CallDelta) -> bool:
        """Tell if a part with the same index begins another call: it has another id."""
        return bool(self.id and delta.id and self.id != delta.id)


class CallCollector:
    """Collects calls until they are whole, and gives them back in their order.

    A call is whole when another one or text follows, or the answer ends. Its arguments are a JSON
    object then, or the call cannot be read: nothing is made up for it.
    """

    def __init__(self) -> None:
        self._open: deque[_OpenCall] = deque()
        # By index: a list of thousands is not searched for each part.
        self._latest: dict[int | None, _OpenCall] = {}

    @property
    def is_open(self) -> bool:
        """True if a call has begun that was not given back."""
        return bool(self._open)

    def take(self, deltas: Iterable[CallDelta]) -> list[ToolCall]:
        """Add the parts of an event; return the calls before those that they add to, if whole."""
        done: list[ToolCall] = []
        for delta in deltas:
            call = self._latest.get(delta.index)
            if call is None and delta.adds_nothing:
                continue
            if call is None or call.is_other_than(delta):
                done += self.take_whole()
                call = self._latest[delta.index] = _OpenCall(index=delta.index)
                self._open.append(call)
            call.take(delta)
        return done

    def finish(self, *, cut: bool = False) -> list[ToolCall]:
        """Return the calls that are open; of an answer that was `cut`, only those that are whole.

        Raises:
            UnreadableCallError: the arguments of one are not a JSON object.

        """
        done = self.take_whole(cut=cut)
        opened, self._open = self._open, deque()
        self._latest.clear()
        if opened and not cut:
            call = opened[0]
            text = "".join(call.parts)
            raise UnreadableCallError(call.name, text, is_cut=_is_cut(text))
        return done

    def take_whole(self, *, cut: bool = False) -> list[ToolCall]:
        """Return the calls at the front that are whole; they are open no more."""
        done: list[ToolCall] = []
        while self._open:
            call = self._open[0]
            if call.tried == len(call.parts) and not cut:
                break
            text = "".join(call.parts).strip()
            # The name comes first: in a cut answer, the arguments may be what is missing.
            may_be_empty = not (cut and len(self._open) == 1)
            arguments = _object(text) if text or may_be_empty else None
            if arguments is None or not call.name:
                call.tried = len(call.parts)
                break
            done.append(ToolCall(CalledFunction(call.name, msgspec.Raw(arguments)), call.id))
            self._open.popleft()
            if self._latest.get(call.index) is call:
                del self._latest[call.index]
        return done


def _object(text: str) -> bytes | None:
    """Return the JSON object that `text` is; None if it is none.

    No arguments at all are an empty object, for a tool without parameters. A string that holds an
    object was encoded once too often.
    """
    if not text:
        return b"{}"
    for written in (text.encode(), without_lone_surrogates(text.encode())):
        try:
            value = msgspec.json.decode(written)
            if not isinstance(value, str):
                return written if isinstance(value, dict) else None
            inner = value.strip().encode()
            return inner if isinstance(msgspec.json.decode(inner), dict) else None
        except (msgspec.DecodeError, RecursionError):
            continue
    return None


def _is_cut(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return _TRUNCATED in str(error)
    except RecursionError:
        return False
    return False
