"""The model for a request, with its capabilities and its window."""

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from cc_proxy.app.byte_cache import ByteCache, text_bytes
from cc_proxy.app.chat.errors import UpstreamError, UpstreamRefusedError
from cc_proxy.app.chat.model_names import full_name, same_model
from cc_proxy.app.chat.models import LoadedModel, ModelCard, ModelInfo
from cc_proxy.app.chat.target import Target
from cc_proxy.app.chat.upstream import Upstream
from cc_proxy.app.chat.upstreams import Upstreams
from cc_proxy.app.claude_needs import ENOUGH_WINDOW
from cc_proxy.app.config import NO_MODEL_SETTINGS, ModelSettings, Settings, resolve_model
from cc_proxy.app.gateway.routing.absence import no_model, only_cloud
from cc_proxy.app.gateway.routing.classes import model_for
from cc_proxy.app.gateway.routing.fallbacks import Fallbacks
from cc_proxy.app.gateway.routing.thinking_forms import Emptied, form_of
from cc_proxy.app.gateway.scheduling.caller import Caller
from cc_proxy.app.gateway.storage.fitness_verdicts import PastTests

if TYPE_CHECKING:
    from cc_proxy.app.chat.target import ThinkingForm

log = logging.getLogger(__name__)

# No more than that: the model's own maximum may cost more memory than there is.
AUTO_WINDOW = ENOUGH_WINDOW
# Names come from clients, and what a model can do from Ollama.
CACHE_BYTES = 4 * 1024 * 1024
_TARGET_BYTES = 1000
_ANSWER_SHARE = 8


def _targets() -> ByteCache[str, Target]:
    return ByteCache(CACHE_BYTES, _held_by)


def _held_by(key: str, target: Target) -> int:
    model = target.model
    texts = (key, model.name, model.family, model.tokenizer, model.parser, *model.capabilities)
    return _TARGET_BYTES + text_bytes(*texts, *model.call_formats)


def _capabilities() -> ByteCache[str, list[str]]:
    return ByteCache(CACHE_BYTES, lambda key, names: text_bytes(key, *names))


def _forms() -> ByteCache[str, dict[bool, "ThinkingForm"]]:
    return ByteCache(CACHE_BYTES, lambda name, _: text_bytes(name))


