"""The front of a session: what it shares with the next one before the person has said a word.

System prompt and tools are the same as last time; so is what Claude Code puts before the
person's first words. A model that has read them waits for the person, and not the other way.
"""

import re

import msgspec

from cc_proxy.app.byte_cache import text_bytes
from cc_proxy.app.chat.messages import ChatMessage, ChatRequest
from cc_proxy.app.chat.target import Target
from cc_proxy.app.translate.prompt.prefix import Prompt
from cc_proxy.app.translate.prompt.tokens import digits_of
from cc_proxy.app.translate.request.build import TranslatedRequest

# Claude Code's own words are in these, one after the other, before the user's.
_REMINDERS = re.compile(r"(?:<system-reminder>.*?</system-reminder>\s*)*", re.DOTALL)


class SessionPrefix(msgspec.Struct, frozen=True):
    """The beginning of a session: the system prompt, and the text before the user's words.

    `shared` is what the client itself said in the first user turn; `prints`: it was `claude -p`,
    whose system prompt is another one than the interactive client's.
    """

    request: ChatRequest
    shared: str = ""
    prints: bool = False

    def held_bytes(self) -> int:
        """Return about how many bytes the front takes in memory."""
        tools = self.request.tools
        raw = bytes(tools) if isinstance(tools, msgspec.Raw) else b""
        said = (str(message.content) for message in self.request.messages)
        return text_bytes(raw, self.shared, *said)

    def names(self, folder: str) -> bool:
        """Tell whether the session was one in this folder: the client says so, in a line."""
        said = [self.shared, *(str(m.content) for m in self.request.messages)]
        return any(f" {folder}\n" in f"{text}\n" for text in said)

    def prompt(self, target: Target) -> Prompt:
        """Return what the model is given to read."""
        asks = self.asks()
        tools = bytes(asks.tools) if isinstance(asks.tools, msgspec.Raw) else b""
        digits = digits_of(target.model.tokenizer)
        return Prompt(asks.model, tools, asks.messages, digits, target.model.json_indent)

    def asks(self) -> ChatRequest:
        """Return the request that has the model read the front and write next to nothing."""
        return msgspec.structs.replace(
            self.request,
            messages=[*self.request.messages, ChatMessage(role="user", content=self.shared)],
            stream=False,
            format=msgspec.UNSET,
            max_tokens=1,
        )


def session_prefix_of(
    translated: TranslatedRequest, *, prints: bool = False, is_check: bool = False
) -> SessionPrefix | None:
    """Return the front of the session that a request begins; None if it begins none.

    `is_check`: it is a safety check, which offers no tools.

    A conversation that goes on has begun before: it may have been compacted since.
    """
    request = translated.request
    system = [message for message in request.messages if message.role == "system"]
    turns = request.messages[len(system) :]
    offers_tools = request.tools is not msgspec.UNSET
    if not (offers_tools or is_check) or [turn.role for turn in turns] != ["user"]:
        return None
    words = turns[0].content if isinstance(turns[0].content, str) else ""
    said = _REMINDERS.match(words)
    # The turn itself is not kept: it may be megabytes, and is the person's.
    return SessionPrefix(
        request=msgspec.structs.replace(request, messages=system),
        shared=said[0] if said else "",
        prints=prints,
    )


def front_request(request: ChatRequest) -> ChatRequest:
    """Return a request without its turns: the system prompt and the tools."""
    system = [message for message in request.messages if message.role == "system"]
    return msgspec.structs.replace(request, messages=system[:1])
