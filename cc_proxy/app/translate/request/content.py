"""Content blocks as text, and as images for a model with vision."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from cc_proxy.app.anthropic.errors import invalid_request
from cc_proxy.app.anthropic.requests import Block
from cc_proxy.app.translate.request.tools.changes import ADDITION, changed_tool

# Claude Code puts its own words to the model between this tag and its end.
REMINDER = "<system-reminder>"
# What a result begins with in which a tool says that it failed.
TOOL_ERROR = "The tool reported an error:\n"
# Of a type of content, or a media type.
_NAME = re.compile(r"[a-z][a-z0-9_ +./-]{0,80}")
NO_VISION = "[An image was here; this model cannot see images.]"


@dataclass(slots=True)
class RenderedContent:
    """The text and the images (base64) of a piece of content."""

    texts: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The texts, a blank line between two."""
        return "\n\n".join(self.texts)


@dataclass
class ContentReader:
    """Reads blocks for one request; `dropped` names what the model will not get, for the log.

    `definitions` are of the tools that are told of where tool search has found them.
    """

    vision: bool
    definitions: Mapping[str, str] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    _defined: set[str] = field(default_factory=set, init=False)

    def read(self, content: str | list[Block]) -> RenderedContent:
        """Return what a string or a list of blocks says.

        Raises:
            ApiError: 400 when a text block has no text.

        """
        said = RenderedContent()
        if isinstance(content, str):
            said.texts.append(content)
            return said
        for block in content:
            self.read_block(block, said)
        return said

    def read_block(self, block: Block, said: RenderedContent) -> None:
        """Add what one block says to `said`; raises as `read` does."""
        match block.type:
            case "text":
                if block.text is None:
                    raise invalid_request("A content block of type text has no field `text`.")
                said.texts.append(block.text)
            case "image":
                self._read_image(block, said)
            case "document":
                self._read_document(block, said)
            case "search_result":
                inner = (
                    self.read(block.content)
                    if isinstance(block.content, list)
                    else RenderedContent()
                )
                where = block.source if isinstance(block.source, str) else None
                head = [block.title or "Search result", *([where] if where else [])]
                said.texts.append("\n".join([*head, *inner.texts]))
            case "compaction":
                # `since_compaction` has put its summary in place; a failed one has none.
                pass
            case "tool_addition" | "tool_removal":
                self._read_tool_change(block, said)
            case "tool_reference":
                said.texts.append(self._loaded_tool(block.tool_name or ""))
            case other:
                self.drop(f"{_kind(other)} block")

    def _read_tool_change(self, block: Block, said: RenderedContent) -> None:
        name = changed_tool(block)
        if name is None:
            self.drop(f"{block.type} block (of an MCP server)")
        elif block.type == ADDITION:
            said.texts.append(self._loaded_tool(name))
        else:
            said.texts.append(f"The tool {name} can no longer be used.")

    def _loaded_tool(self, name: str) -> str:
        text = f"The tool {name} can be used now."
        if name not in self.definitions or name in self._defined:
            return text
        self._defined.add(name)
        return f"{text}\n{self.definitions[name]}"

    def drop(self, what: str) -> None:
        """Note that the model will not see `what`."""
        self.dropped[what] = self.dropped.get(what, 0) + 1

    def _read_image(self, block: Block, said: RenderedContent) -> None:
        source = block.origin
        data = source.get("data")
        if not self.vision:
            self.drop("image (the model has no vision)")
            said.texts.append(NO_VISION)
        elif source.get("type") == "base64" and isinstance(data, str):
            said.images.append(data)
        else:
            self.drop(f"image ({_kind(source.get('type') or 'no source')})")
            said.texts.append("[An image was here that could not be fetched.]")

    def _read_document(self, block: Block, said: RenderedContent) -> None:
        source = block.origin
        data = source.get("data")
        title = block.title or "Document"
        if source.get("type") == "text" and isinstance(data, str):
            said.texts.append(f"{title}:\n{data}")
        elif source.get("type") == "content":
            inner = self.read(_blocks(source.get("content")))
            said.texts.append("\n".join([f"{title}:", *inner.texts]))
            said.images += inner.images
        else:
            kind = source.get("media_type") or source.get("type") or "unknown"
            self.drop(f"document ({_kind(kind)})")
            said.texts.append(f"[{title}: a document of type {kind} was here and is left out.]")


def _kind(name: object) -> str:
    """Return the name of a type for the log; what is no name could be anything."""
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "of an unknown type"


def _blocks(content: object) -> str | list[Block]:
    try:
        return msgspec.convert(content, str | list[Block])
    except msgspec.ValidationError as error:
        raise invalid_request(f"A document's source.content: {error}.") from error
