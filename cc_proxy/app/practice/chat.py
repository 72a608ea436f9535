"""`/api/chat` and `/api/generate`, from the body to the last line."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web

from cc_proxy.app.practice.engine.base import EngineError, PromptReading
from cc_proxy.app.practice.journal import Journal, Record
from cc_proxy.app.practice.model import fit, meter, render
from cc_proxy.app.practice.model.generation import (
    ConnectionCutError,
    ErrorAnswer,
    RunnerDiedError,
    TokenDelta,
    Turn,
)
from cc_proxy.app.practice.model.models import Catalogue, PracticeModel
from cc_proxy.app.practice.model.runner import Runner, Runners, RunnerSettings
from cc_proxy.app.practice.model.speed import PracticeSpeed, clock
from cc_proxy.app.practice.play import replies
from cc_proxy.app.practice.play.answers import (
    Answer,
    Endpoint,
    Form,
    Statistics,
    StreamedAnswer,
    WholeAnswer,
    nanoseconds,
    whole,
)
from cc_proxy.app.practice.play.scripts import Player
from cc_proxy.app.practice.play.steps import Part
from cc_proxy.app.practice.requests.decoding import ApiChatRequest, decode, read_chat, read_generate
from cc_proxy.app.practice.requests.options import Options, read_options
from cc_proxy.app.practice.wire import (
    RUNNER_DIED,
    WireError,
    error_body,
    go_json,
    runner_error,
    timestamp,
)


@dataclass(frozen=True)
class Practice:
    """The objects that the handlers share."""

    catalogue: Catalogue
    runners: Runners
    journal: Journal
    speed: PracticeSpeed
    player: Player
    version: str

    @property
    def reports_cached_count(self) -> bool:
        """True if this version reports how many tokens of a prompt came from the cache."""
        major, minor, *_ = map(int, self.version.split("."))
        return (major, minor) >= CACHED_COUNT_SINCE


# The first version whose last line has `prompt_eval_cached_count`.
CACHED_COUNT_SINCE = (0, 34)
PRACTICE = web.AppKey("PRACTICE", Practice)
# The record of the request at hand. (aiohttp's own RequestKey came with 3.14 only.)
RECORD: ContextVar[Record] = ContextVar("RECORD")


async def chat(http: web.Request) -> web.StreamResponse:
    """Answer `/api/chat`."""
    raw = decode(await http.read(), "ChatRequest")
    RECORD.get().body = raw
    return await _answer(http, read_chat(raw), "chat")


async def generate(http: web.Request) -> web.StreamResponse:
    """Answer `/api/generate`."""
    raw = decode(await http.read(), "GenerateRequest")
    RECORD.get().body = raw
    return await _answer(http, read_generate(raw), "generate")


async def _answer(
    http: web.Request, request: ApiChatRequest, endpoint: Endpoint
) -> web.StreamResponse:
    practice = http.app[PRACTICE]
    model = practice.catalogue.find(request.model)
    RECORD.get().model = model.full_name
    form = Form(request.model, model.style, endpoint)
    if not request.messages and request.keep_alive == 0:
        practice.runners.of(model).unload()
        return whole(200, form.line({"content": ""}, done=True, done_reason="unload"))
    _check_capabilities(request, model)
    options = read_options(request.options, of_model=model.parameters, most=model.context)
    if request.debug_render:
        return _rendered(request, model)
    settings = RunnerSettings(options.num_ctx, request.shift)
    async with practice.runners.one_at_a_time(model) as runner:
        try:
            RECORD.get().loaded = await runner.load(settings)
            RECORD.get().num_ctx = options.num_ctx
            if not request.messages:
                return whole(200, form.line({"content": ""}, done=True, done_reason="load"))
            answer = (StreamedAnswer if request.stream else WholeAnswer)(http, form)
            work = _Work(practice, RECORD.get(), request, options, runner)
            await work.run(answer, http)
            return answer.response
        finally:
            runner.stay(request.keep_alive)


def _check_capabilities(request: ApiChatRequest, model: PracticeModel) -> None:
    if request.think and not model.thinking:
        raise WireError(400, f'"{request.model}" does not support thinking')
    if request.tools and not model.tools:
        name = f"registry.ollama.ai/library/{model.full_name}"
        raise WireError(400, f"{name} does not support tools")


def _rendered(request: ApiChatRequest, model: PracticeModel) -> web.Response:
    prompt = render.prompt(request, request.messages, model).decode()
    body = {
        "model": request.model,
        "created_at": timestamp(),
        "message": {"role": "", "content": ""},
        "done": False,
        "_debug_info": {"rendered_template": prompt},
    }
    return whole(200, go_json(body).encode())


class _Work:
    """One request at its runner."""

    def __init__(
        self,
        practice: Practice,
        record: Record,
        request: ApiChatRequest,
        options: Options,
        runner: Runner,
    ) -> None:
        self._practice = practice
        self._record = record
        self._request = request
        self._options = options
        self._runner = runner
        self._model = runner.model

    async def run(self, answer: Answer, http: web.Request) -> None:
        """Play the turn into `answer`, and end as the script, the limits or the client say."""
        record = self._record
        record.status = 200
        try:
            parts = replies.reply(self._request, self._practice.player)
            prompt = self._prompt()
            reading = await self._read(prompt)
            await self._speak(answer, prompt, parts, reading)
        except WireError as error:
            if not error.late:
                raise
            await self._fail(answer, error.status, error_body(error.text))
            record.ended_by = "refused"
        except ErrorAnswer as error:
            refuse = error.refuse
            if refuse.body is None:
                await self._fail(answer, refuse.status, error_body(refuse.text))
            else:
                await self._fail(answer, refuse.status, refuse.body.encode(), "text/html")
            record.ended_by = "refused"
        except (RunnerDiedError, EngineError):
            self._runner.unload()
            record.ended_by = "died"
            await self._fail(answer, 500, error_body(RUNNER_DIED))
        except ConnectionCutError:
            record.ended_by = "cut"
            if http.transport is not None:
                http.transport.abort()
            # The lost connection cancels this handler.
            await asyncio.Event().wait()

    async def _fail(
        self, answer: Answer, status: int, body: bytes, content_type: str | None = None
    ) -> None:
        if not answer.started:
            self._record.status = status
        await answer.fail(status, body, content_type)

    def _prompt(self) -> bytes:
        has_images = any(message.images for message in self._request.messages)
        if has_images and not self._model.vision:
            text = "Multimodal data provided, but model does not support multimodal requests."
            raise WireError(400, runner_error(text, "invalid_request_error"), late=True)
        return fit.fitted(self._request, self._model, self._options.num_ctx)

    async def _read(self, prompt: bytes) -> PromptReading:
        """Have the engine read the prompt, and note what that took."""
        record = self._record
        record.prompt_tokens = meter.count(prompt)
        self._practice.journal.changed(record)

        def progress(reused: int, read: int) -> None:
            record.reused_tokens, record.read_tokens = reused, read

        reading = await self._runner.engine.read(prompt, progress)
        record.reused_tokens, record.read_tokens = reading.reused, reading.read
        return reading

    async def _speak(
        self, answer: Answer, prompt: bytes, parts: Sequence[Part], reading: PromptReading
    ) -> None:
        record, speed = self._record, self._practice.speed
        turn = Turn(
            self._request,
            self._model,
            stop=self._options.stop,
            limit=self._limit(),
            tokens_per_second=speed.generate_tokens_per_second,
        )
        try:
            async with aclosing(turn.play(parts)) as events:
                async for event in events:
                    if isinstance(event, TokenDelta):
                        await answer.add(event)
                    else:
                        await answer.add_raw(event.line)
                    self._note(turn, event)
            await answer.finish(turn.reason, self._statistics(turn, reading))
        finally:
            record.output_tokens = turn.tokens
            self._runner.engine.keep(reading.slot, prompt + turn.spoken)

    def _note(self, turn: Turn, event: object) -> None:
        record = self._record
        record.output_tokens = turn.tokens
        if isinstance(event, TokenDelta):
            record.text += event.content
            record.calls += [call.name for call in event.calls]
        record.first_token = record.first_token or clock()
        self._practice.journal.changed(record)

    def _limit(self) -> int | None:
        """Return how many tokens may be written: `shift: false` ends with the window (32b)."""
        wanted = self._options.num_predict
        if self._request.shift:
            return wanted
        room = max(1, self._options.num_ctx - self._record.prompt_tokens)
        return room if wanted is None else min(wanted, room)

    def _statistics(self, turn: Turn, reading: PromptReading) -> Statistics:
        record, speed = self._record, self._practice.speed
        reports = self._practice.reports_cached_count
        return Statistics(
            total_duration=nanoseconds(clock() - record.started),
            load_duration=speed.load_nanoseconds() if record.loaded else 1_000_000,
            prompt_eval_count=record.prompt_tokens,
            prompt_eval_cached_count=reading.reused if reports else None,
            prompt_eval_duration=reading.nanoseconds,
            eval_count=turn.tokens,
            eval_duration=speed.generate_nanoseconds(turn.tokens),
        )
