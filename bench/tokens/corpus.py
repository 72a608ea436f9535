# ruff: noqa: INP001 - a script beside its modules, run from this folder
"""The texts: what goes through the proxy, from the standard library, packages and our own words."""

import base64
import hashlib
import inspect
import json
import pydoc
import random
import sysconfig
import tarfile
import textwrap
from collections.abc import Iterable
from pathlib import Path

from vocabularies import archive, member

HERE = Path(__file__).parent
PIECE = 3000
PIECES = 40
OWN = 2000

_MODULES = "argparse asyncio/tasks dataclasses http/client json/decoder pathlib subprocess typing"
_SOURCES = "client core/streaming core/error lib/transform-json-schema resources/messages/messages"
_DESCRIBED = ("subprocess", "shutil", "json", "os.path", "textwrap", "tempfile", "glob", "zipfile")


def texts() -> dict[str, list[str]]:
    """Return the pieces of text of each kind; the same on every run with the same packages."""
    return {
        "english": _pieces([_own("english.txt"), *_topics()]),
        "python": _pieces(_library(name) for name in _MODULES.split()),
        "typescript": _pieces(_sdk()),
        "json": _pieces(_json_documents()),
        "tool schemas": _pieces([json.dumps(schemas(), separators=(",", ":"))]),
        "chinese": _pieces([*_guides(), _messages("zh-cn")]),
        "chinese prose": _pieces(_own("chinese.txt").split("\n\n")),
        "japanese": _pieces([_messages("ja")]),
        "japanese prose": _pieces(_own("japanese.txt").split("\n\n")),
        "base64": _pieces([base64.b64encode(_noise(120_000)).decode()]),
        "shell output": _pieces(_listings()),
        "numbers": _pieces(_figures()),
        "other languages": _pieces(_messages(language) for language in ("ko", "ru", "de", "fr")),
        "prompts": prompts(),
    }


def own_texts() -> dict[str, str]:
    """Return a text of each kind that we wrote or made ourselves."""
    source = HERE.parents[1] / "cc_proxy/app/translate/prompt/turns.py"
    return {
        "english": _own("english.txt"),
        "python": source.read_text(encoding="utf-8")[:OWN],
        "typescript": _own("typescript.ts"),
        "json": _json_documents()[0][:OWN],
        "tool schemas": _own("tools.json"),
        "chinese": _own("chinese.txt"),
        "japanese": _own("japanese.txt"),
        "base64": base64.b64encode(_noise(OWN)).decode()[:OWN],
        "shell output": _listings()[2][:OWN],
        "numbers": _figures()[2][:OWN],
    }


def prompts() -> list[str]:
    """Return what Claude Code puts into a request: instructions, tools, a file that was read."""
    library = [_library(name) for name in _MODULES.split()]
    topics = _topics()
    tools = json.dumps(schemas(), separators=(",", ":"))
    return [
        "\n\n".join((topics[place][:4000], tools[: 4000 + 900 * place], numbered(code[:3000])))
        for place, code in enumerate(library)
    ]


def schemas() -> list[dict[str, object]]:
    """Return functions of the standard library as tool definitions."""
    tools = []
    for module in _DESCRIBED:
        for name, function in inspect.getmembers(pydoc.locate(module), inspect.isfunction):
            text = inspect.getdoc(function)
            if name.startswith("_") or not text:
                continue
            arguments = inspect.signature(function).parameters
            properties = {
                argument: {"type": "string", "description": f"The {argument} of {name}."}
                for argument in arguments
            }
            schema = {"type": "object", "properties": properties, "required": [*arguments][:1]}
            tool = {"name": name, "description": text, "parameters": schema}
            tools.append({"type": "function", "function": tool})
    return tools


def numbered(code: str) -> str:
    """Return lines with their numbers, as the Read tool gives them to the model."""
    return "\n".join(f"{place:6}\t{line}" for place, line in enumerate(code.splitlines(), 1))


