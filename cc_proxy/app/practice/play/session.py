"""The built-in session: a small program is written, read, changed and run."""

import re
from collections.abc import Mapping
from typing import Any

from cc_proxy.app.practice.requests.decoding import ApiChatRequest

PROMPT = (
    "Please write a small program greet.py in this folder, read it once more, make it greet by"
    " name, run it, and find the line that greets. [practice: demo]"
)
CLOSING = (
    "Done: greet.py was written, read, changed, run and searched, with the tools of the client."
    " One thing to be clear about: this was the practice model of cc-proxy. It plays a fixed"
    " script, and no real model was asked."
)

# Claude Code tells the folder it works in: 2.1.197 in its system prompt, 2.1.330 in the first
# user turn (" - Primary working directory: /x").
_FOLDER = re.compile(r"(?:working directory|cwd): *((?:/|[A-Z]:\\)[^\n<]*)", re.IGNORECASE)
_FIRST_VERSION = '''"""Says hello."""


def greeting():
    return "Hello!"


if __name__ == "__main__":
    print(greeting())
'''


def turns(request: ApiChatRequest) -> list[dict[str, Any]]:
    """Return the turns of the session, for the tools that the request really declares."""
    folder = working_folder(request)
    path = f"{folder.rstrip('/')}/greet.py" if folder else "greet.py"
    wanted = [
        ("I'll write the file first.", "Write", {"file_path": path, "content": _FIRST_VERSION}),
        ("Now I read it once more.", "Read", {"file_path": path}),
        (
            "It should greet by name.",
            "Edit",
            {
                "file_path": path,
                "old_string": 'def greeting():\n    return "Hello!"',
                "new_string": 'def greeting(name="practice"):\n    return f"Hello, {name}!"',
            },
        ),
        (
            "And now I run it.",
            "Bash",
            {"command": f"python3 {_quoted(path)}", "description": "Run greet.py"},
        ),
        ("Last, the line that greets.", *_search(request.tool_names, path)),
    ]
    declared = frozenset(request.tool_names)
    played: list[dict[str, Any]] = [
        {"text": text, "calls": [{"name": tool, "arguments": arguments}]}
        for text, tool, arguments in wanted
        if tool in declared
    ]
    return [*played, {"text": CLOSING}]


def working_folder(request: ApiChatRequest) -> str | None:
    """Return the folder that the client works in, if its prompt tells."""
    for message in request.messages:
        if message.role in ("system", "user") and (found := _FOLDER.search(message.content)):
            return found[1].strip()
    return None


def _search(declared: tuple[str, ...], path: str) -> tuple[str, Mapping[str, Any]]:
    if "Grep" in declared:
        return "Grep", {"pattern": "Hello", "path": path, "output_mode": "content"}
    if "Bash" in declared:
        command = f"grep -n Hello {_quoted(path)}"
        return "Bash", {"command": command, "description": "Find the line that greets"}
    return "Read", {"file_path": path}


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
