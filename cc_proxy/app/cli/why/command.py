"""`cc-proxy why`."""

from collections.abc import Iterator

import click
from msgspec import to_builtins

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import FAILED, ErrorItem, Result, aligned
from cc_proxy.app.cli.top.source import connect
from cc_proxy.app.control import why_client
from cc_proxy.app.control.why import PrefixBreak, Why

NAME = "why"
_STEPS = {
    "preparing": "preparing",
    "making_room": "making room",
    "waiting": "waiting",
    "loading": "loading",
    "reading": "reading",
    "writing": "writing",
}
_SHOWN_SECONDS = 0.05


@define(NAME)
@click.argument("request", required=False, default="")
@click.option("--words", is_flag=True, help="Show the words around the byte that changed.")
def command(common: Common, *, request: str, words: bool) -> Result:
    """Show why a request was slow.

    REQUEST is the id of one of the last 200 requests, or the end of an id, as `cc-proxy top` shows
    it; without it, it is the last one that was slow. It says what was read again and which byte of
    which turn made it so, what waited for what, and what the model did. Words of the conversation
    are shown with --words only, and only while the proxy has them in memory.

    Example: cc-proxy why
    """
    source, _ = connect(common)
    state = source.state
    found = why_client.ask(state.host, state.port, source.key, request=request, words=words)
    if isinstance(found, Why):
        return Result(NAME, to_builtins(found), tuple(_lines(found, words=words)))
    item = (
        ErrorItem("no_request", found, "See the latest requests: cc-proxy top --once")
        if found
        else ErrorItem(
            "not_answering",
            f"The proxy at {state.url} does not explain a request: it is older, or busy.",
            "cc-proxy restart",
        )
    )
    return Result(NAME, errors=(item,), exit_code=FAILED)


def _lines(found: Why, *, words: bool) -> Iterator[str]:
    request = found.request
    kind = "subagent" if request.is_subagent else request.request_class
    model = f", {request.model}" if request.model else ""
    yield f"Request {request.id} ({kind}{model}): {request.state}, {request.seconds:.1f} s"
    yield ""
    yield from found.summary or ("It was fast: nothing of it took long.",)
    steps = [
        (title, f"{seconds:6.1f} s")
        for name, title in _STEPS.items()
        if (seconds := getattr(found.steps, name)) >= _SHOWN_SECONDS
    ]
    if steps:
        yield ""
        yield from aligned(steps)
    if words and found.prefix_break is not None:
        yield ""
        yield from _words(found.prefix_break)


def _words(found: PrefixBreak) -> Iterator[str]:
    if found.words_before is None or found.words_after is None:
        yield "The words are no longer in memory."
        return
    yield from aligned([("before", repr(found.words_before)), ("now", repr(found.words_after))])
