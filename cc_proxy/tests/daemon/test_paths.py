import sys
from pathlib import Path

import pytest

from cc_proxy.app.daemon import paths
from cc_proxy.app.daemon.errors import DaemonError

ROOT = Path(Path.cwd().anchor)  # on Windows a drive: without one a path is not absolute there
HOME = ROOT / "home" / "ada"


def test_without_flags_and_variables_the_folders_are_in_home() -> None:
    found = paths.find(environ={"HOME": str(HOME)})
    assert found.state_dir == HOME / ".cc-proxy/run"
    assert found.log_file == HOME / ".cc-proxy/logs/cc-proxy.log"


def test_a_flag_wins_over_a_variable_and_a_variable_over_home() -> None:
    variable, flag = ROOT / "s", ROOT / "flag"
    environ = {"HOME": str(HOME), "CC_PROXY_STATE_DIR": str(variable), "CC_PROXY_LOG_DIR": "~/l"}
    assert paths.find(environ=environ).state_dir == variable
    found = paths.find(state_dir=flag, environ=environ)
    assert found.state_dir == flag
    assert found.log_dir == HOME / "l"


def test_a_tilde_that_no_shell_has_replaced_is_home() -> None:
    # As it comes from `--state-dir=~/s`.
    found = paths.find(state_dir=Path("~/s"), log_dir=Path("~"), environ={"HOME": str(HOME)})
    assert (found.state_dir, found.log_dir) == (HOME / "s", HOME)


def test_a_relative_folder_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = paths.find(state_dir=Path("run"), log_dir=Path(), environ={"HOME": str(HOME)})
    assert (found.state_dir, found.log_dir) == (tmp_path / "run", tmp_path)


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "relative"}])
def test_without_a_home_the_error_names_the_flags(environ: dict[str, str]) -> None:
    with pytest.raises(DaemonError) as caught:
        paths.find(environ=environ)
    assert caught.value.code == "home_not_set"
    assert caught.value.exit_code == 2
    assert caught.value.hint is not None
    assert "--state-dir" in caught.value.hint
    assert "--log-dir" in caught.value.hint


def test_without_a_home_named_folders_are_enough() -> None:
    found = paths.find(state_dir=ROOT / "s", environ={"CC_PROXY_LOG_DIR": str(ROOT / "l")})
    assert found.log_dir == ROOT / "l"


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.posix_only("modes of files")
def test_folders_are_made_for_the_user_alone(tmp_path: Path) -> None:
    made = paths.Paths(tmp_path / "a" / "run", tmp_path / "a" / "logs")
    made.make_folders()
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert made.log_dir.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_with_the_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DaemonError) as caught:
        paths.Paths(tmp_path / "file" / "run", tmp_path).make_folders()
    assert caught.value.code == "folder_unusable"
    # Windows does not tell the one from the other.
    found = "no such folder" if sys.platform == "win32" else "a file where a folder should be"
    assert f"found {found}" in caught.value.message
    assert caught.value.hint is not None
    assert "--state-dir" in caught.value.hint


def test_a_folder_whose_name_is_no_text_is_an_error(tmp_path: Path) -> None:
    # How Python has a byte that is not UTF-8, and every letter beyond ASCII in an odd locale.
    made = paths.Paths(tmp_path / "h\udcff", tmp_path / "logs")
    with pytest.raises(DaemonError, match=r"text in UTF-8, found .*udcff") as caught:
        made.make_folders()
    assert caught.value.code == "folder_unusable"
    assert caught.value.hint is not None
    assert "--state-dir" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
