"""Pieces of text and calls, returned in portions that take a moment each."""

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from cc_proxy.app.translate.rescue.declared import RescuedCall

Piece: TypeAlias = str | RescuedCall

# So much is given out at once. To write a call is as much work as to write so many characters.
_PART = 4_096
_CALL = 512


class Pieces:
    """The pieces that are decided and not given out yet, in order."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self.add = self._pieces.append

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._pieces)

    def take(self) -> list[Piece]:
        """Remove and return the first part of them, neighbouring texts as one."""
        taken: list[Piece] = []
        room = _PART
        while self._pieces and room > 0:
            piece = self._pieces.popleft()
            if isinstance(piece, str) and len(piece) > room:
                self._pieces.appendleft(piece[room:])
                piece = piece[:room]
            room -= len(piece) if isinstance(piece, str) else _CALL + len(piece.arguments)
            taken.append(piece)
        return joined(taken) if len(taken) > 1 else taken


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces with neighbouring texts as one."""
    out: list[Piece] = []
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if texts:
            out.append("".join(texts))
            texts = []
        out.append(piece)
    if texts:
        out.append("".join(texts))
    return out
