"""Checks of this machine: Python, configuration, files, and the proxy that runs or could."""

import os
import platform
import socket
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from cc_proxy import __version__
from cc_proxy.app import private_files
from cc_proxy.app.cli.common import Common
from cc_proxy.app.cli.config.init import shows_secrets
from cc_proxy.app.cli.doctor import installer
from cc_proxy.app.cli.doctor.check import Check, Repair, fail, ok, warn
from cc_proxy.app.cli.output import report
from cc_proxy.app.config import ConfigError, LoadedConfig
from cc_proxy.app.control.wire import ModelSessions
from cc_proxy.app.daemon import auth_key, confirm, running_file
from cc_proxy.app.daemon.differences import differences
from cc_proxy.app.daemon.errors import DaemonError
from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import lock, ports, running, state
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.upstreams.ollama.absence import HOST_NAMES

_NEEDS = ("aiohttp", "msgspec", "click", "ruamel.yaml")
_READS_PDFS = "pypdf"
_ANSWER_SECONDS = 5.0
# The files of the state folder, which may have others in it.
_OURS = ("cc-proxy.*", "auth.key", "*.json", "*.jsonl")


def installation() -> Iterator[Check]:
    """Check what cc-proxy runs on."""
    system = f"{platform.system()} {platform.machine()}"
    yield ok("python", f"{platform.python_version()} at {sys.executable}, {system}")
    missing, found = [], []
    for name in _NEEDS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        text = f"cc-proxy {__version__}; not installed: {', '.join(missing)}"
        yield fail("package", text, installer.again())
    else:
        yield ok("package", f"cc-proxy {__version__}, {', '.join(found)}")
    yield ok("pdf", _pdfs())


def _pdfs() -> str:
    try:
        return f"read with {_READS_PDFS} {metadata.version(_READS_PDFS)}"
    except metadata.PackageNotFoundError:
        return f"not read, as {_READS_PDFS} is not installed; to add it: {installer.add_pdf()}"


def configuration(common: Common) -> tuple[LoadedConfig | None, Check]:
    """Check that the settings can be used; return them too."""
    name = "configuration"
    try:
        loaded = common.load()
    except ConfigError as error:
        return None, fail(name, error.message, error.hint or "cc-proxy config check")
    try:
        auth_key.refuse_open_bind(loaded.settings)
    except DaemonError as error:
        return loaded, fail(name, error.message, error.hint)
    path = loaded.path
    if path is not None and shows_secrets(loaded):
        repair = Repair(f"Take {path} away from other users (chmod 600)?", lambda: _close(path))
        text = f"{path} has a key in it, and other users can read it"
        return loaded, warn(name, text, f"chmod 600 {path}", repair)
    if slips := report.alias_slips(loaded):
        text = " ".join(slip.message for slip in slips)
        return loaded, warn(name, text, slips[0].hint)
    return loaded, ok(name, str(path) if path else "no file, and the defaults hold")


def files(common: Common, loaded: LoadedConfig | None) -> Iterator[Check]:
    """Check the folders and the key."""
    try:
        paths = common.paths()
    except DaemonError as error:
        yield fail("folders", error.message, error.hint)
        return
    yield _folders(paths)
    # Reading the key repairs its mode, so the mode is checked before.
    was_open = private_files.is_open_to_others(paths.key_file)
    try:
        key = auth_key.known(loaded.settings if loaded else None, paths, os.environ)
    except CcProxyError as error:
        yield fail("key", error.message, error.hint)
        return
    if was_open:
        text = f"Other users could read {paths.key_file}; it is 0600 now"
        yield warn("key", text, f"rm {paths.key_file} && cc-proxy restart")
    elif key is None:
        yield ok("key", "none yet; the first start makes one")
    else:
        configured = loaded is not None and loaded.settings.server.auth_key is not None
        origin = loaded.origins["server.auth_key"] if loaded and configured else paths.key_file
        short = auth_key.short_key(loaded.settings) if loaded else None
        yield warn("key", short.message, short.hint) if short else ok("key", f"from {origin}")


def proxy(common: Common, loaded: LoadedConfig) -> Check:
    """Check the process that runs, or that one could."""
    name = "proxy"
    try:
        paths = common.paths()
        found = running.inspect(paths)
        if found.state is not None:
            return _running(found.state, paths, loaded)
    except CcProxyError as error:
        return fail(name, error.message, error.hint)
    if found.stale is not None:
        repair = Repair("Remove what an earlier cc-proxy left behind?", lambda: _clean(paths))
        return warn(name, f"not running. {found.stale}", "cc-proxy start", repair)
    return _could_bind(loaded)


