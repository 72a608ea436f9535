"""The contract has a row for each name of the SDK's types, and none for a name that is gone."""

from collections.abc import Callable

import pytest

from cc_proxy.app.anthropic.contract import CONTRACT, NameKind

from . import sdk_types

NAMES: dict[NameKind, Callable[[], set[str]]] = {
    NameKind.FIELD: sdk_types.request_fields,
    NameKind.TURN: sdk_types.message_fields,
    NameKind.BLOCK: sdk_types.request_blocks,
    NameKind.TOOL: sdk_types.tools,
    NameKind.EVENT: sdk_types.stream_events,
    NameKind.DELTA: sdk_types.deltas,
    NameKind.ANSWER_BLOCK: sdk_types.answer_blocks,
    NameKind.STOP_REASON: sdk_types.stop_reasons,
}


@pytest.mark.parametrize("kind", NameKind, ids=lambda kind: kind.name)
def test_the_rows_are_the_names_of_the_sdk(kind: NameKind) -> None:
    names = NAMES[kind]()
    rows = {row.name for row in CONTRACT if row.kind is kind and not row.outside_sdk}
    assert not names - rows, f"{kind.value}: the SDK has these, and the contract has no row"
    assert not rows - names, f"{kind.value}: the contract has these, and the SDK does not"


def test_what_the_sdk_has_is_not_marked_as_outside() -> None:
    outside = [row for row in CONTRACT if row.outside_sdk]
    assert not [row for row in outside if row.name in NAMES[row.kind]()]


def test_a_name_has_one_row() -> None:
    keys = [(row.kind, row.name) for row in CONTRACT]
    assert len(keys) == len(set(keys))
