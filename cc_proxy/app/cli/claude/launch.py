"""All that Claude Code is started with, made from what is asked for and from who answers."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cc_proxy.app.cli.claude import client_options, picker
from cc_proxy.app.cli.claude.environment import Changes, SessionModels, changes
from cc_proxy.app.cli.claude.settings import diversions, launch_settings, settings_files
from cc_proxy.app.cli.claude.settings.diversions import Diversion
from cc_proxy.app.cli.claude.settings.launch_settings import NamedSettings
from cc_proxy.app.cli.claude.version import Version
from cc_proxy.app.cli.statusline import setting
from cc_proxy.app.daemon.paths import Paths

if TYPE_CHECKING:
    from cc_proxy.app.control.listing import ListedModel


@dataclass(frozen=True)
class ClientArguments:
    """The user's arguments for Claude Code; `settings` are those of their `--settings`."""

    rest: list[str]
    settings: NamedSettings | None

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> "ClientArguments":
        """Return the arguments, with the settings that they name.

        Raises:
            LaunchSettingsError: those cannot be used.
            CloudError: the work would be done on Anthropic's servers.

        """
        client_options.refuse_cloud(arguments)
        rest, named = client_options.without_settings(arguments)
        return cls(rest, None if named is None else launch_settings.read_named(named))


@dataclass(frozen=True)
class Endpoint:
    """The proxy's address and models, and the version of Claude Code.

    `list_models` returns the models to choose from; None without a choice.
    `shows_status_line`: Claude Code shows cc-proxy's, unless the settings have one.
    """

    url: str
    key: str
    models: SessionModels
    client: Version | None
    list_models: "Callable[[], list[ListedModel]] | None" = None
    shows_status_line: bool = True


@dataclass(frozen=True)
class Launch:
    """The arguments and variables of Claude Code, and the settings that would lead it elsewhere."""

    arguments: list[str]
    variables: Changes
    diverting: list[Diversion]

    def with_variables(self, more: dict[str, str]) -> "Launch":
        """Return the same with more variables to set."""
        return replace(self, variables=replace(self.variables, set=self.variables.set | more))


def prepare(
    endpoint: Endpoint, profile: Sequence[str], given: ClientArguments, paths: Paths | None
) -> Launch:
    """Return what Claude Code is started with, and write its settings into a file.

    `paths` is None where another machine is to use it, which does not have the file.

    Raises:
        DaemonError: the file cannot be written.

    """
    person = launch_settings.merge_person(os.environ, given.settings)
    variables = changes(
        person["env"],
        url=endpoint.url,
        key=endpoint.key,
        models=endpoint.models,
        version=endpoint.client,
    )
    rows = None
    if endpoint.list_models is not None and picker.is_wanted(endpoint.client, person):
        listed = endpoint.list_models()
        rows = picker.setting(listed, endpoint.models.main, endpoint.models.window)
    files = list(settings_files.present(os.environ, Path.cwd()))
    settings = launch_settings.build(
        person,
        variables,
        given.settings,
        rows,
        has_status_line=endpoint.shows_status_line
        and not client_options.prints(given.rest)
        and not setting.is_set(person, files),
    )
    file = None if paths is None else launch_settings.write(settings, paths)
    host = urlsplit(endpoint.url).hostname or ""
    return Launch(
        arguments=client_options.complete(
            profile, given.rest, file, auto=endpoint.models.auto is not None
        ),
        variables=variables,
        diverting=list(diversions.find(files, settings["env"], host=host)),
    )
