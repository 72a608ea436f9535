"""The table of every name on the wire of the Messages API, and its treatment.

The names are those of the Python SDK 2.14, and some that only other clients send. A test holds
the table to the SDK's own types, and another one plays each row against the gateway. The page
`what-is-lost` has a table that is made from it.
"""

from dataclasses import dataclass
from enum import Enum


class NameKind(Enum):
    """The place of a name on the wire; the value is a heading."""

    FIELD = "Fields of a request"
    TURN = "Fields of a turn"
    BLOCK = "Content blocks of a request"
    TOOL = "Types of tools"
    EVENT = "Events of a stream"
    DELTA = "Deltas of a stream"
    ANSWER_BLOCK = "Content blocks of an answer"
    STOP_REASON = "Stop reasons"


class Treatment(Enum):
    """The treatment of a name.

    CARRIED: it changes the request to the model, or the answer to the client. REFUSED: an error
    says why. DROPPED: a line in the log names it. NEVER_SENT: no answer of cc-proxy has it.
    """

    CARRIED = "carried"
    REFUSED = "refused"
    DROPPED = "dropped"
    NEVER_SENT = "never sent"


@dataclass(frozen=True)
class ContractRow:
    """One name; `outside_sdk`: other clients send it, and the SDK's types do not have it."""

    kind: NameKind
    name: str
    treatment: Treatment
    outside_sdk: bool = False


_CARRIED: dict[NameKind, str] = {
    NameKind.FIELD: """
        cache_control compaction diagnostics max_tokens messages model output_config
        stop_sequences stream system thinking tool_choice tools
    """,
    NameKind.TURN: "clear_at content output_config role",
    NameKind.BLOCK: """
        advisor_tool_result bash_code_execution_tool_result code_execution_tool_result compaction
        document image mcp_tool_result mcp_tool_use search_result server_tool_use text
        text_editor_code_execution_tool_result thinking tool_addition tool_reference tool_removal
        tool_result tool_search_tool_result tool_use web_fetch_tool_result web_search_tool_result
    """,
    NameKind.TOOL: "custom web_search_20250305 web_search_20260209 web_search_20260318",
    NameKind.EVENT: """
        content_block_delta content_block_start content_block_stop message_delta message_start
        message_stop
    """,
    NameKind.DELTA: "compaction_delta input_json_delta signature_delta text_delta thinking_delta",
    NameKind.ANSWER_BLOCK: """
        compaction server_tool_use text thinking tool_use web_search_tool_result
    """,
    NameKind.STOP_REASON: "compaction end_turn max_tokens stop_sequence tool_use",
}
_REFUSED: dict[NameKind, str] = {NameKind.FIELD: "thread"}
_DROPPED: dict[NameKind, str] = {
    NameKind.FIELD: """
        billing_policy container context_management fallback_credit_token fallbacks
        inference_geo mcp_servers metadata service_tier speed
    """,
    NameKind.BLOCK: "browser_state container_upload fallback mcp_tool_listing redacted_thinking",
    NameKind.TOOL: """
        advisor_20260301 bash_20241022 bash_20250124 browser_toolset_20260801
        code_execution_20250522 code_execution_20250825 code_execution_20260120
        code_execution_20260521 computer_20241022 computer_20250124 computer_20251124
        computer_toolset_20260801 mcp_toolset memory_20250818 text_editor_20241022
        text_editor_20250124 text_editor_20250429 text_editor_20250728 tool_search_tool_bm25
        tool_search_tool_bm25_20251119 tool_search_tool_regex tool_search_tool_regex_20251119
        web_fetch_20250910 web_fetch_20260209 web_fetch_20260309 web_fetch_20260318
    """,
}
_NEVER_SENT: dict[NameKind, str] = {
    NameKind.DELTA: "citations_delta",
    NameKind.ANSWER_BLOCK: """
        advisor_tool_result bash_code_execution_tool_result code_execution_tool_result
        container_upload fallback mcp_tool_listing mcp_tool_result mcp_tool_use redacted_thinking
        text_editor_code_execution_tool_result tool_search_tool_result web_fetch_tool_result
    """,
    NameKind.STOP_REASON: "model_context_window_exceeded pause_turn refusal",
}
_OUTSIDE_SDK: dict[Treatment, dict[NameKind, str]] = {
    Treatment.CARRIED: {NameKind.FIELD: "temperature top_k top_p", NameKind.EVENT: "error"},
    # Claude Code's auto mode.
    Treatment.DROPPED: {NameKind.FIELD: "safeguards"},
    Treatment.NEVER_SENT: {NameKind.EVENT: "ping"},
}


def _rows(
    treatment: Treatment, names: dict[NameKind, str], *, outside_sdk: bool = False
) -> list[ContractRow]:
    return [
        ContractRow(kind, name, treatment, outside_sdk)
        for kind, text in names.items()
        for name in text.split()
    ]


CONTRACT: tuple[ContractRow, ...] = (
    *_rows(Treatment.CARRIED, _CARRIED),
    *_rows(Treatment.REFUSED, _REFUSED),
    *_rows(Treatment.DROPPED, _DROPPED),
    *_rows(Treatment.NEVER_SENT, _NEVER_SENT),
    *(
        row
        for treatment, names in _OUTSIDE_SDK.items()
        for row in _rows(treatment, names, outside_sdk=True)
    ),
)
