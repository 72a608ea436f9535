"""The key that clients must send: the configured one, or one that is made at the first start."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cc_proxy.app import private_files
from cc_proxy.app.addresses import is_loopback
from cc_proxy.app.config import ClientKey, ConfigError, Settings, environment
from cc_proxy.app.config.errors import Problem
from cc_proxy.app.daemon.errors import DaemonError, Notice
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.daemon.paths import STATE_FLAG, Paths
from cc_proxy.app.daemon.process import ports

_BYTES = 32
# The generated key: printable, as an HTTP header demands, and too long to be an accident.
_KEY = re.compile(r"[!-~]{8,}")
_MIN_LENGTH_FOR_OTHERS = 16


@dataclass(frozen=True)
class AuthKey:
    """The key, and what a person should know about its file."""

    value: str
    notice: Notice | None = None


def refuse_open_bind(settings: Settings) -> None:
    """Refuse to be reachable by others with a key that nobody has chosen.

    Raises:
        DaemonError: code `insecure_bind`, or `host_unknown` for a name without an address.

    """
    host = settings.server.host
    if is_loopback(host) or settings.server.auth_key is not None or settings.server.auth_keys:
        return
    ports.refuse_unknown(host)
    raise DaemonError(
        f"Expected a configured key, since {host} can be reached from other machines,"
        " found none (the generated one does not count).",
        code="insecure_bind",
        exit_code=2,
        hint="Set CC_PROXY_AUTH_KEY or CC_PROXY_AUTH_KEY_FILE (or server.auth_key or auth_keys"
        " in the configuration), or bind to this machine only: --host 127.0.0.1",
    )


def short_key(settings: Settings) -> Notice | None:
    """Return a warning if other machines can reach the proxy and its key is easy to guess."""
    host, key = settings.server.host, settings.server.auth_key
    if key is None or len(key) >= _MIN_LENGTH_FOR_OTHERS or is_loopback(host):
        return None
    return Notice(
        "short_key",
        f"The key is short ({len(key)} characters), and other machines can reach cc-proxy at"
        f" {host}: they could guess it.",
        f"Choose one with at least {_MIN_LENGTH_FOR_OTHERS} characters, such as the output of:"
        " openssl rand -hex 16",
    )


def effective(settings: Settings, paths: Paths) -> AuthKey:
    """Return the key to serve with; made, and kept in the state folder, if there is none.

    Raises:
        DaemonError: the key's file cannot be read or written, or holds no key.

    """
    if settings.server.auth_key is not None:
        return AuthKey(settings.server.auth_key, short_key(settings))
    kept = _kept(paths)
    if kept is not None:
        refuse_as_named(settings, kept.value)
        return kept
    made = secrets.token_urlsafe(_BYTES)
    with explained(paths.key_file, STATE_FLAG):
        # A start that is killed leaves no empty file; whoever starts holds the lock.
        private_files.replace(paths.key_file, made.encode() + b"\n")
    return AuthKey(made)


def refuse_as_named(settings: Settings, key: str | None) -> None:
    """Refuse settings in which the proxy's own key has a name: who has it could do everything.

    Raises:
        ConfigError: `server.auth_keys` has the key.

    """
    if key is None:
        return
    own = ClientKey(key=key).digest
    for name, client in settings.server.auth_keys.items():
        if client.digest == own:
            problem = Problem(
                where=f"server.auth_keys.{name}",
                what="the proxy's own key",
                expected="a key of its own",
                found="the key of this proxy, which may do everything",
                fix="make one: cc-proxy config key NAME",
            )
            raise ConfigError([problem])


def known(settings: Settings | None, paths: Paths, environ: Mapping[str, str]) -> str | None:
    """Return the key to ask a running process with, None if there is none yet.

    `settings` is None when the configuration is broken, which must not keep anybody from
    seeing or stopping what runs.

    Raises:
        DaemonError: the key's file cannot be read, or holds no key.

    """
    configured = settings.server.auth_key if settings else environment.auth_key(environ)
    if configured:
        return configured
    kept = _kept(paths)
    return kept.value if kept else None


def _kept(paths: Paths) -> AuthKey | None:
    path = paths.key_file
    was_open = private_files.is_open_to_others(path)
    with explained(path, STATE_FLAG):
        try:
            content = private_files.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except private_files.NotPrivateError as error:
            raise _unusable(paths, error.found) from error
    text = content.decode("ascii", "replace").strip()
    if not _KEY.fullmatch(text):
        raise _unusable(paths, "something else" if text else "an empty file")
    if not was_open:
        return AuthKey(text)
    notice = Notice(
        "auth_key_was_open",
        f"Other users could read {path}; it is 0600 now.",
        f"If others use this machine, make a new key: rm {path}; cc-proxy restart",
    )
    return AuthKey(text, notice)


def _unusable(paths: Paths, found: str) -> DaemonError:
    return DaemonError(
        f"Expected a key in {paths.key_file}, found {found}.",
        code="auth_key_unusable",
        hint=f"Remove it, and the next start makes a new one: rm {paths.key_file}",
    )
