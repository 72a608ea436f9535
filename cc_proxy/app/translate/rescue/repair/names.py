"""The declared tool that a model means by a name."""

import re
from collections.abc import Collection, Iterable

_PREFIX = re.compile(
    r"(?:(?:functions?|tools?|default_api|api|assistant|multi_tool_use)[./:]|functions?_)",
    re.IGNORECASE,
)
_COUNTER = re.compile(r":\d+$")
# The API allows 128 characters; a prefix, a counter and separators may be added.
MAX_NAME_CHARS = 400
_SEPARATORS = re.compile(r"[^0-9a-z]+")
# Names of the same tools elsewhere. They are only taken where nothing else has the name.
_ELSEWHERE = {
    "read": ("readfile", "viewfile", "openfile", "filereader", "readfiletool", "fileread"),
    "write": ("writefile", "createfile", "savefile", "filewrite", "writetofile"),
    "edit": (
        *("editfile", "strreplace", "strreplaceeditor", "strreplacebasededittool", "replaceinfile"),
        *("fileedit", "searchreplace"),
    ),
    "bash": (
        *("runshellcommand", "shell", "executecommand", "runcommand", "terminal", "executebash"),
        *("runterminalcmd", "bashcommand", "shellcommand", "runbash", "execcommand"),
    ),
    "grep": ("grepsearch", "searchfilecontent", "ripgrep", "searchcode"),
    "glob": ("globsearch", "findfiles", "filesearch"),
}


class ToolNames:
    """The names of the declared tools, as models misspell them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._folded: dict[str, str | None] = {}
        self._plain: dict[str, str | None] = {}
        for name in sorted(self._names):
            _enter(self._folded, name.casefold(), name)
            _enter(self._plain, _plain(name), name)
        self._elsewhere = {
            other: meant
            for plain, others in _ELSEWHERE.items()
            if (meant := self._plain.get(plain)) is not None
            for other in others
        }

    def resolve(self, written: str, *, elsewhere: bool = False) -> str | None:
        """Return the declared name that is meant, None when there is none or more than one.

        It is the exact one, else the only one but for letter case, else the only one but for
        separators (`todo_write`, `mcp__git_hub__x`). A prefix (`functions.`) and a counter (`:0`)
        are left out. `elsewhere`: also the names that other programs give to the same tools.
        """
        if written in self._names:
            return written
        if len(written) > MAX_NAME_CHARS:
            return None
        name = bare_name(written)
        if name in self._names:
            return name
        folded, plain = name.casefold(), _plain(name)
        if folded in self._folded:
            return self._folded[folded]
        if plain in self._plain:
            return self._plain[plain]
        return self._elsewhere.get(plain) if elsewhere else None


def bare_name(written: str) -> str:
    """Return a tool's name without what families put around it: quotes, a prefix, a counter."""
    name = _COUNTER.sub("", written.strip(" \t\r\n\"'`"))
    while (prefix := _PREFIX.match(name)) and prefix.end() < len(name):
        name = name[prefix.end() :]
    return name


def resolve_tool(written: str, declared: Collection[str]) -> str | None:
    """Return the declared tool that a native call means, None when there is none."""
    if written in declared:
        return written
    return ToolNames(declared).resolve(written, elsewhere=True)


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name.casefold())


def _enter(table: dict[str, str | None], key: str, name: str) -> None:
    table[key] = None if key in table else name
