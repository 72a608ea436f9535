"""The same texts from a real llama.cpp server, whose parser reads the calls first.

A model says each text, with the chat template of Hermes. The server's parser and its grammar, which
begins with the opener of a call, take part, and cc-proxy gets what they leave. A text that the
grammar does not allow is bent: no model would say it there.
"""

import http.client
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench.toolcalls import speaking_model
from bench.toolcalls.cases import Case, Tools
from bench.toolcalls.judge import Verdict, judge
from bench.toolcalls.speaking_model import UncuttableError
from cc_proxy.app.chat.call_formats import call_formats
from cc_proxy.app.chat.messages import ChatChunk
from cc_proxy.app.practice.model import templates
from cc_proxy.app.upstreams.openai.reading import AnswerReader

_WINDOW = 16_384
_MAX_TOKENS = 600
_TEXTS_A_MODEL = 6
_SECONDS = 60.0
_OK = 200
# The end of the template: what the person says is the name of a text.
_PROMPT = "{%- if add_generation_prompt %}"
_SAY = "{{- '<|im_start|>assistant\\n<|' + messages[-1].content + '|>' }}{%- endif %}"


def takes_part(case: Case) -> bool:
    """Return whether the server's parser has something to read in a case."""
    return bool(case.text) and case.native is None and not case.thinking


def verdicts(cases: Sequence[Case], tools: Tools) -> Iterator[tuple[Case, Verdict]]:
    """Yield each case that a model can say, with what came of it; starts servers, one by one."""
    template = chat_template()
    formats = call_formats(template)
    for start in range(0, len(cases), _TEXTS_A_MODEL):
        batch = cases[start : start + _TEXTS_A_MODEL]
        for case, said in _said(batch, tools, template):
            if said is None:
                yield case, Verdict("bent", "the grammar of the server does not allow this text")
            else:
                yield case, judge(case, tools, formats, said)


def chat_template() -> str:
    """Return the template: it makes the model say the text that the person names."""
    return templates.JINJA[: templates.JINJA.rindex(_PROMPT)] + _PROMPT + _SAY


def _said(
    cases: Sequence[Case], tools: Tools, template: str
) -> Iterator[tuple[Case, list[ChatChunk] | None]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        texts = {f"s{number}": case.text for number, case in enumerate(cases)}
        try:
            tokens = speaking_model.write(path, texts, template)
        except UncuttableError:
            if len(cases) == 1:
                yield cases[0], None
                return
            half = len(cases) // 2
            yield from _said(cases[:half], tools, template)
            yield from _said(cases[half:], tools, template)
            return
        with server(path) as url:
            for name, case in zip(texts, cases, strict=True):
                chunks = answer(url, name, tools)
                whole = chunks is not None and chunks[-1].eval_count == tokens[name]
                yield case, chunks if whole else None


@contextmanager
def server(model: Path) -> Iterator[str]:
    """Run a llama.cpp server with a model; gives its address."""
    with subprocess.Popen(  # noqa: S603 - our own module
        [
            *(sys.executable, "-m", "cc_proxy.app.practice.engine.llama_server"),
            *(str(model), str(_WINDOW), "1"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.kill()


def answer(url: str, name: str, tools: Tools) -> list[ChatChunk] | None:
    """Return the chunks of the answer in which the model says a text; None if it is an error."""
    functions = [{"name": tool, "parameters": schema} for tool, schema in tools.items()]
    asked = {
        "messages": [{"role": "user", "content": name}],
        "tools": [{"type": "function", "function": function} for function in functions],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "max_tokens": _MAX_TOKENS,
    }
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_SECONDS)
    try:
        connection.request(
            "POST",
            "/v1/chat/completions",
            msgspec.json.encode(asked),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != _OK:
        return None
    reader = AnswerReader("llama.cpp")
    (chunks, trouble), (last, more) = reader.feed(body), reader.finish()
    return None if trouble or more else [*chunks, *last]
