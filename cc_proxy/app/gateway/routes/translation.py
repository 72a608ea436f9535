"""From a request to the model that answers it, and to what that model is asked."""

from functools import partial

import msgspec

from cc_proxy.app.anthropic import requests
from cc_proxy.app.anthropic.errors import ApiError, invalid_request, prompt_too_long
from cc_proxy.app.chat.errors import ModelNotFoundError
from cc_proxy.app.chat.target import Target
from cc_proxy.app.gateway.attachments.describing import Describe
from cc_proxy.app.gateway.attachments.documents import has_image
from cc_proxy.app.gateway.context import Shared
from cc_proxy.app.gateway.routing.nearest import did_you_mean
from cc_proxy.app.gateway.scheduling.beside import is_large
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.gateway.scheduling.failover import Place
from cc_proxy.app.translate.answer.errors import api_error, api_error_for
from cc_proxy.app.translate.request.build import TranslatedRequest, chat_request
from cc_proxy.app.translate.request.conversation import least_tokens
from cc_proxy.app.translate.request.thinking import thinking_counts
from cc_proxy.app.translate.web_search.offer import Offer, offer


async def target_for(
    shared: Shared, asked: requests.MessagesRequest, who: Caller
) -> tuple[Target, Place]:
    """Return the model for a request, by its name, its class, and what is in it, and its place.

    Raises:
        ApiError: there is none, or the request has more messages than it could read.

    """
    with api_error_for(asked.model):
        target = await _named(shared, asked.model, who)
        if has_image(asked):
            target = await shared.models.for_image(target)
        window = await shared.models.longest_window(target)
    await _refuse_long(shared, asked.messages, window)
    return await with_forms(shared, asked, target, who)


async def _named(shared: Shared, name: str, who: Caller) -> Target:
    try:
        return await shared.models.target(name, who)
    except ModelNotFoundError as error:
        if not (near := await did_you_mean(shared.upstreams.first, error)):
            raise
        refused = api_error(error, name)
        text = refused.message + near
        raise ApiError(refused.status, refused.error_type, text, retry=refused.retry) from error


async def with_forms(
    shared: Shared, asked: requests.MessagesRequest, target: Target, who: Caller
) -> tuple[Target, Place]:
    """Return the target with the form in which it keeps old thinking, and its place."""
    place = await shared.lanes.place(target, partial(_stays_together, who, asked))
    if any(message.role == "assistant" for message in asked.messages):
        server, emptied = place.lane.upstream, place.lane.slots.emptied
        target = await shared.models.with_forms(target, server, emptied, thinks=asked.thinks)
    return target, place


def _stays_together(who: Caller, asked: requests.MessagesRequest) -> str:
    """Return what one host answers: a session, or a conversation by how it begins."""
    return who.session or str(hash((bytes(asked.system), msgspec.json.encode(asked.messages[:1]))))


async def _refuse_long(shared: Shared, messages: list[requests.Message], window: int) -> None:
    """Refuse more messages than the window has tokens: to translate them would take a second."""
    if len(messages) <= window:
        return
    least = await shared.fair_share.beside.run(
        partial(least_tokens, messages), is_large=is_large(messages)
    )
    if least > window:
        raise prompt_too_long(least, window)


def too_deep() -> ApiError:
    """Return the error for what the decoder takes, and what is too deep for those after it."""
    return invalid_request("The request is nested too deeply, in its schemas maybe.")


async def translated_for(
    shared: Shared,
    asked: requests.MessagesRequest,
    target: Target,
    describe: Describe | None,
    betas: str = "",
) -> tuple[Offer | None, TranslatedRequest]:
    """Return the web search that a request offers, and the request as the model gets it.

    Its attachments are read: `describe` describes images for a model that does not see.
    """
    vision = target.model.can("vision")
    await shared.attachments.read(asked, vision=vision, describe=None if vision else describe)
    try:
        if search := offer(bytes(asked.tools)):
            asked.tools = search.tools
    except RecursionError as error:  # what the decoder takes can be too deep for what follows
        raise too_deep() from error
    return search, await request_for(shared, asked, target, betas)


async def request_for(
    shared: Shared, asked: requests.MessagesRequest, target: Target, betas: str
) -> TranslatedRequest:
    """Return the request as the model gets it, its attachments being read."""
    large = is_large(asked.messages)
    try:
        counts = thinking_counts(asked, betas)

        def translate() -> TranslatedRequest:
            translated = chat_request(asked, target, shared.turns.recall, counts)
            if large:
                # Most of the work of the estimate that comes next.
                _ = translated.prompt.parts
            return translated

        return await shared.fair_share.beside.run(translate, is_large=large)
    except RecursionError as error:  # as above
        raise too_deep() from error
