"""Errors and warnings about settings by which requests would bypass the proxy."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from cc_proxy.app.cli.claude.settings import settings_files
from cc_proxy.app.cli.claude.settings.diversions import Diversion
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.errors import CcProxyError


class DiversionError(CcProxyError):
    """Settings of Claude Code would lead its requests past the proxy."""

    code = "settings_divert_requests"


def refuse_unchecked(environ: Mapping[str, str], folder: Path) -> None:
    """Refuse a session in `folder` where a settings file is beyond what can be checked.

    Raises:
        DiversionError: there is one. Claude Code may read it, and it may lead anywhere.

    """
    for path, scope in settings_files.places(environ, folder):
        try:
            settings_files.read(path, scope)
        except settings_files.UncertainSettingsError as error:
            raise DiversionError(
                f"Expected settings that cc-proxy can check in {path}, found {error}.",
                hint="Claude Code may read this file and send your prompts elsewhere."
                f" Remove it if you do not know it: {path}",
            ) from error
        except settings_files.UnreadableSettingsError:  # not by Claude Code either
            continue


def refuse(found: Iterable[Diversion], *, is_merged: bool) -> None:
    """Refuse a session whose requests would go past the proxy.

    `is_merged`: our settings share a file with some of the user's own. If there is a
    mistake in those, Claude Code may leave out the whole file, and with it what overrules others.

    Raises:
        DiversionError: they would.

    """
    effective = [one for one in found if is_merged or not one.overruled]
    if not effective:
        return
    file = effective[0].file
    names = _listed([one for one in effective if one.file == file])
    reason = ""
    if effective[0].overruled:
        reason = " With a --settings of your own, cc-proxy cannot be sure to overrule them."
    raise DiversionError(
        f"Expected settings that leave the requests of Claude Code with cc-proxy, found {names} in"
        f" {file}.{reason}",
        hint=f"Remove them from {file}. Whoever wrote them may have wanted your prompts elsewhere.",
    )


def warnings(found: Iterable[Diversion]) -> tuple[ErrorItem, ...]:
    """Return a warning for each file whose settings are overruled."""
    return tuple(
        ErrorItem(
            "settings_overruled",
            f"{file} sets {names}, which would lead Claude Code past cc-proxy. It is overruled in"
            " this session.",
            "A bare `claude` follows it: look at it before you use one here.",
        )
        for file, names in _by_file(one for one in found if one.overruled)
    )


def bare_warnings(found: Iterable[Diversion]) -> tuple[ErrorItem, ...]:
    """Return a warning for each file that a `claude` without our `--settings` would follow."""
    return tuple(
        ErrorItem(
            "settings_divert_requests",
            f"{file} sets {names}, which overrides these variables: a bare `claude` here"
            " goes past cc-proxy.",
            f"Use cc-proxy claude, or remove it from {file}",
        )
        for file, names in _by_file(found)
    )


def _by_file(found: Iterable[Diversion]) -> Iterable[tuple[object, str]]:
    for file, group in groupby(found, key=lambda one: one.file):
        yield file, _listed(list(group))


def _listed(found: Sequence[Diversion]) -> str:
    return ", ".join(map(str, found))
