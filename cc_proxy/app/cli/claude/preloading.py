"""Having the model loaded before the first request: waited for, or in the background."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cc_proxy.app.cli.output.amounts import duration
from cc_proxy.app.cli.output.progress import waiting
from cc_proxy.app.cli.output.result import FAILED, NO_UPSTREAM, ErrorItem, Result, aligned

if TYPE_CHECKING:
    from cc_proxy.app.cli.claude.environment import SessionModels
    from cc_proxy.app.config import LoadedConfig
    from cc_proxy.app.daemon.preload import Session
    from cc_proxy.app.daemon.process.state import ProcessState
    from cc_proxy.app.daemon.start import StartOutcome

# A request that is answered at once, with Ollama asked for no more than what a model can do.
_BACKGROUND_SECONDS = 15.0
# The proxy itself gives up on Ollama first, and says so.
_MORE_SECONDS = 30.0


def wait_for_default_model(
    result: Result, started: "StartOutcome", loaded: "LoadedConfig"
) -> Result:
    """Return the result of a start, with the default model loaded, or the error it met.

    cc-proxy runs in either case.
    """
    from cc_proxy.app.daemon import preload  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon.errors import DaemonError  # noqa: PLC0415 - as above

    for item in result.warnings:
        if item.code in {"upstream_unreachable", "no_default_model"}:
            others = tuple(one for one in result.warnings if one is not item)
            code = NO_UPSTREAM if item.code == "upstream_unreachable" else FAILED
            return replace(result, warnings=others, errors=(item,), exit_code=code)
    try:
        with waiting(f"Loading {_default_name(result)}"):
            done = preload.preload(
                started.state,
                started.auth_key,
                model=None,
                wait=True,
                timeout_seconds=loaded.settings.ollama.timeout_seconds + _MORE_SECONDS,
            )
    except DaemonError as error:
        return replace(result, errors=(ErrorItem.of(error),), exit_code=FAILED)
    took = f"loaded in {duration(done.seconds or 0.0)}, {done.context_window:,} tokens"
    return replace(
        result,
        data={
            **result.data,
            "preloaded": {
                "model": done.model,
                "context_window": done.context_window,
                "seconds": done.seconds,
            },
        },
        lines=(*result.lines, *aligned([("Preloaded", f"{done.model} ({took})")])),
    )


def in_background(
    now: "ProcessState", key: str, model: str | None = None, *, session: "Session | None" = None
) -> ErrorItem | None:
    """Have a model loaded while nobody waits; return a warning if that cannot begin.

    `model` None: the one that answers for Claude's names. `session`: the one that begins, if any.
    """
    from cc_proxy.app.daemon import preload  # noqa: PLC0415 - see common.Common
    from cc_proxy.app.daemon.errors import DaemonError  # noqa: PLC0415 - as above

    try:
        preload.preload(
            now,
            key,
            model=model,
            wait=False,
            timeout_seconds=_BACKGROUND_SECONDS,
            session=session or preload.NO_SESSION,
        )
    except DaemonError as error:
        return ErrorItem.of(error)
    return None


def session_models(
    now: "ProcessState", key: str, models: "SessionModels", session: "Session | None"
) -> tuple[ErrorItem, ...]:
    """Have the models of a session loaded while the person types; return what went wrong.

    The one that judges actions comes first: it reads its policy before the first action.
    """
    troubles = [in_background(now, key, models.main, session=session)]
    if models.auto is not None and models.auto != models.main:
        troubles.insert(0, in_background(now, key, models.auto))
    return tuple(filter(None, troubles))


def _default_name(result: Result) -> str:
    match result.data.get("default_model"):
        case {"name": str(name)}:
            return name
        case _:
            return "the default model"
