"""A hook of the documentation site: links that leave docs/ lead to the repository.

In a checkout they are relative, so that they work there too.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[1]
_LEAVES = re.compile(r"\]\((?P<path>(?:\.\./)+[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


class DeadLinkError(Exception):
    """A link that leads to no file of the checkout."""


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:  # noqa: ANN401
    """Return a page's Markdown with such links made absolute; mkdocs calls it for each page.

    Raises:
        DeadLinkError: no such file.

    """
    return absolute(markdown, page.file.src_uri, config["repo_url"])


def absolute(markdown: str, source: str, repository: str) -> str:
    """Return the Markdown of `docs/SOURCE` with the links that leave docs/ made absolute.

    Raises:
        DeadLinkError: no such file.

    """

    def replaced(match: re.Match[str]) -> str:
        target = (ROOT / "docs" / PurePosixPath(source).parent / match["path"]).resolve()
        if target.is_relative_to(ROOT / "docs"):
            return match[0]
        if not target.exists():
            raise DeadLinkError(f"docs/{source}: expected a file at {match['path']}, found none")
        kind = "tree" if target.is_dir() else "blob"
        place = target.relative_to(ROOT).as_posix()
        return f"]({repository}/{kind}/main/{place}{match['anchor'] or ''})"

    return _LEAVES.sub(replaced, markdown)
