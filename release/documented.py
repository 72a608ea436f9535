"""`python -m release.documented FILE`: run the commands of a document, as they stand in it."""

import re
import subprocess
import sys
from pathlib import Path

from release.commands import say

# What `make` does has a job of its own, and these are for a person at a desk.
NOT_RUN = ("make ", "pipx run pre-commit")


def commands(text: str) -> list[str]:
    """Return the lines of the indented code blocks of a Markdown text that are commands."""
    indented = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return [line for line in indented if not line.startswith(NOT_RUN)]


def main(arguments: list[str]) -> int:
    """Run them one by one in the working directory; end with the first that fails."""
    if len(arguments) != 1:
        say("Usage: python -m release.documented FILE")
        return 2
    for command in commands(Path(arguments[0]).read_text(encoding="utf-8")):
        say(f"$ {command}")
        done = subprocess.run(command, shell=True, check=False)  # noqa: S602 -- our own document
        if done.returncode:
            say(f"`{command}` ended with {done.returncode}.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
