"""What documents name is there: files, variables, keys, routes; and what there is, is named."""

import re

import pytest

from cc_proxy.app.config.environment import VARIABLES
from cc_proxy.app.config.validation import schema as config_schema
from cc_proxy.app.config.validation.kinds import Section
from cc_proxy.app.gateway.routes import openapi
from cc_proxy.tests.docs.shown import DOCUMENTS, ROOT

APP = ROOT / "cc_proxy/app"
# What a path in the maps may begin in.
ROOTS = (APP, ROOT / "cc_proxy", ROOT, APP / "translate")
MAPS = ("ARCHITECTURE.md", "CONTRIBUTING.md")
KINDS = ("command", "an option that Ollama takes", "a format in which a model writes tool calls")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MAPS)
def test_every_file_and_folder_that_a_map_names_is_there(name: str) -> None:
    paths = re.findall(r"`([\w./]+(?:\.(?:py|yaml|json|yml)|/))`", text(name))
    assert paths
    known = [path for path in paths if not re.search(r"NAME|^\.", path)]
    assert [path for path in known if not any((root / path).exists() for root in ROOTS)] == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.parent.name for path in APP.glob("*/__init__.py")}
    table = set(re.findall(r"^\| `(\w+)/` \|", text("ARCHITECTURE.md"), re.MULTILINE))
    assert table == rooms


def test_the_arrows_on_the_map_are_those_that_lint_holds_to() -> None:
    layers = re.search(r"^layers = \[(.*?)^\]", text("pyproject.toml"), re.MULTILINE | re.DOTALL)
    assert layers
    held = re.findall(r"cc_proxy\.app\.(\w+)", layers[1])
    line = next(line for line in text("ARCHITECTURE.md").splitlines() if line.startswith("    cli"))
    drawn = re.findall(r"\w+", line)
    assert drawn == [room for room in held if room in drawn]
    below = {"practice", "request_id", "addresses", "control_characters"}
    below |= {"engine_cache"}
    below |= {"redaction", "private_files", "byte_cache", "certificates", "readers", "garbage"}
    below |= {"server_certificate"}
    below |= {"claude_needs", "help_pages", "windows_files"}
    assert set(held) - set(drawn) == {"demo", "fitness"} | below, "which have lines of their own"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_where_to_add(kind: str) -> None:
    assert re.search(rf"^\| (a )?{re.escape(kind)} \|", text("CONTRIBUTING.md"), re.MULTILINE)


def test_every_variable_is_in_the_readme() -> None:
    assert [name for name in VARIABLES if f"`{name}`" not in text("README.md")] == []


def test_every_key_of_the_configuration_that_a_document_names_is_one() -> None:
    keys = config_schema.FILE.keys
    for document in DOCUMENTS:
        named = re.findall(r"`(\w+)\.([a-z_]+)`", document.read_text(encoding="utf-8"))
        for section, key in named:
            entry = keys.get(section)
            if isinstance(entry, Section):
                assert key in entry.keys, f"{document.name}: {section}.{key}"


def test_every_route_is_on_the_page_of_the_http_surface() -> None:
    page = text("docs/reference/http.md")
    for path, operations in openapi.document()["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in page, path
