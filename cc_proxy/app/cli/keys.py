"""The key for asking a running process, also when today's configuration is broken."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cc_proxy.app.cli.common import Common
from cc_proxy.app.cli.result import ErrorItem
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.config import Settings
    from cc_proxy.app.daemon.paths import Paths


def key_to_ask_with(
    common: Common, paths: "Paths", environ: Mapping[str, str]
) -> tuple[str | None, list[ErrorItem]]:
    """Return the key, None if there is none, and what was wrong on the way to it.

    Raises:
        ConfigError: the file that `--config` names cannot be used.

    """
    from cc_proxy.app.config import ConfigError  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon import auth_key  # noqa: PLC0415

    problems: list[ErrorItem] = []
    settings: Settings | None = None
    try:
        settings = common.load().settings
    except ConfigError as error:
        if common.config is not None:
            raise
        problems.append(ErrorItem.of(error))
    try:
        return auth_key.known(settings, paths, environ), problems
    except CcProxyError as error:
        return None, [*problems, ErrorItem.of(error)]
