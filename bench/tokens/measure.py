# ruff: noqa: INP001 - a script beside its modules, run from this folder
"""Measure the token counter against real tokenizers: tables on stdout, as in RESULTS.md.

`measure.py --record` writes the counts that the tests of the suite compare with.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import corpus
import vocabularies
from sessions import JSON_INDENTS, TEMPLATES, TURNS, Session, rendered, sessions, spoken

from cc_proxy.app.chat.messages import ChatChunk, ChatMessage
from cc_proxy.app.gateway.tokens.counter import TokenCounter
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.prompt.tokens import Digits, estimate_tokens

DIGITS = {
    "qwen": Digits.ONE_BY_ONE,
    "mistral": Digits.ONE_BY_ONE,
    "gemma3": Digits.ONE_BY_ONE,
    "llama3": Digits.IN_GROUPS,
    "deepseek": Digits.IN_GROUPS,
    "gpt-oss": Digits.IN_GROUPS,
}
RECORDED = Path(__file__).parents[2] / "cc_proxy/tests/translate/token_counts.json"
_FIRST_TURNS = (1, 2, 3)


def main() -> None:
    """Measure, or record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the fixture of the tests")
    count = vocabularies.load()
    if parser.parse_args().record:
        record(count)
        return
    texts = corpus.texts()
    table("Error of a text's weight, the vocabulary's family known", weights(texts, count, DIGITS))
    table("The same, nothing known about the vocabulary", weights(texts, count, {}))
    title = "Error of a prompt's estimate, the largest of all tokenizers"
    for template in TEMPLATES:
        table(f"{title}, template: {template}", errors(texts, count, template, DIGITS))
    table(f"{title}, template: go, family not known", errors(texts, count, "go", {}))
    table("Time, the best of five", speeds(texts))


def weights(
    texts: dict[str, list[str]], count: dict[str, vocabularies.Count], digits: dict[str, Digits]
) -> Iterable[list[str]]:
    """Yield a row for each kind of text: the error in percent for each tokenizer."""
    yield ["text", *count]
    for kind, pieces in texts.items():
        row = [kind]
        for name, real in count.items():
            tokens = sum(map(real, pieces))
            weight = sum(
                estimate_tokens(piece, digits.get(name, Digits.UNKNOWN)) for piece in pieces
            )
            row.append(f"{100 * (weight / tokens - 1):+.1f}")
        yield row


@dataclass(frozen=True)
class Model:
    """A tokenizer behind a template."""

    name: str
    count: vocabularies.Count
    template: str
    digits: Digits


def errors(
    texts: dict[str, list[str]],
    count: dict[str, vocabularies.Count],
    template: str,
    digits: dict[str, Digits],
) -> Iterable[list[str]]:
    """Yield a row for each session: the worst error in percent at some of its turns."""
    later = f"turns 4 to {TURNS}"
    yield ["session", *(f"turn {turn}" for turn in _FIRST_TURNS), later, "second session"]
    for place in range(len(list(sessions(texts)))):
        worst: dict[int, float] = {}
        again = 0.0
        for name, real in count.items():
            model = Model(name, real, template, digits.get(name, Digits.UNKNOWN))
            counter = TokenCounter()
            session, turns = list(sessions(texts))[place]
            for turn, error in enumerate(play(counter, session, turns, model), 1):
                worst[turn] = max(worst.get(turn, 0.0), error)
            other, _ = list(sessions(texts))[place]
            other.said[0] = ChatMessage(role="user", content=texts["english"][8][:1500])
            again = max(again, *play(counter, other, [], model))
        after = max(error for turn, error in worst.items() if turn not in _FIRST_TURNS)
        shown = [*(worst[turn] for turn in _FIRST_TURNS), after, again]
        yield [session.name, *(f"{100 * error:.1f}" for error in shown)]


def play(
    counter: TokenCounter, session: Session, turns: list[list[ChatMessage]], model: Model
) -> Iterator[float]:
    """Yield the error of each turn's estimate before its count is known."""
    for added in [*turns, []]:
        indent = JSON_INDENTS[model.template]
        prompt = Prompt(model.name, session.tool_bytes, session.messages, model.digits, indent)
        tokens = model.count(rendered(session, model.template))
        yield abs(counter.estimate(prompt).tokens / tokens - 1)
        answer = model.count(spoken(added[0])) if added else 0
        counter.learned(prompt, ChatChunk(prompt_eval_count=tokens, eval_count=answer))
        session.said += added


def speeds(texts: dict[str, list[str]]) -> Iterable[list[str]]:
    """Yield a row for each operation on about 2 MB: milliseconds."""
    yield ["operation", "ms"]
    mixed = "".join("".join(texts[kind]) for kind in ("python", "english", "json")) * 6
    turns = [
        ChatMessage(role="user", content=mixed[n : n + 10_000]) for n in range(0, len(mixed), 10**4)
    ]
    size = f"{len(mixed) / 1e6:.1f} MB"
    counter = TokenCounter()

    def prompt() -> Prompt:
        return Prompt("model", b"", turns)

    def chained() -> Prompt:
        fresh = prompt()
        _ = fresh.parts
        return fresh

    end = ChatChunk(prompt_eval_count=500_000)
    yield [f"weigh one text of {size}", best(lambda: estimate_tokens(mixed))]
    yield [f"hash the chain of a prompt of {size}", best(chained)]
    whole = prompt()
    yield [
        f"estimate a prompt of {size}, nothing known, chain included",
        best(lambda: TokenCounter().estimate(prompt())),
    ]
    counter.learned(whole, end)
    yield [
        f"estimate a prompt of {size}, the last one known but for the end, chain included",
        best(lambda: counter.estimate(prompt())),
    ]
    yield [f"learn from a prompt of {size} again", best(lambda: counter.learned(whole, end))]


def best(work: Callable[[], object]) -> str:
    """Return the shortest time of five, in milliseconds."""
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return f"{1000 * min(taken):.2f}"


def table(title: str, rows: Iterable[list[str]]) -> None:
    """Write a table in Markdown."""
    head, *body = rows
    lines = [f"## {title}", "", *map(_row, [head, ["---"] * len(head), *body]), "", ""]
    sys.stdout.write("\n".join(lines))


def record(count: dict[str, vocabularies.Count]) -> None:
    """Write texts of our own with their real counts, short enough to stand in the repository."""
    own = corpus.own_texts()
    rows = [
        {"kind": kind, "text": text, "counts": {name: real(text) for name, real in count.items()}}
        for kind, text in own.items()
    ]
    RECORDED.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
