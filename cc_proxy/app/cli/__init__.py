"""The command line: the program `cc-proxy` begins here."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Run `cc-proxy` with these arguments, or sys.argv's, and exit with its code."""
    arguments = _spelt_out(list(sys.argv[1:] if argv is None else argv))
    try:
        _run(arguments)
    except KeyboardInterrupt:  # Ctrl-C before click has taken over
        sys.exit(130)


def _spelt_out(arguments: list[str]) -> list[str]:
    """Return the arguments with the usual short forms replaced by the flags that they stand for."""
    match arguments:
        case ["help", *words]:
            return [*words, "--help"]
        case ["version" | "-V", *words]:
            return ["--version", *words]
        case _:
            return arguments


def _run(arguments: list[str]) -> None:
    from cc_proxy.app import help_pages  # noqa: PLC0415 - so that Ctrl-C finds `main` at work

    if help_pages.show(arguments):
        return
    # Claude Code runs it every few seconds, and gives it JSON.
    if arguments == ["statusline"] and sys.stdin is not None and not sys.stdin.isatty():
        from cc_proxy.app.cli.statusline import quick  # noqa: PLC0415 - no other command needs it

        quick.show()
        return
    from cc_proxy.app.cli import commands  # noqa: PLC0415 - click takes longer than all the above

    commands.main(arguments)
