"""The slots of a llama-server, and which conversation has which.

Every session begins with Claude Code's own text, so that to the server each one looks like any
slot: three sessions in turn took one slot of four, and threw each other's text out (51 % of the
prompt tokens cached). With a slot for each it was 83 % (a build of October 2026).
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class SlotTable:
    """Gives each conversation a slot; who has waited longest gives his to a new one.

    `total` is the number of slots of the server.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._slots: OrderedDict[Hashable, int] = OrderedDict()
        self._busy: dict[int, int] = {}

    @contextmanager
    def slot(self, conversation: Hashable) -> Iterator[int | None]:
        """Give the slot to ask for, while an answer to `conversation` is written.

        None leaves the choice to the server: it has one slot only, or all of them are at work, or
        this conversation's is, for another request.
        """
        slot = self._choose(conversation)
        if slot is None:
            yield None
            return
        self._busy[slot] = self._busy.get(slot, 0) + 1
        try:
            yield slot
        finally:
            self._busy[slot] -= 1

    def _choose(self, conversation: Hashable) -> int | None:
        if self.total < 2:  # noqa: PLR2004 - with one slot there is no choice
            return None
        slot = self._slots.get(conversation)
        if slot is None:
            slot = self._free_slot()
            if slot is None:
                return None
            self._slots[conversation] = slot
        elif self._busy.get(slot):
            return None
        self._slots.move_to_end(conversation)
        return slot

    def _free_slot(self) -> int | None:
        """Return a slot that nobody has, or take that of who has waited longest."""
        taken = set(self._slots.values())
        unused = (slot for slot in range(self.total) if slot not in taken)
        if (slot := next(unused, None)) is not None:
            return slot
        for owner, slot in self._slots.items():
            if not self._busy.get(slot):
                del self._slots[owner]
                return slot
        return None
