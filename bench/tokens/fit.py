# ruff: noqa: INP001 - a script beside its modules, run from this folder
"""Fit what each feature of a text is worth in tokens, and print it as `tokens.py` holds it."""

import sys

import corpus
import numpy as np
import vocabularies

from cc_proxy.app.translate.prompt.tokens import FEATURES, features

# Digits are what tokenizers disagree about most, so there is one set of worths for each way.
FAMILIES = {
    "_ONE_BY_ONE": ("qwen", "mistral", "gemma3"),
    "_IN_GROUPS": ("llama3", "deepseek", "gpt-oss"),
}
# Keeps the worths of features that always come together small, so that a text unlike all of the
# corpus is not given an absurd weight.
RIDGE = 0.06


def main() -> None:
    """Fit both families."""
    kinds = corpus.texts()
    count = vocabularies.load()
    pieces = [(kind, piece) for kind, texts in kinds.items() for piece in texts]
    share = np.array([len(kinds[kind]) ** -0.5 for kind, _ in pieces])
    found = np.array([features(piece.encode()) for _, piece in pieces], dtype=float)
    for family, names in FAMILIES.items():
        rows = []
        for name in names:
            real = np.array([count[name](piece) for _, piece in pieces])
            # The relative error is what matters, of every kind of text alike.
            rows.append(found / real[:, None] * share[:, None])
        size = len(FEATURES)
        left = np.vstack([*rows, np.eye(size) * RIDGE])
        right = np.concatenate([*[share] * len(names), np.zeros(size)])
        worth, *_ = np.linalg.lstsq(left, right, rcond=None)
        lines = (f"    {value:.3f},  # {name}" for name, value in zip(FEATURES, worth, strict=True))
        sys.stdout.write(f"{family} = (\n" + "\n".join(lines) + "\n)\n")


if __name__ == "__main__":
    main()
