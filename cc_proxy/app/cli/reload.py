"""`cc-proxy reload`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cc_proxy.app.cli.access import load_access
from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import (
    NOT_RUNNING,
    REFUSED,
    USAGE,
    ErrorItem,
    Result,
)
from cc_proxy.app.errors import CcProxyError

if TYPE_CHECKING:
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.control.wire import LastReload
    from cc_proxy.app.daemon.process.state import ProcessState

_ANSWER_SECONDS = 3.0


@define("reload")
def command(common: Common) -> Result:
    """Have cc-proxy read its configuration again.

    Answers that are running go on. It reads the file that it was started with; a broken one
    changes nothing. Host, port, key and the list of servers only change with `cc-proxy restart`.

    Example: cc-proxy reload
    """
    from cc_proxy.app.daemon import confirm, reload, running_file  # noqa: PLC0415 - see common.Common

    paths = common.paths()
    known = load_access(common, paths)
    now = common.running()
    if now is None:
        return _not_running(known.problems)
    if known.loaded is not None:
        running_file.refuse_other(now, known.loaded)
    if known.key is None:
        item = ErrorItem.of(confirm.refused(now))
        return Result("reload", warnings=known.problems, errors=(item,), exit_code=REFUSED)
    if confirm.confirm(now, known.key, timeout_seconds=_ANSWER_SECONDS) is None:
        return _not_running(known.problems)
    done = reload.reload(now, known.key)
    # What needs a restart is a difference, too, and is said by its name.
    unlike = done.status == "ok" and not done.needs_restart
    left = _still_different(common, known.loaded) if unlike else ()
    return _outcome(now, done, (*known.problems, *left))


def apply_written(common: Common, loaded: "LoadedConfig") -> tuple[ErrorItem, ...]:
    """Make the running proxy use a file that was just written; return the warnings about that.

    Does nothing if no proxy runs, or if the one that runs uses another file. `loaded` has the key.
    """
    from cc_proxy.app.daemon import auth_key, confirm, reload, running_file  # noqa: PLC0415 - see common.Common

    try:
        paths = common.paths()
        now = common.running()
        if now is None or running_file.is_other(now, common.load()):
            return ()
        key = auth_key.known(loaded.settings, paths, os.environ)
        if key is None or confirm.confirm(now, key, timeout_seconds=_ANSWER_SECONDS) is None:
            return ()  # a start that follows says what is wrong
        result = _outcome(now, reload.reload(now, key), ())
    except CcProxyError as error:
        return (ErrorItem.of(error),)
    return (*result.errors, *result.warnings)


def _still_different(common: Common, loaded: "LoadedConfig | None") -> tuple[ErrorItem, ...]:
    """Return a warning if the proxy differs from this terminal's settings after a reload."""
    from cc_proxy.app.daemon.differences import OTHER_SETTINGS, differences  # noqa: PLC0415 - see common.Common

    now = common.running()
    if now is None or loaded is None:
        return ()
    if all(notice.code != OTHER_SETTINGS for notice in differences(now, loaded)):
        return ()
    text = (
        f"cc-proxy (pid {now.pid}) keeps the environment variables that it was started with. Those"
        " of this terminal give other settings."
    )
    return (ErrorItem(OTHER_SETTINGS, text, "To apply them: cc-proxy restart"),)


def _outcome(now: "ProcessState", done: "LastReload", problems: tuple[ErrorItem, ...]) -> Result:
    data = {
        "pid": now.pid,
        "changed": list(done.changed),
        "needs_restart": list(done.needs_restart),
    }
    if done.status != "ok":
        text = f"{done.error}\ncc-proxy (pid {now.pid}) goes on with the configuration it has."
        hint = "Correct it, then: cc-proxy reload"
        if now.config_path is not None and not Path(now.config_path).exists():
            hint += ". To go on without the file: cc-proxy restart"
        item = ErrorItem("config_error", text, hint)
        # What is wrong with the file stands above, in the words of the one that reads it.
        return Result("reload", data, errors=(item,), exit_code=USAGE)
    what = ", ".join(done.changed) or "nothing"
    return Result(
        "reload",
        data,
        (f"cc-proxy (pid {now.pid}) has read its configuration again. Changed: {what}.",),
        warnings=(*problems, *needs_restart(done)),
    )


def needs_restart(done: "LastReload") -> tuple[ErrorItem, ...]:
    """Return what was read and does not count yet."""
    if not done.needs_restart:
        return ()
    what = ", ".join(map(_in_words, done.needs_restart))
    text = f"This only applies after a restart: {what}."
    return (ErrorItem("needs_restart", text, "To apply it: cc-proxy restart"),)


def _in_words(key: str) -> str:
    section, _, name = key.partition(".")
    return f"the server {name}" if section == "upstreams" and "." not in name else key


def _not_running(problems: tuple[ErrorItem, ...]) -> Result:
    item = ErrorItem("not_running", "cc-proxy is not running.", "To start it: cc-proxy start")
    return Result("reload", warnings=problems, errors=(item,), exit_code=NOT_RUNNING)
