import os
import subprocess
import sys
from pathlib import Path

import pytest

from cc_proxy.app.config import ConfigError, file_locations, load
from cc_proxy.app.config.file_locations import FILE_NAME


def put(path: Path, port: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"server: {{port: {port}}}\n")
    return path


def statuses(home: Path | None, environ: dict[str, str], config_file: Path | None = None) -> str:
    loaded = load(config_file=config_file, environ=environ, home=home)
    return ", ".join(source.status for source in loaded.sources)


def test_each_place_wins_over_the_ones_after_it(tmp_path: Path, system_folder: Path) -> None:
    flag = put(tmp_path / "flag.yaml", 1)
    variable = put(tmp_path / "variable.yaml", 2)
    in_home = put(tmp_path / ".cc-proxy" / FILE_NAME, 3)
    in_xdg = put(tmp_path / "xdg" / "cc-proxy" / FILE_NAME, 4)
    put(system_folder / FILE_NAME, 5)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "CC_PROXY_CONFIG_FILE": str(variable)}

    def port(config_file: Path | None = None) -> int:
        return load(config_file=config_file, environ=environ, home=tmp_path).settings.server.port

    assert port(flag) == 1
    assert port() == 2
    del environ["CC_PROXY_CONFIG_FILE"]
    assert port() == 3
    in_home.unlink()
    assert port() == 4
    in_xdg.unlink()
    assert port() == 5
    (system_folder / FILE_NAME).unlink()
    assert port() == 3456


def test_the_sources_say_what_is_active_missing_and_not_set(tmp_path: Path) -> None:
    put(tmp_path / ".cc-proxy" / FILE_NAME)
    assert statuses(tmp_path, {}) == (
        "not set, not set, active, missing, missing, present, not used"
    )
    named = put(tmp_path / "named.yaml")
    assert statuses(tmp_path, {"CC_PROXY_CONFIG_FILE": "/no/such"}, named) == (
        "active, missing, present, not used, missing, missing, present, not used"
    )


def test_the_sources_have_the_names_that_people_know(tmp_path: Path, system_folder: Path) -> None:
    loaded = load(environ={}, home=tmp_path)
    assert [source.name for source in loaded.sources] == [
        "--config",
        "CC_PROXY_CONFIG_FILE",
        "~/.cc-proxy/cc-proxy.user.yaml",
        "$XDG_CONFIG_HOME/cc-proxy/cc-proxy.user.yaml",
        f"{system_folder}/cc-proxy.user.yaml",
        "built-in defaults",
    ]
    assert loaded.sources[-1].status == "active"
    assert loaded.path is None


def test_a_system_folder_without_a_drive_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What /etc/cc-proxy is on Windows: a folder of the drive that one is on.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(file_locations, "SYSTEM_FOLDER", Path("etc"))
    put(tmp_path / "etc" / FILE_NAME)
    loaded = load(environ={})
    assert loaded.path is None
    assert [source.status for source in loaded.sources[:5]] == ["not set"] * 5


def test_without_xdg_config_home_it_is_dot_config(tmp_path: Path) -> None:
    path = put(tmp_path / ".config" / "cc-proxy" / FILE_NAME)
    assert load(environ={}, home=tmp_path).path == path
    assert load(environ={"XDG_CONFIG_HOME": ""}, home=tmp_path).path == path


@pytest.mark.parametrize("variable", ["HOME", "USERPROFILE"])
def test_the_home_folder_comes_from_the_environment(tmp_path: Path, variable: str) -> None:
    path = put(tmp_path / ".cc-proxy" / FILE_NAME)
    assert load(environ={variable: str(tmp_path)}).path == path


@pytest.mark.parametrize(
    "environ", [{}, {"HOME": ""}, {"HOME": "relative", "XDG_CONFIG_HOME": "."}]
)
def test_without_a_home_folder_its_places_are_not_set(environ: dict[str, str]) -> None:
    loaded = load(environ=environ)
    assert [source.status for source in loaded.sources[:4]] == ["not set"] * 4


def test_the_working_directory_is_never_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (FILE_NAME, f".cc-proxy/{FILE_NAME}", f".config/cc-proxy/{FILE_NAME}"):
        put(tmp_path / name)
    put(tmp_path / "cc-proxy" / FILE_NAME)
    monkeypatch.chdir(tmp_path)
    assert load(environ={"HOME": ".", "XDG_CONFIG_HOME": "."}).path is None


def test_a_relative_name_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "named.yaml")
    monkeypatch.chdir(tmp_path)
    assert load(config_file=Path("named.yaml"), environ={}).path == path


def test_a_tilde_in_the_variable_is_the_home_folder(tmp_path: Path) -> None:
    path = put(tmp_path / "named.yaml")
    environ = {"CC_PROXY_CONFIG_FILE": "~/named.yaml"}
    assert load(environ=environ, home=tmp_path).path == path


def test_an_empty_variable_names_no_file() -> None:
    assert load(environ={"CC_PROXY_CONFIG_FILE": ""}).path is None


@pytest.mark.parametrize("named_by", ["--config", "CC_PROXY_CONFIG_FILE"])
def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path, named_by: str) -> None:
    put(tmp_path / ".cc-proxy" / FILE_NAME)
    missing = tmp_path / "missing.yaml"
    by_flag = named_by == "--config"
    with pytest.raises(ConfigError) as caught:
        load(
            config_file=missing if by_flag else None,
            environ={} if by_flag else {"CC_PROXY_CONFIG_FILE": str(missing)},
            home=tmp_path,
        )
    assert caught.value.message.startswith(f"Expected {named_by} to be a configuration file")
    assert caught.value.message.endswith(f", found that {missing} does not exist.")
    assert caught.value.hint == f"Create the file, or name another one with {named_by}."
    assert caught.value.exit_code == 2


def test_a_folder_where_the_file_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".cc-proxy" / FILE_NAME).mkdir(parents=True)
    with pytest.raises(ConfigError, match="is a folder"):
        load(environ={}, home=tmp_path)
    with pytest.raises(ConfigError, match="is a folder"):
        load(config_file=tmp_path, environ={})


@pytest.mark.posix_only("links that anybody may make")
def test_a_link_that_leads_nowhere_is_an_error_and_not_skipped(tmp_path: Path) -> None:
    path = tmp_path / ".cc-proxy" / FILE_NAME
    path.parent.mkdir()
    path.symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="does not exist"):
        load(environ={}, home=tmp_path)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="cannot be read: too many levels"):
        load(environ={}, home=tmp_path)


def test_a_file_that_may_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / ".cc-proxy" / FILE_NAME)

    def refuse(self: Path, mode: str) -> None:
        del mode
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)  # the superuser may read whatever its mode
    with pytest.raises(ConfigError) as caught:
        load(environ={}, home=tmp_path)
    assert f"Expected ~/.cc-proxy/{FILE_NAME} to be" in caught.value.message
    assert f"found that {path} cannot be read: permission denied." in caught.value.message


@pytest.mark.posix_only("named pipes in folders")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a regular file"):
        load(config_file=tmp_path / "pipe", environ={})


def test_the_null_device_stands_for_no_configuration() -> None:
    loaded = load(config_file=Path(os.devnull), environ={})
    assert set(loaded.origins.values()) == {"default"}


def test_importing_and_loading_without_a_file_imports_little() -> None:
    code = (
        "import sys; from cc_proxy.app.config import load; load(environ={});"
        "print(sorted({'aiohttp', 'asyncio', 'yaml'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
