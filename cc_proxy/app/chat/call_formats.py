"""The formats in which a model was taught to write tool calls, by its template and its parser.

The names of the formats are those of the readers in `translate/rescue/formats`.
"""

# What a template writes before a call, and the format. Templates in Go and in Jinja have the same
# marks (read off those of Ollama's library and of llama.cpp).
_MARKS = {
    "<tool_call>": "hermes",
    "<function=": "qwen3-coder",
    "<arg_key>": "glm",
    "[TOOL_CALLS]": "mistral",
    "<|python_tag|>": "llama",
    "<｜tool▁calls▁begin｜>": "deepseek",  # noqa: RUF001 - DeepSeek's own letters
    "<｜DSML｜": "deepseek-v3.2",  # noqa: RUF001 - as above
    "<|tool_calls_section_begin|>": "kimi",
    "<|channel|>": "harmony",
    "<minimax:tool_call>": "minimax",
    "<|START_ACTION|>": "command-r",
    "<|tool_call_start|>": "lfm2",
    "<function_calls>": "olmo",
    "functools[": "phi",
    "<|action_start|>": "internlm",
    "<|tools_prefix|>": "apertus",
    "<start_function_call>": "functiongemma",
    "<|tool_call>": "gemma",
    "<|tool_call|>": "tag",
    "<seed:tool_call>": "seed-oss",
}
# The parsers that are built into Ollama (model/parsers in its source), by how their names begin.
_PARSERS = {
    "qwen3-coder": ("hermes", "qwen3-coder"),
    "qwen3.5": ("hermes", "qwen3-coder"),
    "qwen3": ("hermes",),
    "nemotron": ("hermes", "qwen3-coder"),
    "ministral": ("mistral",),
    "harmony": ("harmony",),
    "gpt-oss": ("harmony",),
    "cogito": ("deepseek",),
    "deepseek": ("deepseek", "deepseek-v3.2"),
    "olmo": ("olmo",),
    "functiongemma": ("functiongemma",),
    "gemma4": ("gemma",),
    "glm": ("hermes", "glm"),
    "lfm2": ("lfm2",),
    "minimax": ("minimax",),
    "cohere": ("command-r",),
    "command": ("command-r",),
    "apertus": ("apertus",),
    "kimi": ("kimi", "kimi-k3"),
}
# Every format that a template or a parser can name.
KNOWN_FORMATS = frozenset(_MARKS.values()).union(*_PARSERS.values())


def call_formats(template: str, parser: str = "") -> frozenset[str]:
    """Return the formats of a model's own calls, none if neither tells.

    `template` is the text of its chat template, `parser` the name of Ollama's built-in parser for
    it (empty: none). A parser overrules the template, which Ollama then does not use.
    """
    if parser:
        # The longest name is the closest: qwen3-coder is not qwen3.
        names = sorted((name for name in _PARSERS if parser.startswith(name)), key=len)
        return frozenset(_PARSERS[names[-1]]) if names else frozenset()
    return frozenset(name for mark, name in _MARKS.items() if mark in template)
