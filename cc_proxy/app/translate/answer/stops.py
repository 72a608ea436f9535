"""Finding a stop sequence in a text that comes in pieces.

Ollama could do it, but does not tell which sequence ended the answer, nor that one did; and
`stop` in a request replaces the stop words that the model's own template needs.
"""

from dataclasses import dataclass, field


@dataclass
class _Node:
    """A beginning of some sequences: what may follow it, and how long it is.

    `shorter` is the longest other beginning that it ends with, `ends` the longest sequence that it
    ends with.
    """

    depth: int
    next: dict[str, "_Node"] = field(default_factory=dict)
    shorter: "_Node | None" = None
    ends: str | None = None


class StopFinder:
    """Holds back no more than may still become a stop sequence.

    An automaton of all sequences (Aho and Corasick, 1975): its work is linear in the text, however
    long and however many the sequences are.
    """

    def __init__(self, sequences: tuple[str, ...]) -> None:
        self._root = _automaton(sequences)
        self._node = self._root
        self._held = ""
        self.found: str | None = None

    def feed(self, text: str) -> str:
        """Return the text that is certain; once `found` is set the rest is not part of it."""
        if not self._root.next or self.found is not None:
            return "" if self.found is not None else text
        node = self._node
        for at, char in enumerate(text):
            node = _step(node, char)
            if node.ends is not None:
                # The one that is complete first, so that it does not matter how the text is cut.
                self.found = node.ends
                whole = self._held + text[: at + 1]
                self._held = ""
                return whole[: len(whole) - len(node.ends)]
        self._node = node
        text = self._held + text
        self._held = text[len(text) - node.depth :]
        return text[: len(text) - node.depth]

    def finish(self) -> str:
        """Return what was held back at the end of the answer."""
        held, self._held = self._held, ""
        self._node = self._root
        return held


def _step(node: _Node, char: str) -> _Node:
    while char not in node.next and node.shorter is not None:
        node = node.shorter
    return node.next.get(char, node)


def _automaton(sequences: tuple[str, ...]) -> _Node:
    root = _Node(0)
    for sequence in filter(None, sequences):
        node = root
        for char in sequence:
            node = node.next.setdefault(char, _Node(node.depth + 1))
        node.ends = sequence
    level = [(root, char, node) for char, node in root.next.items()]
    while level:
        for parent, char, node in level:
            node.shorter = root if parent.shorter is None else _step(parent.shorter, char)
            node.ends = node.ends or node.shorter.ends
        level = [(node, char, after) for _, _, node in level for char, after in node.next.items()]
    return root
