"""Settings and key for commands that only look at what runs, or stop it.

They work with a broken configuration too: it must not keep anybody from a `status` or a `stop`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.cli.common import Common
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.config import LoadedConfig, Settings
    from cc_proxy.app.daemon.paths import Paths


@dataclass(frozen=True)
class Access:
    """The settings and the proxy's key; None for what could not be had, and `problems` says why."""

    loaded: "LoadedConfig | None"
    key: str | None
    problems: tuple[ErrorItem, ...]


def load_access(common: Common, paths: "Paths") -> Access:
    """Return the settings and the key, each None if it cannot be had.

    Raises:
        ConfigError: the file that `--config` names cannot be used.

    """
    from cc_proxy.app.config import ConfigError  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon import auth_key  # noqa: PLC0415 - as above

    problems: list[ErrorItem] = []
    loaded: LoadedConfig | None = None
    key: str | None = None
    try:
        loaded = common.load()
    except ConfigError as error:
        if common.config is not None:
            raise
        problems.append(ErrorItem.of(error))
    try:
        key = auth_key.known(_settings_in_use(loaded, common), paths, os.environ)
    except CcProxyError as error:
        problems.append(ErrorItem.of(error))
    return Access(loaded, key, tuple(problems))


def _settings_in_use(loaded: "LoadedConfig | None", common: Common) -> "Settings | None":
    """Return the settings that have the key of the running proxy, None if they cannot be read."""
    from cc_proxy.app.config import ConfigError, load  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.config.file_locations import NAMED  # noqa: PLC0415 - as above
    from cc_proxy.app.daemon import running_file  # noqa: PLC0415 - as above

    if loaded is None:
        return None
    now = common.running()
    if now is None or not running_file.is_other(now, loaded):
        return loaded.settings
    file = Path(now.config_path) if now.config_path else None
    unnamed = {name: text for name, text in os.environ.items() if name not in NAMED}
    try:
        return load(config_file=file, environ=unnamed).settings
    except ConfigError:  # it was all right when the proxy started
        return None
