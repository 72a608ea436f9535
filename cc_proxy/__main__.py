"""The program, as `cc-proxy` and as `python -m cc_proxy`."""

import sys


def main() -> None:
    """Run `cc-proxy` with the arguments of this process, and exit with its code."""
    try:
        _run()
    except KeyboardInterrupt:  # before there was anybody else to take it
        sys.exit(130)


def _run() -> None:
    from cc_proxy.app import help_pages  # noqa: PLC0415 - so that Ctrl-C finds `main` at work

    if help_pages.show(sys.argv[1:]):
        return
    from cc_proxy.app import cli  # noqa: PLC0415 - click takes longer than all of the above

    cli.main()


if __name__ == "__main__":
    main()
