"""What a client gets for each answer in recordings.json: a table.

A text that ends with … only begins so here; the rest is in the recording.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A message: its blocks, why it ended, its tokens; None for in: estimated, not counted."""

    blocks: list[tuple[Any, ...]]
    stop_reason: str
    tokens_in: int | None
    tokens_out: int


@dataclass(frozen=True)
class Refusal:
    """An error: status, the type of the API, `x-should-retry`, and the words."""

    status: int
    type: str
    retry: str
    message: str


def text(words: str) -> tuple[Any, ...]:
    return ("text", words)


def thinking(words: str) -> tuple[Any, ...]:
    return ("thinking", words)


def call(name: str, **arguments: str) -> tuple[Any, ...]:
    return ("tool_use", name, arguments)


ANSWERS = {
    "08_chat_nostream": Answer([text(" walks, far, river soft,")], "end_turn", 21, 5),
    "10_chat_stream_default": Answer(
        [text(" bird, moon bright, and, stone a, and a over…")], "end_turn", 21, 19
    ),
    "11_chat_tools_nostream": Answer([call("get_weather", city="Paris")], "tool_use", 292, 8),
    "12_chat_tools_stream": Answer([call("get_weather", city="Paris")], "tool_use", 292, 8),
    "13_chat_two_tools_stream": Answer(
        [call("get_time", zone="UTC"), call("get_weather", city="Paris")], "tool_use", 292, 15
    ),
    "13b_chat_two_tools_nostream": Answer(
        [call("get_time", zone="UTC"), call("get_weather", city="Paris")], "tool_use", 292, 15
    ),
    "14_chat_tool_result": Answer(
        [text(" far river, under, river, under, bird then s…")], "end_turn", 364, 29
    ),
    "16c_chat_think_false_unsupported": Answer(
        [text(" bright, a, under, the sun, the, then walks …")], "end_turn", 21, 34
    ),
    "17b_chat_think_false": Answer([text(" a, green, while, green soft,")], "end_turn", 21, 6),
    "17c_chat_think_high": Answer(
        [
            thinking("Let me ponder this question briefly.\n"),
            text("So stone a, under over, moon bird river slow…"),
        ],
        "end_turn",
        21,
        49,
    ),
    "17e_chat_think_tools_stream": Answer(
        [thinking("I should look it up.\n"), call("get_weather", city="Paris")], "tool_use", 287, 12
    ),
    "17f_chat_think_unset": Answer(
        [
            thinking("Let me ponder this question briefly.\n"),
            text("So while, soft, bright, near, bright soft fa…"),
        ],
        "end_turn",
        21,
        284,
    ),
    "19e_chat_bad_role": Answer([text(" green")], "end_turn", 12, 2),
    "19f_chat_empty_messages_load": Answer(
        [text("[cc-proxy: the model gave an empty answer.]")], "end_turn", None, 0
    ),
    "19h_chat_unknown_option": Answer([text(" under, bird, river")], "max_tokens", 21, 3),
    "20_chat_num_predict_stream": Answer([text(" UNDER NEAR SINGS")], "max_tokens", 21, 3),
    "20b_chat_num_predict_nostream": Answer([text(" STONE STONE SUN")], "max_tokens", 21, 3),
    "20c_chat_tool_cut_by_num_predict": Answer(
        [text("[cc-proxy: the answer was cut after 4 tokens…")], "max_tokens", 287, 4
    ),
    # Asked twice, and cut twice.
    "83f_jinja_tool_cut": Answer([text("[cc-proxy: the answer was cut…")], "max_tokens", 0, 0),
    "20d_chat_num_predict_0": Answer(
        [text(" under the, soft far soft, soft stone, river…")], "end_turn", 21, 21
    ),
    "20e_chat_num_predict_1": Answer([text(" while,")], "max_tokens", 21, 1),
    "21_chat_format_schema": Answer(
        [text('{ "ok":\n\t true,"n"\n\t \t  :59\n}')], "end_turn", 21, 30
    ),
    "21b_chat_format_json": Answer(
        [text('{"zone":  " soft, bright, green sun, bright,…')], "max_tokens", 21, 60
    ),
    "21d_chat_format_and_tools": Answer(
        [text('{ "ok":true,\n\t\t\t\t"n" : 218\n }')], "end_turn", 287, 30
    ),
    "22_chat_stop": Answer([text(" OV")], "end_turn", 21, 1),
    "30_overlong_single_user": Answer([text(" slow,")], "end_turn", 514, 2),
    "30b_overlong_single_user_stream": Answer([text(" bird, near,")], "end_turn", 514, 3),
    "31_overlong_history_truncated": Answer(
        [text(" and walks, sun bright, under")], "max_tokens", 993, 5
    ),
    "32_ctx_full_during_generation_shift": Answer(
        [text(" THEN NEAR WALKS WHILE SINGS WALKS WHILE SUN…")], "max_tokens", 919, 300
    ),
    "32b_ctx_full_during_generation_noshift": Answer(
        [text(" THEN BIRD SUN SUN GREEN THE GREEN FAR WALKS…")], "max_tokens", 919, 105
    ),
    "33_num_ctx_over_model_max": Answer([text(" slow and")], "max_tokens", 21, 2),
    "35_keep_alive_0_unload": Answer(
        [text("[cc-proxy: the model gave an empty answer.]")], "end_turn", None, 0
    ),
    "36_logprobs": Answer([text(" moon, stone,")], "max_tokens", 21, 2),
    "70a_warm": Answer([text(" WHILE BRIGHT")], "max_tokens", 21, 2),
    "74_after_disconnect": Answer([text(" A BIRD")], "max_tokens", 21, 2),
    "76a_warm": Answer([text(" THEN RIVER")], "max_tokens", 21, 2),
    "80_after_runner_killed": Answer([text(" MOON UNDER")], "max_tokens", 21, 2),
    "81_undeclared_tool_stream": Answer([text("[cc-proxy: …")], "end_turn", 154, 8),
    "81b_undeclared_tool_nostream": Answer([text("[cc-proxy: …")], "end_turn", 154, 8),
    "82_defctx_ps_load": Answer([text(" over soft")], "max_tokens", 21, 2),
    "83b_jinja_chat": Answer([text(" bird, under stone,")], "max_tokens", 21, 3),
    "83c_jinja_tools_stream": Answer([call("get_weather", city="Paris")], "tool_use", 258, 8),
    "83d_jinja_tools_nostream": Answer([call("get_weather", city="Paris")], "tool_use", 258, 8),
    "83e_jinja_undeclared_tool": Answer([call("other_tool", city="Paris")], "tool_use", 248, 41),
    "83h_jinja_tool_result": Answer([text("near, river, stone moon,")], "max_tokens", 329, 4),
    "86_name_case": Answer([text(" a, under,")], "max_tokens", 21, 2),
    "86b_name_library": Answer([text(" then river,")], "max_tokens", 21, 2),
    "87_utf8_prompt": Answer([text(" then far")], "max_tokens", 43, 2),
    "87b_lone_surrogate": Answer([text(" a a")], "max_tokens", 24, 2),
    "88_control_tokens_in_user_text": Answer([text(" green, walks")], "max_tokens", 30, 2),
    "89b_top_k_zero_temp": Answer([text(" bright, sun moon soft")], "max_tokens", 21, 4),
    "89c_max_num_predict_neg2": Answer(
        [text(" moon, over far stone then, green, river a u…")], "end_turn", 21, 863
    ),
    "89d_assistant_last_prefill": Answer([text(" slow stone soft, river")], "max_tokens", 23, 4),
    "89e_tool_type_array_anyof": Answer([call("get_weather", city="Paris")], "tool_use", 316, 8),
}
# Answers of other paths stand for one to `/api/chat`, where a wrong address can give them.
REFUSALS = {
    "15_chat_tools_unsupported": Refusal(
        400,
        "invalid_request_error",
        "false",
        "Ollama refused the request: registry.ollama.ai/library/tiny-plain:late…",
    ),
    "16_chat_think_unsupported": Refusal(
        400,
        "invalid_request_error",
        "false",
        'Ollama refused the request: "tiny" does not support thinking',
    ),
    "16b_chat_think_unsupported_stream": Refusal(
        400,
        "invalid_request_error",
        "false",
        'Ollama refused the request: "tiny" does not support thinking',
    ),
    "17d_chat_think_bad": Refusal(
        400,
        "invalid_request_error",
        "false",
        'Ollama refused the request: invalid think value: "banana" (must be "hi…',
    ),
    "18_chat_missing_model": Refusal(
        404,
        "not_found_error",
        "false",
        "Ollama has no model nope (asked for as m). Pull it with `ollama pull nop…",
    ),
    "18b_chat_no_model": Refusal(
        400, "invalid_request_error", "false", "Ollama refused the request: model is required"
    ),
    "19_chat_malformed": Refusal(
        400, "invalid_request_error", "false", "Ollama refused the request: unexpected EOF"
    ),
    "19b_chat_wrong_type": Refusal(
        400,
        "invalid_request_error",
        "false",
        "Ollama refused the request: json: cannot unmarshal string into Go stru…",
    ),
    "19c_chat_empty_body": Refusal(
        400, "invalid_request_error", "false", "Ollama refused the request: missing request body"
    ),
    "19d_chat_content_array": Refusal(
        400,
        "invalid_request_error",
        "false",
        "Ollama refused the request: json: cannot unmarshal array into Go struc…",
    ),
    "19g_chat_bad_options": Refusal(
        500, "api_error", "false", 'Ollama failed: option "temperature" must be of type float32'
    ),
    "19i_chat_args_string": Refusal(
        400,
        "invalid_request_error",
        "false",
        "Ollama refused the request: Value looks like object, but can't find cl…",
    ),
    "21c_chat_format_bad": Refusal(
        500,
        "api_error",
        "false",
        'Ollama failed: invalid format: "\\"xml\\""; expected "json" or a valid J…',
    ),
    "23_404": Refusal(
        502,
        "api_error",
        "false",
        "What answers for Ollama has no such address: 404 page not found. Check …",
    ),
    "24_405": Refusal(500, "api_error", "false", "Ollama failed: 405 method not allowed"),
    "31b_overlong_truncate_false": Refusal(
        400, "invalid_request_error", "false", "prompt is too long: 2714 tokens > 1024 maximum"
    ),
    "31c_overlong_truncate_false_stream": Refusal(
        400, "invalid_request_error", "false", "prompt is too long: 2714 tokens > 1024 maximum"
    ),
    "34_image_on_text_model": Refusal(
        400,
        "invalid_request_error",
        "false",
        "Ollama refused the request: Multimodal data provided, but model does n…",
    ),
    "78_runner_killed_chat_nostream": Refusal(
        500,
        "api_error",
        "false",
        "Ollama failed: an error was encountered while running the model: unexp…",
    ),
    "84_host_header_foreign": Refusal(
        400, "invalid_request_error", "false", "Ollama refused the request: 400 Bad Request"
    ),
    "84b_origin_foreign": Refusal(
        403,
        "permission_error",
        "false",
        "Ollama refused access: (empty body). Check OLLAMA_BASE_URL…",
    ),
    "85_cloud_model": Refusal(
        403,
        "permission_error",
        "false",
        "Ollama refused access: ollama cloud is disabled: remote model is unavailable",
    ),
    "86c_name_tag_missing": Refusal(
        404,
        "not_found_error",
        "false",
        "Ollama has no model tiny:7b (asked for as m). Pull it with `ollama pull …",
    ),
    "91_no_runner_chat": Refusal(
        500,
        "api_error",
        "false",
        "Ollama failed: error starting llama-server: llama-server binary not fo…",
    ),
}