class Models:
    """Knows the models of the upstreams; asks once for each and remembers.

    A model's window must stay the same for as long as it is loaded: Ollama loads it again, and
    forgets what it has read, when `num_ctx` changes.
    """

    def __init__(
        self, settings: Settings, upstreams: Upstreams, tests: PastTests | None = None
    ) -> None:
        self._settings = settings
        self._upstreams = upstreams
        self._tests = tests or PastTests(None)
        self._tests_stamp = 0
        self._targets = _targets()
        self._asking: dict[str, asyncio.Task[Target]] = {}
        self._capabilities = _capabilities()
        self._forms = _forms()
        self.fallbacks = Fallbacks(settings.fallback, upstreams, self.named)
        self._chosen: str | None = None

    def use(self, settings: Settings) -> None:
        """Use these settings from now on, and ask about every model again."""
        self._settings = settings
        self._targets, self._asking = _targets(), {}
        self._capabilities, self._forms = _capabilities(), _forms()
        self.fallbacks = Fallbacks(settings.fallback, self._upstreams, self.named)
        self._chosen = None

    async def target(self, requested: str, who: Caller | None = None) -> Target:
        """Return the model that answers for a name in a request, or for the class that it is of.

        If its server cannot be asked, that is its fallback.

        Raises:
            ApiError: no model is configured and none that can use tools is pulled.
            UpstreamError: Ollama cannot be asked, or does not have the model.

        """
        resolved = self._resolved(model_for(self._settings.request_classes, who) or requested)
        return await self.fallbacks.asked(resolved or await self._choose())

    def upstream_for(self, requested: str) -> Upstream:
        """Return the upstream that answers for a name in a request, without asking anything."""
        resolved = self._resolved(requested) or self._chosen
        return self._upstreams.pick(resolved)[0] if resolved else self._upstreams.first

    def _resolved(self, name: str) -> str | None:
        resolved = resolve_model(self._settings.aliases, name)
        return resolved and resolved.removeprefix(f"{self._upstreams.first.name}/")

    async def for_image(self, target: Target) -> Target:
        """Return the model for a conversation with an image: another one if `target` is blind.

        Raises:
            UpstreamError: the upstream cannot be asked, or does not have the other one.

        """
        other = self._settings.request_classes.image
        if other is None or target.model.can("vision"):
            return target
        return await self.target(other)

    async def for_length(self, target: Target, tokens: int) -> Target:
        """Return the model for a prompt of about so many tokens: another one if `target` is small.

        An eighth of the window stays free for the answer. A conversation only grows, so it changes
        the model once.

        Raises:
            UpstreamError: the upstream cannot be asked, or does not have the other one.

        """
        other = self._settings.request_classes.long_context
        if other is None or tokens <= target.window - target.window // _ANSWER_SHARE:
            return target
        longer = await self.target(other)
        return longer if longer.window > target.window else target

    async def longest_window(self, target: Target) -> int:
        """Return the tokens that a conversation with `target` may have before it is compacted.

        Raises:
            UpstreamError: the upstream cannot be asked, or does not have the other model.

        """
        return (await self.for_length(target, target.window)).window

    async def named(self, name: str) -> Target:
        """Return the model of this name, whatever the aliases say.

        Raises:
            UpstreamError: Ollama cannot be asked, or does not have the model.

        """
        # `m` and `m:latest` are one model: two windows would have it loaded again and again.
        upstream, model = self._upstreams.pick(name)
        key = _key(upstream.name, model)
        known = self._targets.get(key)
        if known is not None:
            return _spelled(known, model)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(upstream, model))
            asking, targets = self._asking, self._targets
            asking[key] = task

            def asked(done: asyncio.Task[Target]) -> None:
                del asking[key]
                if not done.cancelled() and done.exception() is None:
                    targets.put(key, done.result())

            task.add_done_callback(asked)
        # All who wait get the one answer; one that leaves does not take it from the others.
        return _spelled(await asyncio.shield(task), model)

    async def pulled(self) -> list[ModelCard]:
        """Return the models of each upstream, newest first, with what each can do.

        `/api/tags` says of a GGUF with its own Jinja template that it cannot use tools, where
        `/api/show` says that it can (Ollama 0.33), and an older server says nothing. So each such
        model is asked about, once for each version of it.

        Raises:
            UpstreamError: none of the upstreams can be asked; this is the error of the first.

        """
        found: list[ModelCard] = []
        errors: list[UpstreamError] = []
        for upstream in self._upstreams:
            try:
                found += await self._listed(upstream)
            except UpstreamError as error:
                log.warning("models of %s are not listed: %s", upstream.name, error.log_text)
                errors.append(error)
        if len(errors) == len(list(self._upstreams)):
            raise errors[0]
        return found

    async def _listed(self, upstream: Upstream) -> list[ModelCard]:
        return [
            msgspec.structs.replace(
                model,
                name=self._upstreams.listed(upstream, model.name),
                capabilities=await self._can_do(upstream, model),
            )
            for model in await upstream.models()
        ]

    async def with_forms(
        self, target: Target, upstream: Upstream, emptied: Emptied, *, thinks: bool
    ) -> Target:
        """Return the target with the form in which its old thinking is sent, found out once.

        `upstream` is the server that is about to answer a request: it loads the model for that.
        `emptied` is called with the name of a model that was not loaded before.
        """
        # A prompt to a cloud model is paid for, and its server shows none.
        if not target.model.can("thinking") or not target.model.is_local:
            return target
        key = _key(target.upstream, target.model.name)
        forms = self._forms.get(key) or {}
        if thinks not in forms:
            form = await form_of(upstream, target, emptied, thinks=thinks)
            if form is None:
                return target
            forms[thinks] = form
            self._forms.put(key, forms)
        return replace(target, forms=forms)

    def forget(self, target: Target) -> None:
        """Ask again next time: the upstream no longer has the model, or has a new one."""
        key = _key(target.upstream, target.model.name)
        self._targets.drop(key)
        self._forms.drop(key)
        upstream = self._upstreams.named(target.upstream)
        if self._chosen == self._upstreams.listed(upstream, target.model.name):
            self._chosen = None

    async def _ask(self, upstream: Upstream, name: str) -> Target:
        info = await upstream.model(name)
        own = self._settings_of(info)
        configured = own.context_window
        loaded = await upstream.loaded()
        window = self._window(info, configured, loaded)
        log.info("model %s window=%d can=%s", name, window, ",".join(sorted(info.capabilities)))
        if configured and configured > window:
            log.warning("model %s: context_window is %d, more than it can have", name, configured)
        settings = self._settings
        return Target(
            info,
            window,
            own.keep_alive or _keep_alive(settings, upstream.name),
            configured,
            settings.assist,
            own,
            takes_tool_choice=upstream.can.takes_tool_choice,
            upstream=upstream.name,
            server=upstream.title,
            drops_output=upstream.can.drops_output,
        )

    def _settings_of(self, info: ModelInfo) -> ModelSettings:
        of_model = (
            each for name, each in self._settings.models.items() if same_model(name, info.name)
        )
        return next(of_model, NO_MODEL_SETTINGS)

    def _window(self, info: ModelInfo, configured: int | None, loaded: list[LoadedModel]) -> int:
        wanted = configured or self._settings.context_window
        if wanted is None and not info.is_local and info.max_context:
            # It takes no memory here.
            return info.max_context
        if wanted is None:
            running = next((m for m in loaded if same_model(m.name, info.name)), None)
            wanted = max(
                AUTO_WINDOW,
                info.modelfile_context or 0,
                running.context_length if running else 0,
            )
        # Ollama clamps in silence (recording 33); then the window told to the client is wrong.
        return min(wanted, info.max_context) if info.max_context else wanted

    async def _choose(self) -> str:
        """Pick a model for `claude-*` names when none is configured: loaded, else newest.

        It is one that `models test` found unfit only if there is no other. All commands choose
        here, so that they name the model that answers.
        """
        stamp = self._tests.stamp()
        if self._chosen is not None and stamp == self._tests_stamp:
            return self._chosen
        # While the first upstream is away, nothing is chosen: the choice would outlast that.
        loaded = await self._upstreams.first.loaded()
        pulled = await self.pulled()
        # Nobody's code goes elsewhere because a name was left out of a configuration.
        local = [model for model in pulled if model.is_local]
        with_tools = [model for model in local if "tools" in (model.capabilities or ())]
        able = [model.name for model in self._tests.without_unfit(with_tools)]
        if not able and not local and pulled:
            raise only_cloud([model.name for model in pulled])
        if not able:
            raise no_model(len(local), self._upstreams.first)
        in_memory = {full_name(model.name) for model in loaded}
        self._chosen = next((n for n in able if full_name(n) in in_memory), able[0])
        self._tests_stamp = stamp
        log.info("no default model is configured: chose %s of %d", self._chosen, len(with_tools))
        return self._chosen

    async def _can_do(self, upstream: Upstream, model: ModelCard) -> list[str] | None:
        listed = model.capabilities
        if not model.is_local or (listed and ("tools" in listed or "completion" not in listed)):
            return listed
        key = f"{_key(upstream.name, model.name)} {model.digest}"
        known = self._capabilities.get(key)
        if known is None:
            try:
                shown = await upstream.model(model.name)
            except UpstreamRefusedError as error:
                log.warning(
                    "model %s cannot be asked what it can do: %s", model.name, error.log_text
                )
                return listed
            known = sorted(shown.capabilities)
            self._capabilities.put(key, known)
        return known


def _keep_alive(settings: Settings, upstream: str) -> str:
    named = settings.upstreams.get(upstream)
    return named.keep_alive if named is not None else settings.ollama.keep_alive


def _key(upstream: str, model: str) -> str:
    return f"{upstream} {full_name(model)}"


def _spelled(target: Target, name: str) -> Target:
    """Return the target under the name that was asked for: the one its user knows."""
    if target.model.name == name:
        return target
    return replace(target, model=msgspec.structs.replace(target.model, name=name))
