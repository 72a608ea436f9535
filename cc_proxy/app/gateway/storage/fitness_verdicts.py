"""The results of `models test` in the state folder, and the models that they rule out."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app import private_files
from cc_proxy.app.chat.model_names import full_name, same_model

if TYPE_CHECKING:
    from cc_proxy.app.chat.models import ModelCard

log = logging.getLogger(__name__)

TESTS_FILE = "model-tests.json"
# Before 2 the tasks were others: their results say nothing now.
TESTS_VERSION = 2
_MOST_BYTES = 1024 * 1024
_FIT, _UNFIT = "fit", "unfit"


@dataclass(frozen=True)
class KeptTest:
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


@dataclass
class _Header:
    version: int


@dataclass
class KeptTests:
    """The content of the file: its version, and the tests by their models' full names."""

    version: int
    models: dict[str, KeptTest]


def read_tests(path: Path) -> tuple[dict[str, KeptTest], str | None]:
    """Return the tests by their models' full names, and why the file cannot be read, if so."""
    import msgspec  # noqa: PLC0415 - not for `--help`

    try:
        body = private_files.read(path, limit=_MOST_BYTES)
        version = msgspec.json.decode(body, type=_Header).version
        if version < TESTS_VERSION:
            return {}, None
        kept = msgspec.json.decode(body, type=KeptTests) if version == TESTS_VERSION else None
    except (FileNotFoundError, NotADirectoryError):
        return {}, None
    except OSError as error:
        return {}, error.strerror or str(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return {}, str(error)
    if kept is None:
        return {}, f"expected version {TESTS_VERSION}, found {version}"
    return kept.models, None


def is_unfit(tests: Mapping[str, KeptTest], model: "ModelCard") -> bool:
    """Return whether the latest test of this very version of a model found it unfit."""
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


class PastTests:
    """The tests in a state folder, read again when they have changed; without a folder none."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / TESTS_FILE if folder else None

    def stamp(self) -> int:
        """Return a number that changes with the file, 0 while there is none."""
        try:
            return self._path.stat().st_mtime_ns if self._path else 0
        except OSError:  # reading it says why
            return 0

    def without_unfit(self, models: list["ModelCard"]) -> list["ModelCard"]:
        """Return the models that no test found unfit, or all of them where that leaves none."""
        tests, trouble = read_tests(self._path) if self._path else ({}, None)
        if trouble is not None:
            log.warning("earlier tests of models cannot be read: %s", trouble)
        return [model for model in models if not is_unfit(tests, model)] or models
