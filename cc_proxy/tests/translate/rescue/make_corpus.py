"""Writes calls.json: what models write when they mean a call, family by family.

    python make_corpus.py

Shapes are read off chat templates and parsers; each is rendered here by its own few lines, so that
the reader under test is not its own judge.
"""

# ruff: noqa: RUF001 - the fullwidth bars are what models write

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("calls.json")
SCHEMAS = Path(__file__).with_name("tools.json")

Arguments = dict[str, Any]
Call = tuple[str, Arguments]
Render = Callable[[list[Call]], str]

LONG = (
    '# Notes\n\n```python\nvalues = {\'a\': [1, 2], "b": "}"}\n```\n\n'
    '<p>It\'s 5 < 6 && "quoted"</p>\n\tindented \\n kept — Grüße, 你好\n'
)
BEANS = (
    '<bean>\n  <parameter name="a">1</parameter>\n  <parameter name="b">2</parameter>\n</bean>\n'
)
# A page about calls, in the tags of each family that has tags: whatever family writes it, some are
# its own.
PAGE = (
    "GLM writes\n\n<tool_call>Read\n<arg_key>file_path</arg_key>\n<arg_value>a</arg_value>\n"
    '</tool_call>\n\nMiniMax <invoke name="Read"><parameter name="file_path">a</parameter>'
    "</invoke>\nand Qwen <function=Read><parameter=file_path>a</parameter></function>\n"
    'or, alone,\n<tool_call>\n{"name": "Read", "arguments": {}}\n</tool_call>\n\nEnd.\n'
)
SCRIPT = (
    "cat > run.sh <<'EOF'\nset -e\nfor f in *.{ts,tsx}; do\n"
    '  sed -i "s/\\bfoo(\\([^)]*\\))/bar(\\1)/" "$f" && printf \'%s\\n\' "${f%.*}"\ndone\nEOF\n'
)
CALLS: list[tuple[str, Call]] = [
    ("one", ("Read", {"file_path": "/src/app.py"})),
    ("numbers", ("Read", {"file_path": "/src/a b.py", "offset": 10, "limit": 200})),
    (
        "shell",
        ("Bash", {"command": "ls -la \"my dir\" | grep -v '{x}' && echo ${A}", "timeout": 5000}),
    ),
    ("flag", ("Bash", {"command": "npm run dev", "run_in_background": True})),
    ("long", ("Write", {"file_path": "notes.md", "content": LONG})),
    ("regex", ("Grep", {"pattern": "\\bdef\\s+\\w+\\(", "glob": "*.py"})),
    (
        "nested",
        (
            "TodoWrite",
            {
                "todos": [
                    {"content": "Fix {it}", "status": "pending"},
                    {"content": "b", "status": "done"},
                ]
            },
        ),
    ),
    (
        "server",
        ("mcp__git-hub__create_issue", {"title": "A, b; c", "labels": ["x"], "draft": False}),
    ),
    ("dashed", ("Grep", {"pattern": "a|b", "-n": True})),
    ("heredoc", ("Bash", {"command": SCRIPT + "sh run.sh"})),
    ("beans", ("Edit", {"file_path": "b.xml", "old_string": BEANS, "new_string": BEANS * 2})),
    ("page", ("Write", {"file_path": "calls.md", "content": PAGE})),
    ("unicode", ("Edit", {"file_path": "ü.txt", "old_string": "„alt“", "new_string": "«neu» 😀"})),
]
# What a model gets wrong about arguments is not mended here: it is a call all the same.
BAD: list[tuple[str, Call]] = [
    ("wrong-type", ("Read", {"file_path": "a.py", "limit": "two hundred"})),
    ("extra-key", ("Read", {"file_path": "a.py", "encoding": "utf-8"})),
    ("missing-key", ("Edit", {"file_path": "a.py", "old_string": "x"})),
]
SEVERAL: list[Call] = [
    ("Read", {"file_path": "a.py"}),
    ("Grep", {"pattern": "x y", "glob": "*.md"}),
    ("Read", {"file_path": "a.py"}),
]
PROSE = [
    "I'll look at the file first.\n\n",
    "Let me check that.\n",
    "The test fails because the module cannot be found. I need to see what is there:\n\n",
    "Sure!\n\n1. Look at the code\n2. Change it\n\nFirst the code.\n",
]


def dumps(value: object, **how: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **how)


def obj(call: Call, key: str = "arguments", **how: Any) -> str:
    return dumps({"name": call[0], key: call[1]}, **how)


def raw(value: object) -> str:
    return value if isinstance(value, str) else dumps(value)


def hermes(calls: list[Call]) -> str:
    return "\n".join(f"<tool_call>\n{obj(call)}\n</tool_call>" for call in calls)


