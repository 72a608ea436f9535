"""The folder of a session, from what Claude Code says of it to the model."""

from collections.abc import Iterable

# "Working directory: /x" in 2.1.197, " - Primary working directory: /x" in 2.1.330.
_MARK = "orking directory: "
# It is in the system prompt or in the reminders before the user's first words.
_SEARCHED = 64 * 1024
_MAX_NAME = 80


def folder_name(texts: Iterable[str]) -> str:
    """Return the last part of the folder that these texts name, "" where they name none."""
    for text in texts:
        _, found, rest = text[:_SEARCHED].partition(_MARK)
        if found:
            path = rest.partition("\n")[0].strip().rstrip("/\\")
            return path.replace("\\", "/").rpartition("/")[2][:_MAX_NAME]
    return ""
