"""The state file: who is running, where, and on which configuration."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from cc_proxy.app import private_files
from cc_proxy.app.addresses import url
from cc_proxy.app.config import (
    LaunchOptions,
    LogFormat,
    LogLevel,
    Server,
    Settings,
    UpstreamSettings,
)
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths

# Before it, a digest was of all settings, and each new key of the configuration changed it.
_DECIDED = "decided:"


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """One running process, written by itself once it listens.

    `process_start_time` is what `identity.start_time` said about `pid`; `host` and `port` are
    what was bound; what is `asked_` flag or variable asked for, if one did, so that a restart
    can ask for it again; `log_format` is the form that its log has, for others who write there;
    `shadowed`: another program has the port on ::1, where `localhost` may lead;
    `options_digest` is that of `options_digest()`; `has_variables`: some of those settings come
    from its environment, which stays as it is while the process runs;
    `started_at` is UTC in ISO 8601. So is `stopping_until`: once it was asked to stop, the time
    until which its answers may run. It takes no new requests then.
    """

    pid: int
    process_start_time: str
    instance_id: str
    version: str
    host: str
    port: int
    config_path: str | None
    config_digest: str
    options_digest: str
    log_file: str
    started_at: str
    asked_host: str | None = None
    asked_port: int | None = None
    asked_log_level: LogLevel | None = None
    asked_log_format: LogFormat | None = None
    log_format: LogFormat = "text"
    shadowed: bool = False
    has_variables: bool = False
    stopping_until: str | None = None

    @property
    def asked(self) -> LaunchOptions:
        """The options to start it with again; its port is the one that it got."""
        return LaunchOptions(
            host=self.asked_host,
            port=None if self.asked_port is None else self.port,
            log_level=self.asked_log_level,
            log_format=self.asked_log_format,
        )

    @property
    def is_older(self) -> bool:
        """True for an earlier build, which may have the same version number."""
        return not self.options_digest.startswith(_DECIDED)

    @property
    def url(self) -> str:
        """The address to reach it at from this machine."""
        return url(self.host, self.port)


class UnreadableStateError(Exception):
    """There is a state file that tells nothing; the text says why."""


def options_digest(settings: Settings) -> str:
    """Return a digest of the settings without address and own key, which are compared otherwise.

    Only what differs from the defaults counts: a version with more settings gives the same digest.
    """
    served = settings.server
    server = Server(hold_seconds=served.hold_seconds, auth_keys=served.auth_keys)
    found = msgspec.structs.replace(settings, server=server)
    decided = _beyond(msgspec.to_builtins(Settings()), msgspec.to_builtins(found))
    usual = msgspec.to_builtins(UpstreamSettings())
    for name, one in decided.get("upstreams", {}).items():
        decided["upstreams"][name] = _beyond(usual, one)
    return _DECIDED + hashlib.sha256(msgspec.json.encode(decided)).hexdigest()


def _beyond(default: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return what is in `found` and not in `default`, section by section."""
    beyond: dict[str, Any] = {}
    for name, value in found.items():
        usual = default.get(name)
        if value == usual:
            continue
        # What is empty by default has names of the user's own.
        is_section = isinstance(usual, dict) and usual != {}
        beyond[name] = _beyond(default[name], value) if is_section else value
    return beyond


def has_variables(origins: Mapping[str, str]) -> bool:
    """Return whether a setting that `options_digest` covers comes from the environment.

    `origins` are those of `LoadedConfig`.
    """
    return any(
        origin.startswith("environment")
        for name, origin in origins.items()
        if not name.startswith("server.") or name == "server.hold_seconds"
    )


def read(paths: Paths) -> ProcessState | None:
    """Return the state that was left in the state folder, None if there is none.

    Raises:
        UnreadableStateError: there is one, and it is broken or another user's.
        DaemonError: the folder cannot be read.

    """
    path = paths.state_file
    with explained(path, STATE_FLAG):
        try:
            data = private_files.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except private_files.NotPrivateError as error:
            raise UnreadableStateError(f"{path} is {error.found}") from error
    try:
        return msgspec.json.decode(data, type=ProcessState)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableStateError(f"{path} is broken ({error})") from error


def read_pid(paths: Paths) -> int | None:
    """Return the number in the pid file, None if there is no file or no number in it."""
    try:
        return int(private_files.read(paths.pid_file, limit=32))
    except (OSError, ValueError):
        return None


def write(paths: Paths, state: ProcessState) -> None:
    """Write state and pid.

    Raises:
        DaemonError: that is not possible.

    """
    with explained(paths.state_file, STATE_FLAG):
        private_files.replace(paths.state_file, msgspec.json.encode(state) + b"\n")
        private_files.replace(paths.pid_file, b"%d\n" % state.pid)


def clear(paths: Paths) -> None:
    """Remove what describes a running process.

    Raises:
        DaemonError: that is not possible.

    """
    for path in (paths.pid_file, paths.stop_file, paths.state_file):
        with explained(path, STATE_FLAG):
            private_files.remove(path)


def write_own(paths: Paths, state: ProcessState) -> None:
    """Write the state of a process that has written it before, unless another one has since.

    Raises:
        DaemonError: that is not possible.

    """
    if _is_own(paths, state.instance_id):
        write(paths, state)


def clear_own(paths: Paths, instance_id: str) -> None:
    """Remove the state unless it has become another process's.

    Raises:
        DaemonError: that is not possible.

    """
    if _is_own(paths, instance_id):
        clear(paths)


def _is_own(paths: Paths, instance_id: str) -> bool:
    try:
        there = read(paths)
    except UnreadableStateError:
        return False
    return there is not None and there.instance_id == instance_id
