"""The part of a server's error that may repeat what a model or a person has said.

Ollama's parsers put the text that they cannot read into their errors: `error parsing tool call:
raw='…'`, `XML syntax error on line 3: element <…>`, `tool '…' not found`, `Failed to parse input
at pos 12: …`. Such text is for the client, and not for a log. The parsers change with each
release, so the words that servers say themselves are known here, and not theirs.
"""

import re

# Errors that name a model, an option, a field or a device: whole, as Ollama 0.32 writes them.
_WHOLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"model ['\"][^\s'\"]{1,200}['\"] not found(?:, try pulling it first)?",
        r"['\"]?[^\s'\"]{1,200}['\"]? does not support [a-z]{1,20}",
        r"option \"[a-z_]{1,40}\" must be of type [a-z0-9]{1,20}",
        r"json: cannot unmarshal [a-z]{1,20} into Go \w[\w .]{1,140} of type [\w.*\[\]]{1,40}",
    )
)
_WORDS = frozenset(
    """
    a able aborted about access address again allocate allocated already an and answered api are
    aren't arguments array assertion at authenticated authentication authorized available bad be
    because been before being body buffer busy but by call call_upstream_request_error calls
    canceled cancelled cannot chat closed cloud code completion compute connect connection contains
    context could cpu create cuda cudamalloc currently data deadline decode denied detail devices
    disabled disconnect disk does doesn't either empty encountered ended engine enough entity eof
    error errors exceed exceeded exceeds exist exit exited expected expired fail failed failure
    fields file fit for forbidden format found from full gateway gb ggml gib given gpu half has have
    head headers headroom hip host how however http image images in incompatible increasing
    initialize input insufficient internal interrupt invalid is it its json key killed large least
    length less limit line llama llama-server llm load loaded loading long longer longest lost many
    maximum maxqueue mb mediate memory messages metal method mib mismatch missing model model's
    models more multimodal must n_ctx n_keep network no not number object of ollama ollama's on only
    open option or out output overloaded own page param parameter parse parsing path pending
    permission please port pos predict prefill process processing prompt provided queue read reason
    received reduce refused rejected remaining remote replica request requests required requires
    reset responding response retry rocm role router run runner running sampling schema seconds
    segmentation sending server service set sglang shutdown sign signal size slot slots sorry space
    start started starting status stop stopped stream string support supported supports syntax
    system tags temporarily terminated than that the there this time timed timeout to token tokens
    too tool total try trying type unable unauthorized unavailable unexpected unknown unload
    unreachable unsupported until upstream url use using version vllm vram vulkan waiting was web
    were when which while window with without worker workers write xml your
    """.split()  # noqa: SIM905 - as a list it would be 260 lines
)
_NUMBER = re.compile(r"(?:0x)?[0-9][0-9a-fA-F.,/]*%?")
_OWN_ADDRESS = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}/[a-z]{0,20}")
_AROUND = "\"'`()[]{},.:;!?"


def quoted_in(text: str) -> str:
    """Return the end of an error's text, from the first word on that is no server's own.

    Nothing is returned of a text in which every word is.
    """
    if any(pattern.fullmatch(text) for pattern in _WHOLE):
        return ""
    end = 0
    for word in re.finditer(r"\S+", text):
        if not _is_own(word[0]):
            return text[word.start() :]
        end = word.end()
    return text[end:].strip()


def _is_own(word: str) -> bool:
    bare = word.strip(_AROUND)
    return (
        not bare
        or bare.lower() in _WORDS
        or _NUMBER.fullmatch(bare) is not None
        or _OWN_ADDRESS.fullmatch(bare) is not None
    )