def hermes_string(calls: list[Call]) -> str:
    return "".join(
        "<tool_call>" + dumps({"arguments": dumps(a), "name": n}) + "</tool_call>" for n, a in calls
    )


def tools_tag(calls: list[Call]) -> str:
    return "<tools>\n" + "\n".join(obj(c) for c in calls) + "\n</tools>"


def bare(calls: list[Call]) -> str:
    return "\n".join(obj(c, indent=2) for c in calls)


def fence(calls: list[Call]) -> str:
    return "\n\n".join(f"```json\n{obj(c, indent=2)}\n```" for c in calls)


def fence_list(calls: list[Call]) -> str:
    return "```json\n" + dumps([{"name": n, "parameters": a} for n, a in calls]) + "\n```"


def qwen(calls: list[Call]) -> str:
    return "\n".join(f"<tool_call>\n{function(c)}\n</tool_call>" for c in calls)


def function(call: Call) -> str:
    inner = "".join(f"<parameter={k}>\n{raw(v)}\n</parameter>\n" for k, v in call[1].items())
    return f"<function={call[0]}>\n{inner}</function>"


def qwen_orphan(calls: list[Call]) -> str:
    return "\n".join(f"{function(c)}\n</tool_call>" for c in calls)


def llama(calls: list[Call]) -> str:
    return "; ".join(obj(c, "parameters") for c in calls)


def llama_tag(calls: list[Call]) -> str:
    return f"<|python_tag|>{llama(calls)}<|eom_id|>"


def llama_function(calls: list[Call]) -> str:
    return "".join(f"<function={n}>{dumps(a)}</function>" for n, a in calls)


def python(call: Call) -> str:
    name, arguments = call
    return f"{name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"


def pythonic(calls: list[Call]) -> str:
    return f"[{', '.join(python(c) for c in calls)}]"


def llama4(calls: list[Call]) -> str:
    return f"<|python_start|>{pythonic(calls)}<|python_end|>"


def lfm2(calls: list[Call]) -> str:
    return f"<|tool_call_start|>{pythonic(calls)}<|tool_call_end|>"


def olmo(calls: list[Call]) -> str:
    return "<function_calls>" + "\n".join(python(c) for c in calls) + "</function_calls>"


def tool_code(calls: list[Call]) -> str:
    return "```tool_code\n" + "\n".join(python(c) for c in calls) + "\n```"


def mistral(calls: list[Call]) -> str:
    return "[TOOL_CALLS] " + dumps([{"name": n, "arguments": a} for n, a in calls])


def mistral_args(calls: list[Call]) -> str:
    return "".join(f"[TOOL_CALLS]{n}[ARGS]{dumps(a)}" for n, a in calls)


def mistral_id(calls: list[Call]) -> str:
    return "".join(f"[TOOL_CALLS]{n}[CALL_ID]a1B2c3D4e[ARGS]{dumps(a)}" for n, a in calls)


def deepseek(calls: list[Call]) -> str:
    inner = "\n".join(
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{n}\n```json\n{dumps(a)}\n```<｜tool▁call▁end｜>"
        for n, a in calls
    )
    return f"<｜tool▁calls▁begin｜>{inner}<｜tool▁calls▁end｜><｜end▁of▁sentence｜>"


def deepseek31(calls: list[Call]) -> str:
    inner = "".join(
        f"<｜tool▁call▁begin｜>{n}<｜tool▁sep｜>{dumps(a)}<｜tool▁call▁end｜>" for n, a in calls
    )
    return f"<｜tool▁calls▁begin｜>{inner}<｜tool▁calls▁end｜>"


def dsml(calls: list[Call]) -> str:
    def inner(arguments: Arguments) -> str:
        return "".join(
            f'<｜DSML｜parameter name="{k}" string="{"true" if isinstance(v, str) else "false"}">'
            f"{raw(v)}</｜DSML｜parameter>\n"
            for k, v in arguments.items()
        )

    body = "".join(f'<｜DSML｜invoke name="{n}">\n{inner(a)}</｜DSML｜invoke>\n' for n, a in calls)
    return f"<｜DSML｜function_calls>\n{body}</｜DSML｜function_calls>"


def glm(calls: list[Call]) -> str:
    return "\n".join(
        f"<tool_call>{n}\n"
        + "".join(
            f"<arg_key>{k}</arg_key>\n<arg_value>{raw(v)}</arg_value>\n" for k, v in a.items()
        )
        + "</tool_call>"
        for n, a in calls
    )


def glm_tight(calls: list[Call]) -> str:
    return "\n".join(
        f"<tool_call>{n}"
        + "".join(f"<arg_key>{k}</arg_key><arg_value>{raw(v)}</arg_value>" for k, v in a.items())
        + "</tool_call>"
        for n, a in calls
    )


