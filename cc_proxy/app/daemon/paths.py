"""The paths of the background process's files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cc_proxy.app import private_files
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.file_errors import explained

STATE_FLAG = "--state-dir"
LOG_FLAG = "--log-dir"


@dataclass(frozen=True)
class Paths:
    """The two folders, both absolute, and the files in them."""

    state_dir: Path
    log_dir: Path

    @property
    def pid_file(self) -> Path:
        """The pid, for other programs to read; cc-proxy itself uses the state file."""
        return self.state_dir / "cc-proxy.pid"

    @property
    def state_file(self) -> Path:
        """The file with the running process and its address."""
        return self.state_dir / "cc-proxy.state.json"

    @property
    def stop_file(self) -> Path:
        """The file with the time that the running process has to stop."""
        return self.state_dir / "cc-proxy.stop.json"

    @property
    def lock_file(self) -> Path:
        """Held while a process is started or stopped."""
        return self.state_dir / "cc-proxy.lock"

    @property
    def key_file(self) -> Path:
        """The key that was made at the first start."""
        return self.state_dir / "auth.key"

    @property
    def log_file(self) -> Path:
        """The log of the running process."""
        return self.log_dir / "cc-proxy.log"

    def make_folders(self) -> None:
        """Make both folders, if they are missing.

        Raises:
            DaemonError: one cannot be made, or its name not be written down, or others could
                replace files in it.

        """
        for folder, flag in ((self.state_dir, STATE_FLAG), (self.log_dir, LOG_FLAG)):
            _refuse_no_text(folder, flag)
            with explained(folder, flag):
                private_files.make_folder(folder)
                private_files.check_folder(folder)


def find(
    *,
    state_dir: Path | None = None,
    log_dir: Path | None = None,
    environ: Mapping[str, str],
) -> Paths:
    """Return the folders: flag over environment over `~/.cc-proxy`.

    Raises:
        DaemonError: code `home_not_set`, when a folder would be in a home that is not known.

    """
    return Paths(
        state_dir=_folder(state_dir, "CC_PROXY_STATE_DIR", "run", environ),
        log_dir=_folder(log_dir, "CC_PROXY_LOG_DIR", "logs", environ),
    )


def _folder(named: Path | None, variable: str, name: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    text = environ.get(variable)
    chosen = Path(text) if named is None and text else named
    if chosen is not None:
        # Shells leave the `~` alone in `--state-dir=~/x`, and there is none for a service file.
        in_home = home and chosen.parts[:1] == ("~",)
        return Path(home, *chosen.parts[1:]) if in_home else chosen.absolute()
    if not Path(home).is_absolute():
        found = f"HOME={home}" if home else "no HOME"
        raise DaemonError(
            f"Expected HOME to be an absolute path, since the default folders are in it,"
            f" found {found}.",
            code="home_not_set",
            exit_code=2,
            hint=f"Set HOME, or name the folders with {STATE_FLAG} and {LOG_FLAG}.",
        )
    return Path(home, ".cc-proxy", name)


def _refuse_no_text(folder: Path, flag: str) -> None:
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        shown = str(folder).encode("utf-8", "backslashreplace").decode()
        raise DaemonError(
            f"Expected a folder whose name is text in UTF-8, found {shown}.",
            code="folder_unusable",
            hint=f"Name another one with {flag}; if its name is UTF-8, the locale is not:"
            " LC_ALL=C.UTF-8",
        ) from error
