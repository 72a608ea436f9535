"""What is in container/ and devcontainer/, held to the linters and schemas of its kind.

No engine runs here: images are not built, and a Feature is not put into one. Its script runs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pip
import pytest

from cc_proxy import __version__
from cc_proxy.tests.placements.container import FOLDER, compose, image
from cc_proxy.tests.placements.how_to import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))
CLIENTS = ROOT / "cc_proxy/tests/clients"
DEVCONTAINER = CLIENTS / "devcontainer/node_modules/.bin/devcontainer"
FEATURE = ROOT / "devcontainer/src/cc-proxy"
EXAMPLE = ROOT / "devcontainer/example/devcontainer.json"


def ran(*command: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environ = os.environ | variables
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_the_dockerfile_passes_the_linter() -> None:
    linted = ran(SCRIPTS / "hadolint", FOLDER / "Dockerfile")
    assert linted.returncode == 0, linted.stdout


def test_the_script_of_the_feature_passes_the_linter() -> None:
    linted = ran(SCRIPTS / "shellcheck", FEATURE / "install.sh")
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("name", ["compose.yaml", "compose.shared.yaml"])
def test_a_compose_file_follows_the_schema(name: str) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked = ran(SCRIPTS / "check-jsonschema", *schema, FOLDER / name)
    assert checked.returncode == 0, checked.stdout


def test_all_that_the_dockerfile_copies_is_there_and_let_in() -> None:
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        line.split()[:-1] for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
    ]
    ignore = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert {path for paths in copied for path in paths} == let_in
    assert all((ROOT / path).exists() for path in let_in)
    assert "*" in ignore


def test_no_secret_is_in_the_image_or_in_a_compose_file() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        given = re.findall(r"\w*(?:KEY|TOKEN|SECRET|PASSWORD)\b\s*[=:]\s*\S+", text)
        assert given == [], path
    environ = compose("compose.yaml", "compose.shared.yaml")["services"]["claude"]["environment"]
    assert environ["CC_PROXY_AUTH_KEY_FILE"] == "/run/secrets/cc_proxy_key"


def test_the_service_is_as_small_as_can_be() -> None:
    service = compose()["services"]["claude"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service
    user = f"uid={image().user},gid={image().group}"
    assert any(place.startswith("/run/cc-proxy:") and user in place for place in service["tmpfs"])


def test_the_versions_are_those_that_are_tested() -> None:
    client = json.loads((CLIENTS / "current/package.json").read_text(encoding="utf-8"))
    pinned = client["dependencies"]["@anthropic-ai/claude-code"]
    assert f"ARG CLAUDE_CODE_VERSION={pinned}\n" in (FOLDER / "Dockerfile").read_text("utf-8")
    feature = json.loads((FEATURE / "devcontainer-feature.json").read_text(encoding="utf-8"))
    assert feature["version"] == __version__


def devcontainer(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    if not DEVCONTAINER.exists():
        pytest.skip("the devcontainer CLI is not installed: make clients")
    return ran(DEVCONTAINER, *arguments)


def test_the_feature_can_be_packed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    packed = devcontainer("features", "package", ROOT / "devcontainer/src", "-o", out)
    assert packed.returncode == 0, packed.stdout + packed.stderr
    with tarfile.open(out / "devcontainer-feature-cc-proxy.tgz") as archive:
        mode = archive.getmember("./install.sh").mode
        assert mode & 0o111
    collection = json.loads((out / "devcontainer-collection.json").read_text("utf-8"))
    assert [feature["id"] for feature in collection["features"]] == ["cc-proxy"]


def test_the_example_is_read_with_the_feature_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / ".devcontainer"
    shutil.copytree(FEATURE, folder / "cc-proxy")
    shutil.copy(EXAMPLE, folder)
    # `true` in the place of Docker: no container is there already.
    where = ("--workspace-folder", tmp_path, "--docker-path", "true")
    read = devcontainer("read-configuration", *where)
    assert read.returncode == 0, read.stderr
    found = json.loads(read.stdout)["configuration"]
    assert "./cc-proxy" in found["features"]
    shown = (ROOT / "docs/how-to/devcontainer.md").read_text(encoding="utf-8")
    (shown_json,) = re.findall(r"```json\n(.*?)```", shown, re.DOTALL)
    said: dict[str, Any] = json.loads(shown_json)
    assert {key: found[key] for key in said} == said


def a_package(folder: Path) -> Path:
    """Return a wheel that is called cc-proxy and only tells its version."""
    path = folder / "cc_proxy-9.9-py3-none-any.whl"
    about = "cc_proxy-9.9.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("told.py", "def main():\n    print('cc-proxy 9.9')\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: cc-proxy\nVersion: 9.9\n")
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{about}/WHEEL", tag)
        wheel.writestr(f"{about}/entry_points.txt", "[console_scripts]\ncc-proxy = told:main\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path


def quick_python(path: Path, site: Path) -> None:
    """Write a `python3` whose environments borrow this one's pip: to unpack one takes long."""
    site.mkdir()
    (site / "pip").symlink_to(Path(pip.__file__).parent)
    path.write_text(
        f"""#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"
{sys.executable} -m venv --without-pip "$3"
printf '#!/bin/sh\nPYTHONPATH={site} exec %s/bin/python -m pip "$@"\n' "$3" > "$3/bin/pip"
chmod +x "$3/bin/pip"
""",
        encoding="utf-8",
    )
    path.chmod(0o755)


def installed(tmp_path: Path, **options: str) -> "subprocess.CompletedProcess[str]":
    programs, prefix = tmp_path / "programs", tmp_path / "opt"
    programs.mkdir(exist_ok=True)
    quick_python(programs / "python3", tmp_path / "site")
    return ran(
        "sh",
        FEATURE / "install.sh",
        PATH=f"{programs}:/usr/bin:/bin",
        CC_PROXY_PREFIX=str(prefix),
        CC_PROXY_BIN=str(programs),
        VERSION=str(a_package(tmp_path)),
        PIP_NO_INDEX="1",
        **options,
    )


def test_the_feature_installs_into_an_environment_of_its_own(tmp_path: Path) -> None:
    done = installed(tmp_path, CLAUDECODEVERSION="none")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "cc-proxy 9.9"
    assert (tmp_path / "programs/cc-proxy").resolve() == tmp_path / "opt/bin/cc-proxy"


def test_the_feature_says_what_is_missing(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    node = programs / "node"
    node.write_text('#!/bin/sh\n[ "$1" = --version ] && echo v18.20.4\nexit 1\n')
    node.chmod(0o755)
    done = installed(tmp_path, CLAUDECODEVERSION="latest")
    assert done.returncode == 1
    assert not (tmp_path / "opt").exists()
    assert "expected Node 22 or newer for Claude Code, found v18.20.4" in done.stderr


def test_the_places_that_the_how_tos_point_to_are_there() -> None:
    for page in (ROOT / "docs/how-to").glob("*.md"):
        for target in re.findall(r"\]\((\.\./[^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
