"""README, CHANGELOG and the metadata, as the package index and its readers take them."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from readme_renderer import markdown
from trove_classifiers import classifiers

from cc_proxy.tests.docs.shown import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SITE = yaml.safe_load(re.sub(r"!!python\S+", "", (ROOT / "mkdocs.yml").read_text("utf-8")))
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
MARK = "https://keepachangelog.com/en/1.1.0/"


def links() -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", README)


def test_a_link_of_the_readme_works_from_the_package_index_too() -> None:
    assert [link for link in links() if not link.startswith(("https://", "#"))] == []


def test_a_link_of_the_readme_into_the_repository_leads_to_a_file() -> None:
    inside = re.compile(re.escape(PROJECT["urls"]["Source"]) + r"/(?:blob|tree|raw)/main/([^#]+)")
    places = [match[1] for match in map(inside.match, links()) if match]
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_readme_is_shown_by_the_package_index_with_its_picture_and_its_tables() -> None:
    page = markdown.render(README)
    assert page is not None
    assert "<table>" in page
    assert re.search(r"<img [^>]*docs/assets/doctor\.svg", page)
    assert "<!--" not in page


def test_the_changelog_keeps_the_form_that_it_names() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n")
    assert MARK in text
    first, *released = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    matches = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", line) for line in released]
    assert all(matches), released
    dates = [match[2] for match in matches if match]
    assert dates == sorted(dates, reverse=True)
    for section in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^#+ (.+)$", section, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds], "each once, in this order"
        entries = re.sub(r"^### .+$", "", section, flags=re.MULTILINE).strip()
        assert all(line.startswith(("- ", "  ", "[")) for line in entries.splitlines() if line)


def test_each_change_since_is_a_file_of_a_kind() -> None:
    files = sorted((ROOT / "changelog.d").iterdir())
    kinds = "|".join(kind.lower() for kind in KINDS)
    wrong = [
        file.name for file in files if not re.fullmatch(rf"\+[\w-]+\.({kinds})\.md", file.name)
    ]
    assert wrong == []
    assert all(file.read_text(encoding="utf-8").strip() for file in files)


def test_the_metadata_say_what_it_runs_on_and_where_it_is() -> None:
    assert set(PROJECT["classifiers"]) <= classifiers
    ci = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tested = ci["jobs"]["everything"]["strategy"]["matrix"]["python"]
    told = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: 3." in line]
    assert told == tested == ci["jobs"]["windows"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={tested[0]}"
    assert PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert PROJECT["urls"].keys() == {"Homepage", "Documentation", "Source", "Changelog", "Issues"}


@pytest.mark.parametrize(("name", "key"), [("Source", "repo_url"), ("Documentation", "site_url")])
def test_the_site_and_the_metadata_name_the_same_places(name: str, key: str) -> None:
    assert PROJECT["urls"][name] == SITE[key]
