"""The results of `models test`, kept in the state folder: reading and writing them in a command."""

from contextlib import suppress
from typing import TYPE_CHECKING

from cc_proxy.app import private_files
from cc_proxy.app.chat.model_names import full_name
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.errors import CcProxyError
from cc_proxy.app.gateway.storage.fitness_verdicts import (
    TESTS_FILE,
    TESTS_VERSION,
    KeptTest,
    KeptTests,
    PastTests,
    read_tests,
)

if TYPE_CHECKING:
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.daemon.paths import Paths

_MOST_MODELS = 200


def load_verdicts(paths: "Paths") -> tuple[dict[str, KeptTest], tuple[ErrorItem, ...]]:
    """Return the tests by their models' full names, and what is wrong with the file, if it is."""
    path = paths.state_dir / TESTS_FILE
    tests, trouble = read_tests(path)
    return tests, () if trouble is None else (_unreadable(str(path), trouble),)


def for_choice(common: "Common") -> tuple[dict[str, KeptTest], tuple[ErrorItem, ...]]:
    """Return the same for who can do without the tests: no state folder is only a warning."""
    try:
        return load_verdicts(common.paths())
    except CcProxyError as error:
        return {}, (ErrorItem.of(error),)


def results(common: "Common") -> PastTests:
    """Return the tests that decide which model the proxy chooses."""
    try:
        return PastTests(common.paths().state_dir)
    except CcProxyError:  # the command itself says what is wrong with the folder
        return PastTests(None)


def save_verdict(paths: "Paths", model: str, test: KeptTest) -> None:
    """Keep a test in place of an earlier one of the same model.

    Raises:
        DaemonError: the state folder cannot be written to.

    """
    import msgspec  # noqa: PLC0415 - not for `--help`

    path = paths.state_dir / TESTS_FILE
    models, _ = load_verdicts(paths)
    models.pop(full_name(model), None)
    models[full_name(model)] = test
    latest = dict(list(models.items())[-_MOST_MODELS:])
    with explained(path, "--state-dir"):
        private_files.make_folder(paths.state_dir)
        with suppress(FileNotFoundError):
            private_files.check_file(path)
        body = msgspec.json.encode(KeptTests(TESTS_VERSION, latest))
        private_files.replace(path, body + b"\n")


def _unreadable(path: str, reason: str) -> ErrorItem:
    text = f"What earlier tests of models found cannot be read: {path}: {reason}."
    return ErrorItem("tests_unreadable", text, f"rm {path}")
