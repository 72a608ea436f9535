"""The results of `models test`, kept in the state folder for `models` to show."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from cc_proxy.app import private_files
from cc_proxy.app.chat.model_names import full_name, same_model
from cc_proxy.app.cli.output.result import ErrorItem
from cc_proxy.app.daemon.file_errors import explained
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.chat.models import ModelCard
    from cc_proxy.app.cli.common import Common
    from cc_proxy.app.daemon.paths import Paths

_FILE = "model-tests.json"
# Before 2 the tasks were others: what they showed says nothing now.
_VERSION = 2
_MOST_BYTES = 1024 * 1024
_MOST_MODELS = 200
_FIT, _UNFIT = "fit", "unfit"


class KeptTest(msgspec.Struct, frozen=True):
    """The latest test of a model: when (UTC, ISO 8601), of which version of it, what came of it."""

    tested_at: str
    digest: str
    verdict: str
    passed: int
    runs: int
    calls: dict[str, int]
    read_tokens_per_second: float | None
    written_tokens_per_second: float | None
    context_window: int


class _Header(msgspec.Struct):
    version: int


class _Kept(msgspec.Struct):
    version: int
    models: dict[str, KeptTest]


def load_verdicts(paths: "Paths") -> tuple[dict[str, KeptTest], tuple[ErrorItem, ...]]:
    """Return the tests by their models' full names, and what is wrong with the file, if it is."""
    path = paths.state_dir / _FILE
    try:
        body = private_files.read(path, limit=_MOST_BYTES)
        version = msgspec.json.decode(body, type=_Header).version
        if version < _VERSION:
            return {}, ()
        kept = msgspec.json.decode(body, type=_Kept) if version == _VERSION else None
    except (FileNotFoundError, NotADirectoryError):
        return {}, ()
    except OSError as error:
        return {}, (_unreadable(str(path), error.strerror or str(error)),)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return {}, (_unreadable(str(path), str(error)),)
    if kept is None:
        text = f"expected version {_VERSION}, found {version}"
        return {}, (_unreadable(str(path), text),)
    return kept.models, ()


def for_choice(common: "Common") -> tuple[dict[str, KeptTest], tuple[ErrorItem, ...]]:
    """Return the same for who can do without the tests: no state folder is only a warning."""
    try:
        return load_verdicts(common.paths())
    except CcProxyError as error:
        return {}, (ErrorItem.of(error),)


def is_unfit(tests: Mapping[str, KeptTest], model: "ModelCard") -> bool:
    """Tell whether the latest test of this very version of a model found it unfit."""
    test = tests.get(full_name(model.name))
    return test is not None and test.verdict == _UNFIT and test.digest == model.digest


def unfit_test(
    tests: Mapping[str, KeptTest], pulled: Iterable["ModelCard"], name: str
) -> KeptTest | None:
    """Return the test that found the pulled version of the model `name` unfit, None without one."""
    found = (one for one in pulled if same_model(one.name, name) and is_unfit(tests, one))
    return next((tests[full_name(one.name)] for one in found), None)


def fit_names(tests: Mapping[str, KeptTest], pulled: Iterable["ModelCard"]) -> list[str]:
    """Return the pulled models that were fit in a test of the same version, newest test first."""
    found = [
        (test.tested_at, one.name)
        for one in pulled
        if (test := tests.get(full_name(one.name)))
        and test.verdict == _FIT
        and test.digest == one.digest
    ]
    return [name for _, name in sorted(found, reverse=True)]


def save_verdict(paths: "Paths", model: str, test: KeptTest) -> None:
    """Keep a test in place of an earlier one of the same model.

    Raises:
        DaemonError: the state folder cannot be written to.

    """
    path = paths.state_dir / _FILE
    models, _ = load_verdicts(paths)
    models.pop(full_name(model), None)
    models[full_name(model)] = test
    latest = dict(list(models.items())[-_MOST_MODELS:])
    with explained(path, "--state-dir"):
        private_files.make_folder(paths.state_dir)
        with suppress(FileNotFoundError):
            private_files.check_file(path)
        private_files.replace(path, msgspec.json.encode(_Kept(_VERSION, latest)) + b"\n")


def _unreadable(path: str, reason: str) -> ErrorItem:
    text = f"What earlier tests of models found cannot be read: {path}: {reason}."
    return ErrorItem("tests_unreadable", text, f"rm {path}")
