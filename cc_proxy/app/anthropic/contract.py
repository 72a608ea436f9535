"""The table of every name on the wire of the Messages API, and its treatment.

The names are those of the Python SDK 2.14, and some that only other clients send. A test holds
the table to the SDK's own types, and another one plays each row against the gateway. The page
`what-is-lost` has a table that is made from it.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The place of a name on the wire; the value is a heading."""

    FIELD = "Fields of a request"
    TURN = "Fields of a turn"
    BLOCK = "Content blocks of a request"
    TOOL = "Types of tools"
    EVENT = "Events of a stream"
    DELTA = "Deltas of a stream"
    ANSWER_BLOCK = "Content blocks of an answer"
    STOP_REASON = "Stop reasons"


class Fate(Enum):
    """The treatment of a name.

    CARRIED: it changes the request to the model, or the answer to the client. REFUSED: an error
    says why. DROPPED: a line in the log names it. NEVER_SENT: no answer of cc-proxy has it.
    """

    CARRIED = "carried"
    REFUSED = "refused"
    DROPPED = "dropped"
    NEVER_SENT = "never sent"


@dataclass(frozen=True)
class Row:
    """One name; `outside_sdk`: other clients send it, and the SDK's types do not have it."""

    kind: Kind
    name: str
    fate: Fate
    outside_sdk: bool = False


_CARRIED: dict[Kind, str] = {
    Kind.FIELD: """
        cache_control compaction max_tokens messages model output_config stop_sequences stream
        system thinking tool_choice tools
    """,
    Kind.TURN: "clear_at content output_config role",
    Kind.BLOCK: """
        advisor_tool_result bash_code_execution_tool_result code_execution_tool_result compaction
        document image mcp_tool_result mcp_tool_use search_result server_tool_use text
        text_editor_code_execution_tool_result thinking tool_addition tool_reference tool_removal
        tool_result tool_search_tool_result tool_use web_fetch_tool_result web_search_tool_result
    """,
    Kind.TOOL: "custom web_search_20250305 web_search_20260209 web_search_20260318",
    Kind.EVENT: """
        content_block_delta content_block_start content_block_stop message_delta message_start
        message_stop
    """,
    Kind.DELTA: "compaction_delta input_json_delta signature_delta text_delta thinking_delta",
    Kind.ANSWER_BLOCK: """
        compaction server_tool_use text thinking tool_use web_search_tool_result
    """,
    Kind.STOP_REASON: "compaction end_turn max_tokens stop_sequence tool_use",
}
_REFUSED: dict[Kind, str] = {Kind.FIELD: "thread"}
_DROPPED: dict[Kind, str] = {
    Kind.FIELD: """
        billing_policy container context_management diagnostics fallback_credit_token fallbacks
        inference_geo mcp_servers metadata service_tier speed
    """,
    Kind.BLOCK: "browser_state container_upload fallback mcp_tool_listing redacted_thinking",
    Kind.TOOL: """
        advisor_20260301 bash_20241022 bash_20250124 browser_toolset_20260801
        code_execution_20250522 code_execution_20250825 code_execution_20260120
        code_execution_20260521 computer_20241022 computer_20250124 computer_20251124
        computer_toolset_20260801 mcp_toolset memory_20250818 text_editor_20241022
        text_editor_20250124 text_editor_20250429 text_editor_20250728 tool_search_tool_bm25
        tool_search_tool_bm25_20251119 tool_search_tool_regex tool_search_tool_regex_20251119
        web_fetch_20250910 web_fetch_20260209 web_fetch_20260309 web_fetch_20260318
    """,
}
_NEVER_SENT: dict[Kind, str] = {
    Kind.DELTA: "citations_delta",
    Kind.ANSWER_BLOCK: """
        advisor_tool_result bash_code_execution_tool_result code_execution_tool_result
        container_upload fallback mcp_tool_listing mcp_tool_result mcp_tool_use redacted_thinking
        text_editor_code_execution_tool_result tool_search_tool_result web_fetch_tool_result
    """,
    Kind.STOP_REASON: "model_context_window_exceeded pause_turn refusal",
}
_OUTSIDE_SDK: dict[Fate, dict[Kind, str]] = {
    Fate.CARRIED: {Kind.FIELD: "temperature top_k top_p", Kind.EVENT: "error"},
    # Claude Code's auto mode.
    Fate.DROPPED: {Kind.FIELD: "safeguards"},
    Fate.NEVER_SENT: {Kind.EVENT: "ping"},
}


def _rows(fate: Fate, names: dict[Kind, str], *, outside_sdk: bool = False) -> list[Row]:
    return [
        Row(kind, name, fate, outside_sdk) for kind, text in names.items() for name in text.split()
    ]


CONTRACT: tuple[Row, ...] = (
    *_rows(Fate.CARRIED, _CARRIED),
    *_rows(Fate.REFUSED, _REFUSED),
    *_rows(Fate.DROPPED, _DROPPED),
    *_rows(Fate.NEVER_SENT, _NEVER_SENT),
    *(row for fate, names in _OUTSIDE_SDK.items() for row in _rows(fate, names, outside_sdk=True)),
)
