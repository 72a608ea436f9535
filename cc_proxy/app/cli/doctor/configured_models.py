"""The check of every other place where the configuration names a model."""

from collections.abc import Iterator

from cc_proxy.app.anthropic.errors import ApiError
from cc_proxy.app.chat.errors import ModelNotFoundError, UpstreamError
from cc_proxy.app.cli.doctor.check import Check, fail
from cc_proxy.app.config import Settings
from cc_proxy.app.config.aliases import DEFAULT
from cc_proxy.app.gateway.routing.models import Models

_SEE = ("vision_model", "request_classes.image")


async def check(settings: Settings, models: Models) -> list[Check]:
    """Return a failed check if a configured model is on no server, or cannot do its work.

    The default model has checks of its own, and so has a server that does not answer.
    """
    troubles = []
    for key, name in _named(settings):
        try:
            is_alias = key.startswith("aliases.")
            target = await (models.named(name) if is_alias else models.target(name))
        except ModelNotFoundError as error:
            troubles.append(f"{key}: {error.message}")
        except (ApiError, UpstreamError):
            continue
        else:
            if key in _SEE and not target.model.can("vision"):
                troubles.append(f"{key}: {target.model.name} cannot see images.")
    if not troubles:
        return []
    fix = "Correct the names in the configuration; the models that are there: cc-proxy models"
    return [fail("configured_models", "\n".join(troubles), fix)]


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the keys of the file that name a model, each with the name."""
    for alias, model in settings.aliases.items():
        if alias != DEFAULT:
            yield f"aliases.{alias}", model
    for name in settings.request_classes.__struct_fields__:
        if model := getattr(settings.request_classes, name):
            yield f"request_classes.{name}", model
    for model, other in settings.fallback.items():
        yield f"fallback.{model}", other
    if settings.vision_model:
        yield "vision_model", settings.vision_model