def _pieces(documents: Iterable[str]) -> list[str]:
    cut = [
        document[start : start + PIECE]
        for document in documents
        for start in range(0, max(1, len(document) - PIECE // 3), PIECE)
        if len(document) > PIECE // 50
    ]
    return random.Random(1).sample(cut, min(PIECES, len(cut)))  # noqa: S311 - a fixed choice


def _own(name: str) -> str:
    return (HERE / "texts" / name).read_text(encoding="utf-8")


def _topics() -> list[str]:
    from pydoc_data.topics import topics  # noqa: PLC0415 - half a megabyte of documentation

    return [textwrap.dedent(text) for _, text in sorted(topics.items()) if len(text) > PIECE]


def _library(name: str) -> str:
    return Path(sysconfig.get_path("stdlib"), f"{name}.py").read_text(encoding="utf-8")


def _sdk() -> list[str]:
    pattern = "anthropic-ai-sdk*.tgz"
    with tarfile.open(archive(pattern)) as package:
        names = set(package.getnames())
    wanted = [f"package/src/{name}.ts" for name in _SOURCES.split()]
    return [member(pattern, name).decode() for name in wanted if name in names]


def _messages(language: str) -> str:
    """Return TypeScript's error messages (Apache-2.0) in a language, as one text."""
    name = f"package/lib/{language}/diagnosticMessages.generated.json"
    lines = list(json.loads(member("typescript*.tgz", name)).values())
    random.Random(2).shuffle(lines)  # noqa: S311 - a fixed order
    return "\n".join(lines[:800])


def _guides() -> list[str]:
    """Return guides in Chinese out of dashscope (Apache-2.0)."""
    names = ("README_zh.md", "04_real_world_scenarios/README_zh.md")
    return [member("dashscope*.whl", f"dashscope/examples/{name}").decode() for name in names]


def _json_documents() -> list[str]:
    rng = random.Random(3)  # noqa: S311 - the same documents every time
    rows = [
        {
            "id": hashlib.md5(bytes([n % 256]), usedforsecurity=False).hexdigest(),
            "name": rng.choice(("index.ts", "README.md", "src/app/main.py", "build error")),
            "created_at": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 24:02}:07:{n % 60:02}.120Z",
            "size": rng.randrange(10**6),
            "score": rng.random(),
            "tags": rng.sample(["beta", "cli", "network", "slow", "windows"], 2),
            "ok": rng.random() > 0.5,  # noqa: PLR2004 - a coin
            "parent": None,
        }
        for n in range(120)
    ]
    manifests = [
        json.loads(member("anthropic-ai-sdk*.tgz", "package/package.json")),
        json.loads(member("typescript*.tgz", "package/package.json")),
    ]
    return [
        json.dumps(rows),
        json.dumps(rows, indent=2),
        json.dumps(rows, separators=(",", ":")),
        *(json.dumps(manifest, indent=2) for manifest in manifests),
        json.dumps(schemas(), indent=2)[: 8 * PIECE],
    ]


def _listings() -> list[str]:
    rng = random.Random(4)  # noqa: S311 - the same listing every time
    names = sorted(path.name for path in Path(sysconfig.get_path("stdlib")).glob("*.py"))
    listing = "\n".join(
        f"-rw-r--r-- 1 dev dev {rng.randrange(10**6):7} Nov {n % 28 + 1:2} 10:{n % 60:02} {name}"
        for n, name in enumerate(names)
    )
    found = "\n".join(
        f"./src/lib/{name}:{rng.randrange(900)}:    def {name[:-3]}_test(self):" for name in names
    )
    log = "\n".join(
        f"2026-11-22 10:{n // 60:02}:{n % 60:02},{rng.randrange(1000):03} INFO "
        f"req_{rng.getrandbits(96):x} ok bytes={rng.randrange(10**5)} total_ms={n * 7}"
        for n in range(90)
    )
    tests = "\n".join(f"tests/test_{name[:-3]}.py::test_{name[:-3]} PASSED" for name in names)
    return [listing, found, log, tests]


def _figures() -> list[str]:
    rng = random.Random(6)  # noqa: S311 - the same figures every time
    lower = _noise(5000).hex()
    upper = "\n".join(_noise(24).hex(" ").upper() for _ in range(120))
    table = "\n".join(",".join(f"{rng.random() * 10**4:.3f}" for _ in range(8)) for _ in range(150))
    whole = " ".join(str(rng.randrange(10 ** rng.randrange(1, 9))) for _ in range(1500))
    return [lower, upper, table, whole, "".join(rng.choices("0123456789", k=PIECE))]


def _noise(size: int) -> bytes:
    return random.Random(5).randbytes(size)  # noqa: S311 - what an image looks like
