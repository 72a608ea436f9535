"""The program, as `cc-proxy` and as `python -m cc_proxy`."""

import sys

from cc_proxy.app import help_pages


def main() -> None:
    """Run `cc-proxy` with the arguments of this process, and exit with its code."""
    if help_pages.show(sys.argv[1:]):
        return
    from cc_proxy.app import cli  # noqa: PLC0415 - click takes longer than all of the above

    cli.main()


if __name__ == "__main__":
    main()
