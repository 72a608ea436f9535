"""The model that the configuration names for a class of requests.

The classes are those of Claude Code's headers (scheduling/caller.py); other clients have none.
"""

from cc_proxy.app.config import RequestClasses
from cc_proxy.app.gateway.scheduling.caller import Caller, RequestClass, SmallTask


def model_for(classes: RequestClasses, who: Caller | None) -> str | None:
    """Return the model for the requests of a caller, None if it is the one that they name."""
    match who.kind if who else None:
        case RequestClass.SUBAGENT | RequestClass.WORKFLOW:
            return classes.subagent
        case RequestClass.COMPACTION:
            return classes.compaction
    # Others go on with the conversation, which another model would have to read first.
    if who is None or not who.is_small or not who.side:
        return None
    return _of_task(classes, who.task) or classes.auxiliary


def _of_task(classes: RequestClasses, task: SmallTask | None) -> str | None:
    match task:
        case SmallTask.TITLE:
            return classes.title
        case SmallTask.WEB_SEARCH:
            return classes.web_search
        case SmallTask.AUTO_MODE:
            return classes.auto_mode
    return None
