"""An estimate of the tokens of a text.

A tokenizer over a whole request costs more than all the rest of the proxy. What a byte-pair
tokenizer makes of a text can be told from how its letters, digits and signs follow each other;
`bench/tokens` fits the worth of each such feature to the tokenizers of six model families and
shows the error.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from operator import mul

# Tokens of words, of signs and spaces, of numbers, of other scripts.
TokenFeatures = tuple[float, float, float, float]
NOTHING: TokenFeatures = (0.0, 0.0, 0.0, 0.0)

# Texts longer than this are weighed by samples; more samples would not tell more.
SAMPLE_BYTES = 32 * 1024
# Many small samples tell more than few large ones: one line is much like the next.
_WINDOW = 128
_GOLDEN = 0.618034
# Long runs of spaces become few tokens; prose and code are four to five bytes a token.
_MOST_BYTES_A_TOKEN = 16

# One letter for each class of byte: Lower, Upper, Digit, Space, Newline, Punctuation, then what
# UTF-8 has for other scripts: Continuation, and the lead bytes of alphabets (H), of Kana, of
# ideographs (Z) and of what is beyond them (G).
_RANGES = (
    (b"\x00", "p"),
    (b"\n", "n"),
    (b"\x0b", "p"),
    (b"\r", "n"),
    (b"\x0e", "p"),
    (b" ", "s"),
    (b"!", "p"),
    (b"0", "d"),
    (b":", "p"),
    (b"A", "u"),
    (b"[", "p"),
    (b"a", "l"),
    (b"{", "p"),
    (b"\x80", "c"),
    (b"\xc0", "h"),
    (b"\xe3", "k"),
    (b"\xe4", "z"),
    (b"\xea", "g"),
)
_CLASSES = bytes(
    ord(next(name for first, name in reversed(_RANGES) if first[0] <= byte)) for byte in range(256)
)

# Of words, signs, numbers and other scripts; each is counted without overlap. `llllllll` is in
# long words, `sl` where a word starts; `zcczcc` and its fourfold are ideographs in a row.
_SHAPES = (
    ("l", "llllllll", "sl", "pl", "u", "su"),
    ("p", "pppp", "sp", "s", "ssssssss", "ns"),
    ("d", "ddd", "ud", "ld", "ds", "dp"),
    ("c", "h", "k", "z", "zcczcc", "zcczcczcczcczcczcczcczcc"),
)
FEATURES = tuple(shape for group in _SHAPES for shape in group)
_GROUPS = tuple(
    slice(start, start + len(_SHAPES[0])) for start in range(0, len(FEATURES), len(_SHAPES[0]))
)
_LONGER = tuple(name for name in FEATURES if len(name) > 1)
# The commonest letter is what the others leave; those of other scripts are not in ASCII.
_COMMONEST, _IN_ASCII, _BEYOND = "l", "undsp", "chkzg"


# Tokens that each feature is worth, printed by bench/tokens/fit.py. Vocabularies differ most in
# whether a number is cut into digits or into groups of three.
_ONE_BY_ONE = (
    0.098,  # l
    0.321,  # llllllll
    0.566,  # sl
    0.655,  # pl
    0.883,  # u
    -0.586,  # su
    0.412,  # p
    -1.320,  # pppp
    0.576,  # sp
    0.178,  # s
    -0.881,  # ssssssss
    0.094,  # ns
    1.126,  # d
    -0.368,  # ddd
    0.939,  # ud
    0.812,  # ld
    0.492,  # ds
    0.723,  # dp
    0.335,  # c
    -0.070,  # h
    -0.196,  # k
    0.617,  # z
    -1.042,  # zcczcc
    -1.038,  # zcczcczcczcczcczcczcczcc
)
_IN_GROUPS = (
    0.098,  # l
    0.454,  # llllllll
    0.561,  # sl
    0.489,  # pl
    0.877,  # u
    -0.766,  # su
    0.425,  # p
    -1.368,  # pppp
    0.470,  # sp
    0.182,  # s
    -0.980,  # ssssssss
    0.082,  # ns
    0.564,  # d
    -0.666,  # ddd
    1.497,  # ud
    1.095,  # ld
    0.855,  # ds
    0.841,  # dp
    0.359,  # c
    -0.093,  # h
    -0.114,  # k
    0.533,  # z
    -1.005,  # zcczcc
    -0.966,  # zcczcczcczcczcczcczcczcc
)


class Digits(Enum):
    """The way a vocabulary cuts numbers."""

    ONE_BY_ONE = _ONE_BY_ONE
    IN_GROUPS = _IN_GROUPS
    # A little nearer to groups: there the same error in tokens is the larger share.
    UNKNOWN = tuple(
        0.45 * one + 0.55 * group for one, group in zip(_ONE_BY_ONE, _IN_GROUPS, strict=True)
    )


# Names as in `tokenizer.ggml.pre` and `tokenizer.ggml.model` of `/api/show` (recording 05).
_CUT_ONE_BY_ONE = (
    "qwen",
    "tekken",
    "gemma",
    "llama",
    "deepseek-coder",
    "deepseek-llm",
    "starcoder",
)
_CUT_IN_GROUPS = ("llama-bpe", "llama3", "llama4", "gpt-4o", "deepseek-v3", "glm4", "chatglm-bpe")


def digits_of(tokenizer: str) -> Digits:
    """Return how the tokenizer that Ollama names cuts numbers.

    `tokenizer` is `tokenizer.ggml.pre` of a model, or `tokenizer.ggml.model` where it has no pre
    (`llama` and `gemma3` are SentencePiece models, which cut digit by digit).
    """
    if tokenizer.startswith(_CUT_IN_GROUPS):
        return Digits.IN_GROUPS
    if tokenizer.startswith(_CUT_ONE_BY_ONE):
        return Digits.ONE_BY_ONE
    return Digits.UNKNOWN


def features(text: bytes) -> list[int]:
    """Return how often each of FEATURES is in a text."""
    classes = text.translate(_CLASSES)
    letters = _IN_ASCII if text.isascii() else _IN_ASCII + _BEYOND
    found = {letter: classes.count(letter.encode()) for letter in letters}
    found[_COMMONEST] = len(classes) - sum(found.values())
    there = {letter for letter, count in found.items() if count}
    for name in _LONGER:
        found[name] = classes.count(name.encode()) if there.issuperset(name) else 0
    return [found.get(name, 0) for name in FEATURES]


def estimate_tokens(
    text: str | bytes, digits: Digits = Digits.UNKNOWN, *, sample: int = SAMPLE_BYTES
) -> float:
    """Return about how many tokens a text is.

    Of a text of more than `sample` bytes only about as many are looked at, evenly spread.
    """
    return sum(estimate_features(text, digits, sample=sample))


def estimate_features(
    text: str | bytes, digits: Digits = Digits.UNKNOWN, *, sample: int = SAMPLE_BYTES
) -> TokenFeatures:
    """Return about how many tokens a text is: of its words, signs, numbers and other scripts.

    Vocabularies differ in each of them by a factor of its own, which can be learned.
    """
    return sum_features((text,), digits, sample=sample)


def sum_features(
    texts: Sequence[str | bytes], digits: Digits = Digits.UNKNOWN, *, sample: int = SAMPLE_BYTES
) -> TokenFeatures:
    """Return what several texts weigh together, the sample taken from all of them."""
    size = sum(map(len, texts))
    if size > max(sample, _WINDOW):
        texts = list(_samples(texts, size, sample))
    looked_at = sum(map(len, texts))
    if not looked_at:
        return NOTHING
    # A lone surrogate can come out of JSON; it must not break the count.
    text = b"".join(t if isinstance(t, bytes) else t.encode(errors="replace") for t in texts)
    worth: tuple[float, ...] = digits.value
    found = list(map(mul, worth, features(text)))
    words, signs, numbers, others = (sum(found[group]) for group in _GROUPS)
    tokens = words + signs + numbers + others
    # What is unlike any text of the corpus still has no more tokens than bytes.
    likely = min(max(tokens, len(text) / _MOST_BYTES_A_TOKEN), len(text))
    factor = size / looked_at
    if likely != tokens:
        return (likely * factor, 0.0, 0.0, 0.0)
    return (words * factor, signs * factor, numbers * factor, others * factor)


def _samples(texts: Sequence[str | bytes], size: int, sample: int) -> Iterator[str | bytes]:
    """Yield pieces of some texts, spread evenly over the `size` letters that all have."""
    place, before = 0, 0
    for start in _starts(size, sample):
        while start >= before + len(texts[place]):
            before += len(texts[place])
            place += 1
        yield texts[place][start - before : start - before + _WINDOW]


def _starts(size: int, sample: int) -> list[int]:
    """Return where samples begin: spread evenly, but never in step with lines of equal length."""
    windows = max(1, sample // _WINDOW)
    stride = size / windows
    room = max(0.0, stride - _WINDOW)
    return [int(n * stride + room * (n * _GOLDEN % 1)) for n in range(windows)]