def model_sessions(common: Common, loaded: LoadedConfig) -> tuple[ModelSessions, ...]:
    """Return what the proxy that runs has seen of the sessions of each model; none if it cannot."""
    try:
        paths = common.paths()
        now = running.inspect(paths).state
        key = auth_key.known(loaded.settings, paths, os.environ)
        if now is None or key is None:
            return ()
        health = confirm.confirm(now, key, timeout_seconds=_ANSWER_SECONDS)
    except CcProxyError:  # the check of the proxy has the error
        return ()
    return health.model_sessions if health is not None else ()


def container(environ: Mapping[str, str], root: Path = Path("/")) -> str | None:
    """Return what shows that this is a container, None if nothing does."""
    for mark in (".dockerenv", "run/.containerenv"):
        if (root / mark).exists():
            return str(root / mark)
    return "KUBERNETES_SERVICE_HOST" if environ.get("KUBERNETES_SERVICE_HOST") else None


def in_container(mark: str) -> Check:
    """Say how the host is reached from this container, which `mark` shows that it is."""
    what = f"this is one ({mark}): its own loopback is not the host's"
    for name in HOST_NAMES:
        try:
            address = socket.getaddrinfo(name, None)[0][4][0]
        except OSError:  # not a name that this container's engine has given the host
            continue
        return ok("container", f"{what}; the host is {name} ({address})")
    text = f"{what}, and no name is known for the host; to give it one, start the container with"
    return ok("container", f"{text} --add-host={HOST_NAMES[0]}:host-gateway")


def _folders(paths: Paths) -> Check:
    for folder, flag in ((paths.state_dir, "--state-dir"), (paths.log_dir, "--log-dir")):
        there = next(above for above in (folder, *folder.parents) if os.path.isdir(above))  # noqa: PTH112 - may raise
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            text = f"Expected to write to {folder}, found no permission at {there}"
            return fail("folders", text, f"cc-proxy start {flag} DIR")
    if trouble := _not_private(paths):
        return fail("folders", f"{trouble.filename} is {trouble.found}", trouble.fix)
    return ok("folders", f"{paths.state_dir}, {paths.log_dir}")


def _not_private(paths: Paths) -> private_files.NotPrivateError | None:
    try:
        for folder in filter(Path.exists, (paths.state_dir, paths.log_dir)):
            private_files.check_folder(folder)
        for file in (f for pattern in _OURS for f in paths.state_dir.glob(pattern)):
            private_files.check_file(file)
        if paths.log_file.exists():
            private_files.check_file(paths.log_file)
    except private_files.NotPrivateError as error:
        return error
    return None


def _running(now: state.ProcessState, paths: Paths, loaded: LoadedConfig) -> Check:
    text = f"running at {now.url} (pid {now.pid})"
    if running_file.is_other(now, loaded):
        # It may have another key as well, so it is not asked.
        uses = f"it uses {running_file.in_use(now)}, not {loaded.path or 'the defaults'}"
        return warn("proxy", f"{text}; {uses}", running_file.restart(loaded))
    key = auth_key.known(loaded.settings, paths, os.environ)
    if key is None:
        raise confirm.refused(now)
    if confirm.confirm(now, key, timeout_seconds=_ANSWER_SECONDS) is None:
        return ok("proxy", f"just ended (pid {now.pid})")
    for notice in (*differences(now, loaded), *ports.shadowed(now)):
        return warn("proxy", f"{text}. {notice.message}", "cc-proxy restart")
    return ok("proxy", text)


def _could_bind(loaded: LoadedConfig) -> Check:
    server = loaded.settings.server
    where = f"{server.host}:{server.port}"
    try:
        ports.refuse_unusable(server.host, server.port)
    except DaemonError as wrong:
        if wrong.code == ports.IN_USE and loaded.origins["server.port"] == "default":
            text = f"{wrong.message} `cc-proxy claude` takes a free one"
            return warn("proxy", text, wrong.hint)
        return fail("proxy", wrong.message, wrong.hint)
    free = "any free port" if server.port == 0 else "free"
    return ok("proxy", f"not running; {where} is {free}")


def _clean(paths: Paths) -> str:
    with lock.exclusive(paths):
        found = running.inspect(paths)
        if found.state is not None:
            return f"cc-proxy runs by now (pid {found.state.pid})"
        state.clear(paths)
    return "not running; what was left behind is gone"


def _close(path: Path) -> str:
    try:
        path.chmod(0o600)
    except OSError as error:
        raise CcProxyError(f"{path} cannot be changed: {error.strerror}.") from error
    return f"{path}, 0600 now"
