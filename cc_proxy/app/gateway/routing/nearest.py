"""The question for a model that is nearest in name to one that is not there."""

import difflib

from cc_proxy.app.chat.errors import ModelNotFoundError, UpstreamError
from cc_proxy.app.chat.model_names import short_name
from cc_proxy.app.chat.upstream import Upstream


async def did_you_mean(upstream: Upstream, error: BaseException | None) -> str:
    """Return ` Did you mean NAME?` with a model that `upstream` has, empty if none is near.

    `error` is the one that a request for the missing model met.
    """
    if not isinstance(error, ModelNotFoundError) or error.server != upstream.title:
        return ""
    try:
        names = [short_name(model.name) for model in await upstream.models()]
    except UpstreamError:  # the missing model is what matters
        return ""
    near = nearest(short_name(error.model), names)
    return f" Did you mean {near}?" if near else ""


def nearest(name: str, names: list[str]) -> str | None:
    """Return the name that is most like another one, None if none is.

    A tag that is left out or wrong is the usual slip: the family is compared first.
    """
    family = name.partition(":")[0]
    same = [one for one in names if one.partition(":")[0] == family]
    near = difflib.get_close_matches(name, same, n=1, cutoff=0.0)
    near = near or difflib.get_close_matches(name, names, n=1)
    return near[0] if near else None
