"""Writing a model in the GGUF format: named fields, then tensors."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_ALIGNMENT = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
F32, F16 = 0, 1


@dataclass
class ModelFile:
    """A model as it is put together; `write` puts it into a file."""

    _fields: list[bytes] = field(default_factory=list)
    _tensors: list[bytes] = field(default_factory=list)
    _data: bytearray = field(default_factory=bytearray)

    def numbers(self, values: Mapping[str, int]) -> Self:
        """Add fields that are whole numbers, none below 0."""
        for name, value in values.items():
            self._add(name, _UINT32, struct.pack("<I", value))
        return self

    def floats(self, values: Mapping[str, float]) -> Self:
        """Add fields that are floating-point numbers."""
        for name, value in values.items():
            self._add(name, _FLOAT32, struct.pack("<f", value))
        return self

    def flags(self, values: Mapping[str, bool]) -> Self:
        """Add fields that are true or false."""
        for name, value in values.items():
            self._add(name, _BOOL, bytes([value]))
        return self

    def texts(self, values: Mapping[str, str]) -> Self:
        """Add fields that are text."""
        for name, value in values.items():
            self._add(name, _STRING, _string(value))
        return self

    def text_list(self, name: str, values: Iterable[str]) -> Self:
        """Add a field that is a list of texts."""
        self._add(name, _ARRAY, _array(_STRING, [_string(value) for value in values]))
        return self

    def number_list(self, name: str, values: Iterable[int]) -> Self:
        """Add a field that is a list of whole numbers."""
        self._add(name, _ARRAY, _array(_INT32, [struct.pack("<i", value) for value in values]))
        return self

    def tensor(self, name: str, shape: Sequence[int], data: bytes, kind: int = F16) -> Self:
        """Add a tensor: its bytes, and its dimensions with the innermost one first."""
        sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        self._tensors.append(_string(name) + sizes + struct.pack("<IQ", kind, len(self._data)))
        self._data += _padded(data)
        return self

    def write(self, path: Path) -> None:
        """Write the model to a file."""
        head = struct.pack("<4sIQQ", b"GGUF", 3, len(self._tensors), len(self._fields))
        head += b"".join(self._fields) + b"".join(self._tensors)
        path.write_bytes(_padded(head) + self._data)

    def _add(self, name: str, kind: int, value: bytes) -> None:
        self._fields.append(_string(name) + struct.pack("<I", kind) + value)


def _array(kind: int, items: Sequence[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)
