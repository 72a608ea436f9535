"""Each conversation keeps its slot; the one that has waited longest gives it up."""

from contextlib import ExitStack, suppress

from cc_proxy.app.upstreams.openai.slots import SlotTable


def used(table: SlotTable, *conversations: str) -> list[int | None]:
    slots = []
    for conversation in conversations:
        with table.slot(conversation) as slot:
            slots.append(slot)
    return slots


def test_conversations_in_turn_keep_their_slots() -> None:
    assert used(SlotTable(4), "a", "b", "c", "a", "b", "c") == [0, 1, 2, 0, 1, 2]


def test_the_one_that_waited_longest_gives_its_slot() -> None:
    assert used(SlotTable(2), "a", "b", "a", "c", "a", "b") == [0, 1, 0, 1, 0, 1]


def test_a_slot_at_work_is_not_taken() -> None:
    table = SlotTable(2)
    with ExitStack() as stack:
        assert stack.enter_context(table.slot("a")) == 0
        assert used(table, "b", "c", "a") == [1, 1, None]
        assert stack.enter_context(table.slot("d")) == 1
        assert used(table, "e") == [None]
    assert used(table, "e", "d") == [0, 1]


def test_one_slot_is_the_servers_own_choice() -> None:
    assert used(SlotTable(1), "a", "b") == [None, None]


def test_a_slot_is_free_again_after_an_error() -> None:
    table = SlotTable(2)
    with suppress(ZeroDivisionError), table.slot("a") as slot:
        assert 1 // (slot or 0) == 0
    assert used(table, "a") == [0]
