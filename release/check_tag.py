"""`python -m release.check_tag v1.2.3`: refuse a tag that is not this version."""

import re
import sys
from pathlib import Path

from cc_proxy import __version__
from release.build import ROOT
from release.commands import ReleaseError, say


def check(tag: str, version: str, changelog: str) -> None:
    """Compare a tag with the version in the code and with the changelog.

    Raises:
        ReleaseError: one of them says something else.

    """
    if tag != f"v{version}":
        raise ReleaseError(
            f"expected the tag v{version}, as cc_proxy.__version__ is {version}, found {tag}. "
            "Change one of them."
        )
    heading = re.search(rf"^## \[{re.escape(version)}\](.*)$", changelog, re.MULTILINE)
    if heading is None or not re.search(r"\d{4}-\d{2}-\d{2}", heading[1]):
        raise ReleaseError(
            f"expected `## [{version}] - YYYY-MM-DD` in CHANGELOG.md, "
            f"found {heading[0] if heading else 'no such section'!r}. Move what is under "
            "Unreleased there."
        )


def main(arguments: list[str]) -> int:
    """Check the tag that is named, or say how to name one."""
    if len(arguments) != 1:
        say("Usage: python -m release.check_tag v1.2.3")
        return 2
    try:
        check(arguments[0], __version__, Path(ROOT, "CHANGELOG.md").read_text(encoding="utf-8"))
    except ReleaseError as error:
        say(f"Not released: {error}")
        return 1
    say(f"{arguments[0]} is the version in the code and in the changelog.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
