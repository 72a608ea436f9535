"""Variables as shells set and remove them."""

import shlex
from collections.abc import Mapping, Sequence

SHELLS = ("sh", "bash", "zsh", "fish", "powershell")
# PowerShell takes the typographic quotes for quotes too.
_POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"


def lines(shell: str, wanted: Mapping[str, str], unset: Sequence[str]) -> list[str]:
    """Return what a shell of `SHELLS` must run to remove some variables and to set others.

    Values may hold anything, line ends too; names are names of variables.
    """
    match shell:
        case "fish":
            removed = [f"set -e {name}" for name in unset]
            return removed + [f"set -gx {name} {_fish(value)}" for name, value in wanted.items()]
        case "powershell":
            removed = [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in unset]
            return removed + [f"$env:{name} = {_powershell(v)}" for name, v in wanted.items()]
        case _:
            removed = [f"unset {name}" for name in unset]
            return removed + [f"export {name}={shlex.quote(v)}" for name, v in wanted.items()]


def command_line(shell: str, words: Sequence[str]) -> str:
    """Return a command with its arguments as one line of the shell."""
    if shell == "powershell":
        return " ".join(word if _is_plain(word) else _powershell(word) for word in words)
    return shlex.join(words)


def _is_plain(word: str) -> bool:
    return shlex.quote(word) == word


def _fish(value: str) -> str:
    # In single quotes fish knows these two escapes and no other.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(value: str) -> str:
    return "'" + "".join(c * 2 if c in _POWERSHELL_QUOTES else c for c in value) + "'"
