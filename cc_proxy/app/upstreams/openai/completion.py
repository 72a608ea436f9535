"""An event of an answer, and an answer in one piece, as `/v1/chat/completions` writes them.

Only what is read is here; servers add much more, and differ in it. Every field may be absent or
null.
"""

import re

import msgspec
from msgspec import UNSET, UnsetType

_NULL = b"null"
# An escape in JSON: a pair of surrogates is a character, half of one is not. A model that writes a
# character in two tokens can be cut between them, and Python's json writes what is left.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT = rb"\ufffd"


class FunctionDelta(msgspec.Struct, gc=False):
    """A part of a call: the name in the first one, pieces of the arguments in each.

    `arguments` is a string of JSON. Some servers send the object itself.
    """

    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def text(self) -> str:
        """The piece of the arguments, as the text of JSON."""
        raw = bytes(self.arguments)
        if raw == b"null":
            return ""
        if not raw.startswith(b'"'):
            return raw.decode()
        try:
            return msgspec.json.decode(raw, type=str)
        except msgspec.DecodeError:
            return msgspec.json.decode(without_lone_surrogates(raw), type=str)


class CallDelta(msgspec.Struct, gc=False):
    """A part of the call `index`; `id` comes with the first part, or with each."""

    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None

    @property
    def adds_nothing(self) -> bool:
        """True if neither a name nor a piece of the arguments is in it."""
        function = self.function
        return function is None or not (function.name or function.text)


class Delta(msgspec.Struct, gc=False):
    """The part of the message that an event adds.

    llama-server and SGLang write thinking into `reasoning_content`, vLLM 0.32 and Ray into
    `reasoning`; some routers into both.
    """

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[CallDelta] | None = None

    @property
    def thinking(self) -> str:
        """The thinking, from the field that has it."""
        return self.reasoning_content or self.reasoning or ""


class Choice(msgspec.Struct, gc=False):
    """One of the answers that were asked for; there is no other than 0.

    `delta` comes in a stream, `message` in an answer in one piece.
    """

    index: int = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class CompletionUsage(msgspec.Struct, gc=False):
    """The counts, in tokens. `prompt_tokens` includes those from the cache."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None

    @property
    def cached_tokens(self) -> int | None:
        """The number of tokens of the prompt from the cache; None if the server does not say.

        vLLM says it with --enable-prompt-tokens-details, SGLang with --enable-cache-report.
        """
        details = self.prompt_tokens_details
        return details.cached_tokens if details is not None else None


class Timings(msgspec.Struct, gc=False):
    """The times of llama-server, in milliseconds."""

    prompt_ms: float = 0.0
    predicted_ms: float = 0.0


class Completion(msgspec.Struct, gc=False):
    """An event, or an answer in one piece. An error has `error`, or is one as a whole (SGLang)."""

    choices: list[Choice] | None = None
    usage: CompletionUsage | None = None
    timings: Timings | None = None
    error: msgspec.Raw | UnsetType = UNSET
    object: str | None = None

    @property
    def is_error(self) -> bool:
        """True if it says that something went wrong."""
        if self.error is not UNSET and bytes(self.error) != _NULL:
            return True
        return self.object == "error"

    @property
    def words(self) -> Delta | None:
        """The added text, if the event adds only text; None otherwise."""
        # Each word comes here: an error has no choices, and is looked at elsewhere.
        if not self.choices or self.usage is not None or self.error is not UNSET:
            return None
        choice = self.choices[0]
        delta = choice.delta
        if choice.finish_reason or choice.index or delta is None or delta.tool_calls:
            return None
        if delta.content or delta.reasoning_content or delta.reasoning:
            return delta
        return None


_decoder = msgspec.json.Decoder(Completion)


def without_lone_surrogates(text: bytes) -> bytes:
    """Return JSON with a replacement character for each half of a pair without the other."""
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found[1] else found[0], text)


def decode(data: bytes) -> Completion:
    """Decode the data of an event, or an answer in one piece; see `without_lone_surrogates`.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not what such a server
            writes.

    """
    if not data.isascii():
        # What stays raw is not looked at by the decoder.
        data.decode()
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        whole = without_lone_surrogates(data)
        if whole == data:
            raise
        return _decoder.decode(whole)
