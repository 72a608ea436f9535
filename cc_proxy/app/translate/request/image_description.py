"""The request that describes an image, and the text that takes the image's place."""

import re

from msgspec import UNSET

from cc_proxy.app.chat.messages import ChatMessage, ChatRequest
from cc_proxy.app.chat.target import Target

MAX_DESCRIPTION_TOKENS = 1_000
_QUESTION = (
    "Describe this image for a programmer who cannot see it. First say in one sentence what kind of"
    " image it is. Then copy all text in it exactly, line by line. Then describe layout, colours,"
    " and, in diagrams and charts, the parts, their connections and values. Say only what you see."
)

_MARKER = re.compile(
    r"\[(?=\s{0,9}+(?:an\s{1,9}image\s{1,9}was\s{1,9}here|end\s{1,9}of\s{1,9}the\s{1,9}desc))",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"<(?=\s{0,9}+/?\s{0,9}+(?:\||(?:system|tool|function|invoke|parameter|think|antml|start_of"
    r"|end_of|command|local-command|user|assistant|im_)))",
    re.IGNORECASE,
)
_NO_TAG = "\u2039"


def description_request(target: Target, data: str) -> ChatRequest:
    """Return the request that asks `target` to describe an image (base64)."""
    return ChatRequest(
        model=target.model.name,
        messages=[ChatMessage("user", _QUESTION, images=[data])],
        think=False if target.model.can("thinking") else UNSET,
        max_tokens=MAX_DESCRIPTION_TOKENS,
        temperature=0.0,
    )


def described(text: str, model: str) -> str:
    """Return what stands for an image: its description, and whose it is.

    An image can have any text in it. What would end the description, or is of the form in which
    Claude Code, this proxy or a model's template speaks, is made plain text.
    """
    text = _TAG.sub(_NO_TAG, _MARKER.sub("(", text))
    return (
        f"[An image was here, which you cannot see. The model {model} describes it:]\n{text}\n"
        "[End of the description of the image.]"
    )
