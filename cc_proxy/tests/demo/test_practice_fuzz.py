"""Whatever a client sends, the practice server answers in Ollama's way: it never breaks."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cc_proxy.app.practice.model import fit
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.play import replies
from cc_proxy.app.practice.play.scripts import Player
from cc_proxy.app.practice.play.steps import DoneReason, Say
from cc_proxy.app.practice.requests.decoding import decode, read_chat
from cc_proxy.app.practice.requests.options import read_options
from cc_proxy.app.practice.wire import WireError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def some(**fields: Any) -> Any:
    """Return objects that have some of the fields, each mostly of the right type."""
    mostly = {name: st.one_of(*[right] * 8, ANYTHING) for name, right in fields.items()}
    return st.fixed_dictionaries({}, optional=mostly)


CALL = some(function=some(name=st.text(max_size=4), arguments=ANYTHING), id=st.text(max_size=4))
SCRIPT = st.builds(
    lambda inner: f"[practice: {json.dumps(inner)}]",
    st.lists(some(text=st.text(max_size=5), calls=st.lists(CALL), times=st.integers()), max_size=2),
)
MESSAGE = some(
    role=st.sampled_from(["user", "assistant", "tool", "system", "developer"]),
    content=st.text(max_size=20) | SCRIPT,
    thinking=st.text(max_size=5),
    images=st.lists(st.text(max_size=5), max_size=2),
    tool_calls=st.lists(CALL, max_size=2),
)
SCHEMA = some(
    type=st.sampled_from(["object", "string", "array"]),
    properties=st.dictionaries(st.text(max_size=3), some(type=st.text(max_size=3))),
    required=st.lists(st.text(max_size=3), max_size=2),
)
TOOL = some(function=some(name=st.text(max_size=4), parameters=SCHEMA))
BODY = some(
    model=st.just("practice"),
    messages=st.lists(MESSAGE, max_size=4),
    tools=st.lists(TOOL, max_size=2),
    options=some(num_ctx=st.integers(), num_predict=FLOATS, stop=st.lists(st.text())),
    format=SCHEMA | st.just("json"),
    keep_alive=st.text(max_size=4),
    truncate=st.booleans(),
)
MODELS = st.sampled_from([PracticeModel("a", thinking=True), PracticeModel("b", style="jinja")])


def outcome(body: bytes, model: PracticeModel) -> int:
    """Return the status of the answer; an accepted request is rendered and answered."""
    try:
        request = read_chat(decode(body, "ChatRequest"))
        options = read_options(request.options, of_model={}, most=model.context)
        prompt = fit.fitted(request, model, options.num_ctx)
        parts = replies.reply(request, Player())
    except WireError as error:
        return error.status if error.text else 0
    assert len(prompt) <= max(options.num_ctx, 16) * 4
    assert isinstance(parts, tuple)
    return 200


@given(BODY, MODELS)
def test_any_body_is_answered_or_refused(body: dict[str, Any], model: PracticeModel) -> None:
    assert outcome(json.dumps(body).encode(), model) in (200, 400, 500)


@given(st.binary(max_size=40), MODELS)
def test_any_bytes_are_answered_or_refused(body: bytes, model: PracticeModel) -> None:
    assert outcome(body, model) in (200, 400)


@given(st.lists(st.sampled_from(["text", "done_reason"]), max_size=3), st.integers(1, 3))
def test_a_turn_plays_its_parts_in_their_order(kinds: list[str], times: int) -> None:
    turn = [{kind: str(place)} for place, kind in enumerate(kinds)]
    prompt = f"[practice: {json.dumps([turn])}]"
    body = {"model": "a", "messages": [{"role": "user", "content": prompt}]}
    request = read_chat(decode(json.dumps(body).encode(), "ChatRequest"))
    expected = [
        Say("text", str(place)) if kind == "text" else DoneReason(str(place))
        for place, kind in enumerate(kinds)
    ]
    player = Player()
    for _ in range(times):
        assert list(replies.reply(request, player)) == expected