def kimi(calls: list[Call]) -> str:
    inner = "".join(
        f"<|tool_call_begin|>functions.{n}:{i}<|tool_call_argument_begin|>{dumps(a)}<|tool_call_end|>"
        for i, (n, a) in enumerate(calls)
    )
    return f"<|tool_calls_section_begin|>{inner}<|tool_calls_section_end|>"


def minimax(calls: list[Call]) -> str:
    return "<tool_calls>\n" + "\n".join(obj(c) for c in calls) + "\n</tool_calls>"


def minimax_m2(calls: list[Call]) -> str:
    def inner(arguments: Arguments) -> str:
        return "".join(
            f'<parameter name="{k}">{raw(v)}</parameter>\n' for k, v in arguments.items()
        )

    body = "".join(f'<invoke name="{n}">\n{inner(a)}</invoke>\n' for n, a in calls)
    return f"<minimax:tool_call>\n{body}</minimax:tool_call>"


def harmony(calls: list[Call]) -> str:
    return "<|start|>assistant".join(
        f"<|channel|>commentary to=functions.{n} <|constrain|>json<|message|>{dumps(a)}<|call|>"
        for n, a in calls
    )


def harmony_role(calls: list[Call]) -> str:
    return "".join(
        f"<|start|>assistant to=functions.{n}<|channel|>commentary json<|message|>"
        f"{dumps(a)}<|call|>"
        for n, a in calls
    )


def harmony_lost(calls: list[Call]) -> str:
    return "\n".join(f"assistantcommentary to=functions.{n} json{dumps(a)}" for n, a in calls)


def gemma4(calls: list[Call]) -> str:
    def value(item: object) -> str:
        if isinstance(item, str):
            return f'<|"|>{item}<|"|>'
        if isinstance(item, list):
            return f"[{','.join(value(v) for v in item)}]"
        if isinstance(item, dict):
            return "{" + ",".join(f"{k}:{value(v)}" for k, v in item.items()) + "}"
        return dumps(item)

    return "".join(f"<|tool_call>call:{n}{value(a)}<tool_call|>" for n, a in calls)


def granite(calls: list[Call]) -> str:
    return "<|tool_call|> " + dumps([{"arguments": a, "name": n} for n, a in calls])


def granite_tag(calls: list[Call]) -> str:
    return "<tool_call> " + dumps([{"name": n, "arguments": dumps(a)} for n, a in calls])


def phi(calls: list[Call]) -> str:
    return "functools" + dumps([{"name": n, "arguments": a} for n, a in calls])


def phi_tag(calls: list[Call]) -> str:
    return "".join(f"<|tool_call|>{obj(c)}<|/tool_call|>" for c in calls)


def command_r(calls: list[Call]) -> str:
    inner = dumps([{"tool_name": n, "parameters": a} for n, a in calls], indent=4)
    return f"Action: ```json\n{inner}\n```"


def command_a(calls: list[Call]) -> str:
    inner = dumps(
        [
            {"tool_call_id": str(i), "tool_name": n, "parameters": a}
            for i, (n, a) in enumerate(calls)
        ]
    )
    return f"<|START_ACTION|>{inner}<|END_ACTION|>"


def seed_oss(calls: list[Call]) -> str:
    return "\n".join(f"<seed:tool_call>\n{function(c)}\n</seed:tool_call>" for c in calls)


def nemotron(calls: list[Call]) -> str:
    return f"<TOOLCALL>{dumps([{'name': n, 'arguments': a} for n, a in calls])}</TOOLCALL>"


def internlm(calls: list[Call]) -> str:
    return "".join(
        f"<|action_start|><|plugin|>\n{obj(c, 'parameters')}<|action_end|>\n" for c in calls
    )


def hunyuan(calls: list[Call]) -> str:
    inner = "\n".join(f"<tool_call>{n}\n```json\n{dumps(a)}\n```</tool_call>" for n, a in calls)
    return f"<tool_calls>\n{inner}\n</tool_calls>"


def openai(calls: list[Call]) -> str:
    def one(index: int, call: Call) -> Arguments:
        inner = {"name": call[0], "arguments": dumps(call[1])}
        return {"id": f"call_{index}", "type": "function", "function": inner}

    return dumps({"tool_calls": [one(i, c) for i, c in enumerate(calls)]})


def tool_input(calls: list[Call]) -> str:
    return "\n".join(dumps({"tool": n, "input": a}, indent=2) for n, a in calls)


def function_text(calls: list[Call]) -> str:
    return "\n".join(dumps({"function": n, "arguments": a}) for n, a in calls)


