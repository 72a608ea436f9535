"""Completing arguments in a shell: click's own way, but for names with colons in bash."""

import os

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

PROGRAM = "cc-proxy"
# click's own name for it.
VARIABLE = "_CC_PROXY_COMPLETE"

_BASH = """\
%(complete_func)s() {
    local line type value
    COMPREPLY=()
    while IFS= read -r line; do
        type=${line%%%%,*} value=${line#*,}
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE=${COMP_LINE:0:COMP_POINT} COMP_WORDBREAKS=$COMP_WORDBREAKS \\
        %(complete_var)s=bash_complete %(prog_name)s)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """bash, where a colon ends a word unless the person has said otherwise.

    So click would be shown `qwen3:4` as three words; here it is shown the line, and what bash
    takes for the word before is left out of the answer.
    """

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and that one."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        if line[-1:].isspace() or not words:
            words.append("")
        return words[1:-1], words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        """Return the candidates for the word, without the part that bash takes for another word."""
        found = super().get_completions(args, incomplete)
        for mark in ":=":
            if mark in os.environ.get("COMP_WORDBREAKS", ":=") and mark in incomplete:
                before = incomplete.rpartition(mark)[0] + mark
                for item in found:
                    item.value = item.value.removeprefix(before)
        return found


def register() -> None:
    """Have click answer bash in this way."""
    add_completion_class(Bash, "bash")


def script(shell: str) -> str:
    """Return the script that has a shell ask cc-proxy; `shell` is a name that click knows."""
    from cc_proxy.app.cli.commands import group  # noqa: PLC0415 - which imports this

    register()
    complete: type[ShellComplete] | None = get_completion_class(shell)
    assert complete is not None  # noqa: S101 - the command takes no other name
    # click's own for bash runs a bash to see how old it is; this one works from 4.4 on.
    made = complete(group, {}, PROGRAM, VARIABLE)
    return complete.source_template % made.source_vars()
