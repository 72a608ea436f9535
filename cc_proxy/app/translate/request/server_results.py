"""Results of tools that another server ran, in words for the model.

They are in the history of a conversation that began elsewhere. The API has an object with
fields for each (`code_execution_result`, `web_fetch_result`, …); a model reads text.
"""

from typing import Any, Protocol

import msgspec

from cc_proxy.app.anthropic.requests import Block
from cc_proxy.app.translate.request.content import ContentReader


class _Result(Protocol):
    def text(self, reader: ContentReader, /) -> str:
        """Return the result as text for the model."""


class _Failure(msgspec.Struct):
    error_code: str = "unknown error"
    error_message: str | None = None

    def text(self, _reader: ContentReader) -> str:
        text = f"The tool failed: {self.error_code}."
        return f"{text} {self.error_message}" if self.error_message else text


class _FetchedPage(msgspec.Struct):
    url: str
    content: Block
    retrieved_at: str | None = None

    def text(self, reader: ContentReader) -> str:
        lines = [f"URL: {self.url}"]
        if self.retrieved_at:
            lines.append(f"Retrieved: {self.retrieved_at}")
        return "\n".join([*lines, *reader.read([self.content]).texts])


class _ExecutedCode(msgspec.Struct):
    return_code: int
    stdout: str = ""
    stderr: str = ""
    content: list[Any] = []
    encrypted_stdout: str = ""

    def text(self, reader: ContentReader) -> str:
        parts = [self.stdout] if self.stdout else []
        if self.encrypted_stdout:
            reader.drop("output of code that another server encrypted")
            parts.append("[The output is encrypted.]")
        if self.stderr:
            parts.append(f"stderr:\n{self.stderr}")
        if self.content:
            reader.drop("file that another server's code made")
            parts.append(f"[Files made: {len(self.content)}; they are not here.]")
        return "\n".join([*parts, f"Exit code: {self.return_code}"])


class _ViewedFile(msgspec.Struct):
    content: str
    num_lines: int | None = None
    start_line: int | None = None
    total_lines: int | None = None

    def text(self, _reader: ContentReader) -> str:
        count, total = self.num_lines, self.total_lines
        if not count or not total or count >= total:
            return self.content
        start = self.start_line or 1
        return f"Lines {start} to {start + count - 1} of {total}:\n{self.content}"


class _WrittenFile(msgspec.Struct):
    is_file_update: bool

    def text(self, _reader: ContentReader) -> str:
        return "The file was updated." if self.is_file_update else "The file was created."


class _EditedFile(msgspec.Struct):
    lines: list[str] | None = None

    def text(self, _reader: ContentReader) -> str:
        return "\n".join(["The file was edited.", *(self.lines or ())])


class _FoundTools(msgspec.Struct):
    tool_references: list[Block]

    def text(self, reader: ContentReader) -> str:
        return reader.read(self.tool_references).text or "No tool was found."


class _Advice(msgspec.Struct):
    words: str = msgspec.field(name="text")

    def text(self, _reader: ContentReader) -> str:
        return self.words


class _EncryptedAdvice(msgspec.Struct):
    def text(self, reader: ContentReader) -> str:
        reader.drop("advice that another server encrypted")
        return "[The advice is encrypted.]"


# By `type`, as the Python SDK 2.14 has them. Each failure has a type of its own: `…_error`.
_KINDS: dict[str, type[_Result]] = {
    "web_fetch_result": _FetchedPage,
    "code_execution_result": _ExecutedCode,
    "bash_code_execution_result": _ExecutedCode,
    "encrypted_code_execution_result": _ExecutedCode,
    "text_editor_code_execution_view_result": _ViewedFile,
    "text_editor_code_execution_create_result": _WrittenFile,
    "text_editor_code_execution_str_replace_result": _EditedFile,
    "tool_search_tool_search_result": _FoundTools,
    "advisor_result": _Advice,
    "advisor_redacted_result": _EncryptedAdvice,
}


def server_result_text(result: dict[str, Any], reader: ContentReader) -> str:
    """Return the text of a server tool's result; `reader` notes what is left out of it.

    Of a kind that is not known, and of one with other fields than the API's, each field is named
    with what it holds.
    """
    name = str(result.get("type"))
    kind = _Failure if name.endswith("_error") else _KINDS.get(name)
    if kind is None:
        return _each_field(result)
    try:
        known = msgspec.convert(result, kind)
    except msgspec.ValidationError:
        return _each_field(result)
    return known.text(reader)


def _each_field(result: dict[str, Any]) -> str:
    return "\n".join(
        f"{field}: {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for field, value in result.items()
        if field != "type"
    )