def action_input(calls: list[Call]) -> str:
    return "\n".join(
        "```json\n" + dumps({"action": n, "action_input": a}, indent=2) + "\n```" for n, a in calls
    )


STRONG: list[Render] = [
    *(hermes, hermes_string, tools_tag, qwen, qwen_orphan, llama_tag, llama_function, llama4),
    *(lfm2, olmo, mistral, mistral_args, mistral_id, deepseek, deepseek31, dsml, glm, glm_tight),
    *(kimi, minimax, minimax_m2, harmony, harmony_role, harmony_lost, gemma4, granite),
    *(granite_tag, phi, phi_tag, command_a, seed_oss, nemotron, internlm, hunyuan),
]
BARE: list[Render] = [
    *(bare, fence, fence_list, llama, pythonic, tool_code, command_r),
    *(openai, tool_input, function_text, action_input),
]
# In these an argument of the wrong type is a string either way, or Python cannot name the tool.
NO_PYTHON_NAME = {"pythonic", "llama4", "lfm2", "olmo", "tool_code"}
# Ends that get lost, and the call is whole without them.
LOST_ENDS = [
    *("\n</tool_call>", "</tool_call>", "\n</tools>", "</function>\n</tool_call>", "<|eom_id|>"),
    *("</function>", "<|python_end|>", "<|tool_call_end|>", "</function_calls>", "\n</tool_calls>"),
    *("<｜tool▁calls▁end｜><｜end▁of▁sentence｜>", "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
    *(
        "</｜DSML｜function_calls>",
        "<|tool_calls_section_end|>",
        "</minimax:tool_call>",
        "<|call|>",
    ),
    *(
        "</invoke>\n</minimax:tool_call>",
        "<tool_call|>",
        "<|/tool_call|>",
        "<|END_ACTION|>",
        "\n```",
    ),
    *("\n</seed:tool_call>", "</TOOLCALL>", "<|action_end|>\n", "\n</tool_calls>"),
    *("}\n</tool_call>", "}", "]", "}]", "}]\n```", "}<|eom_id|>"),
]
LOST_STARTS = [
    *(
        "<tool_call>\n",
        "<｜tool▁calls▁begin｜>",
        "<|tool_calls_section_begin|>",
        "<minimax:tool_call>\n",
    ),
    *(
        "<｜DSML｜function_calls>\n",
        "<|channel|>",
        "<|start|>",
        "<|start|>assistant",
        "[TOOL_CALLS]",
    ),
    *(
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>",
        "<|tool_calls_section_begin|><|tool_call_begin|>",
    ),
    *("<tool_call>", "<|tool_call>", "<seed:tool_call>\n", "<tool_calls>\n"),
]


def case(name: str, text: str, calls: list[Call], before: str = "") -> dict[str, Any]:
    return {"name": name, "text": before + text, "before": before.rstrip(), "calls": calls}


def cases() -> Iterator[dict[str, Any]]:
    for render in [*STRONG, *BARE]:
        family = render.__name__
        for label, call in CALLS:
            dashed = any("-" in name for name in (call[0], *call[1]))
            if dashed and family in NO_PYTHON_NAME:
                continue
            yield case(f"{family}, {label}", render([call]), [call])
        yield case(f"{family}, several", render(SEVERAL), SEVERAL)
        for index, before in enumerate(PROSE):
            yield case(f"{family}, after prose {index}", render(SEVERAL[:2]), SEVERAL[:2], before)
        yield case(f"{family}, a line break after", render(SEVERAL[:1]) + "\n\n", SEVERAL[:1])
        for label, call in BAD:
            yield case(f"{family}, {label}", render([call]), [call])
    for render in STRONG:
        text = render(SEVERAL[:1])
        yield (
            case(f"{render.__name__}, after a sentence", text, SEVERAL[:1], "I'll read it now.")
            if not text[0].isalpha()
            else case(render.__name__ + ", twice", text, SEVERAL[:1])
        )
    yield from damaged()


def damaged() -> Iterator[dict[str, Any]]:
    """Yield the formats with their beginning or their end lost."""
    for render in [*STRONG, *BARE]:
        text = render(SEVERAL[:1])
        for end in LOST_ENDS:
            if text.endswith(end) and not (end == "]" and "(" in text):
                yield case(f"{render.__name__}, without {end!r}", text[: -len(end)], SEVERAL[:1])
        for start in LOST_STARTS:
            if text.startswith(start):
                yield case(f"{render.__name__}, without {start!r}", text[len(start) :], SEVERAL[:1])


def corpus() -> str:
    unique = {entry["text"]: entry for entry in reversed(list(cases()))}
    lines = [dumps(entry) for entry in reversed(unique.values())]
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(corpus(), encoding="utf-8")
