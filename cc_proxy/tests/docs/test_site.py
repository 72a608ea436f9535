"""The documentation site: it builds without a warning, and fetches nothing from elsewhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools.site_links import ROOT, DeadLinkError, absolute

pytestmark = [pytest.mark.xdist_group("site"), pytest.mark.needs("mkdocs", "docs")]
REPOSITORY = "https://code.example/cc-proxy"


class Fetched(HTMLParser):
    """What a page has the browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        by = {"script": "src", "img": "src", "iframe": "src", "link": "href"}.get(tag)
        if by and (where := named.get(by)) and named.get("rel") not in {"canonical", "alternate"}:
            self.found.append(where)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    environ = os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}
    built = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return out


def test_every_page_is_built_and_in_the_menu(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site).with_suffix(".md") for path in site.rglob("*.html")}
    assert pages <= built
    menu = (site / "index.html").read_text(encoding="utf-8")
    for page in pages:
        assert f'href="{page.with_suffix(".html").as_posix()}"' in menu or page.name == "index.md"


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        reader = Fetched()
        reader.feed(page.read_text(encoding="utf-8"))
        assert reader.found
        assert not [where for where in reader.found if re.match(r"(https?:)?//", where)], page


def test_a_link_out_of_the_docs_leads_to_the_repository() -> None:
    text = "see [a](../../bench/README.md#how), [b](../index.md) and [c](../../container)"
    assert absolute(text, "how-to/x.md", REPOSITORY) == (
        f"see [a]({REPOSITORY}/blob/main/bench/README.md#how), [b](../index.md)"
        f" and [c]({REPOSITORY}/tree/main/container)"
    )


def test_a_link_to_a_file_that_is_gone_is_named() -> None:
    with pytest.raises(DeadLinkError, match=r"expected a file at \.\./\.\./gone\.md, found none"):
        absolute("[a](../../gone.md)", "how-to/x.md", REPOSITORY)
