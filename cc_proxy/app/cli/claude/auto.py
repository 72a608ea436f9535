"""`cc-proxy claude --auto`: a model of the person's own judges each action of a session."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cc_proxy.app.cli.claude.environment import SessionModels
from cc_proxy.app.cli.claude.version import Version
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.config import LoadedConfig

# Earlier versions ask nobody but Anthropic's server.
_KNOWS_AUTO_MODE = (2, 1, 332)


class AutoSessionError(CcProxyError):
    """A session cannot begin in auto mode; `code` says why."""


def session_models(
    common: "Common",
    loaded: "LoadedConfig",
    models: SessionModels,
    client: Version | None,
    *,
    auto: bool,
) -> tuple[SessionModels, tuple[ErrorItem, ...]]:
    """Return the models of a session; in auto mode also how often the judging one was right.

    Raises:
        CcProxyError: Claude Code is too old for it, or the model was never measured.

    """
    if not auto:
        return models, ()
    if client is not None and client < _KNOWS_AUTO_MODE:
        raise AutoSessionError(
            f"Expected Claude Code {_text(_KNOWS_AUTO_MODE)} or later for auto mode, found"
            f" {_text(client)}.",
            code="claude_too_old",
            hint="claude update",
        )
    from cc_proxy.app.cli.models import auto_mode  # noqa: PLC0415 - it brings aiohttp

    name, item = auto_mode.for_session(common, loaded, models.main)
    return replace(models, auto=name), (item,)


def _text(version: Version) -> str:
    return ".".join(map(str, version))
