"""The totals and the state of this moment as metrics.

Names and units are those of OpenTelemetry's conventions for generative AI where these have one,
as its exporter for Prometheus writes them: https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cc_proxy import __version__
from cc_proxy.app.control.activity import RequestState
from cc_proxy.app.gateway.activity.exposition import Labels, histograms, samples
from cc_proxy.app.gateway.activity.totals import Histogram, ModelTotals
from cc_proxy.app.gateway.activity.tracker import ActivityTracker
from cc_proxy.app.gateway.activity.view import running_states

MODEL = "gen_ai_request_model"
_RUNNING: tuple[RequestState, ...] = ("preparing", "waiting", "loading", "reading", "writing")
_TOKENS = ("read", "reused", "written")


@dataclass(frozen=True)
class ProcessFacts:
    """The facts of the process: when it started, in seconds since 1970, and its counters.

    `provider` is the kind of upstream; `assists` counts the help that models got.
    """

    started: float
    provider: str
    assists: Mapping[str, int]
    open_requests: int


def metrics_text(tracker: ActivityTracker, facts: ProcessFacts) -> str:
    """Return all metrics in Prometheus' text format."""
    lines = [
        *_process(tracker, facts),
        *_requests(tracker),
        *_of_models(tracker.totals.models, facts.provider),
        *_help(tracker, facts),
    ]
    return "\n".join(lines) + "\n"


def _process(tracker: ActivityTracker, facts: ProcessFacts) -> Iterator[str]:
    yield from samples(
        "cc_proxy_build_info", "gauge", "The version.", [({"version": __version__}, 1)]
    )
    yield from samples(
        "process_start_time_seconds",
        "gauge",
        "When the process started, in seconds since 1970.",
        [({}, facts.started)],
    )
    yield from samples(
        "cc_proxy_sessions", "gauge", "Recent sessions.", [({}, len(tracker.sessions.all()))]
    )
    yield from samples(
        "cc_proxy_http_requests_in_flight",
        "gauge",
        "HTTP requests of all routes that are being answered.",
        [({}, facts.open_requests)],
    )


def _requests(tracker: ActivityTracker) -> Iterator[str]:
    totals, running = tracker.totals, tracker.running
    states = running_states(tracker)
    yield from samples(
        "cc_proxy_requests_total",
        "counter",
        "Messages requests that ended, by the class that Claude Code gives them.",
        (
            ({"class": kind, "outcome": outcome}, count)
            for (kind, outcome), count in sorted(totals.requests.items())
        ),
    )
    yield from samples(
        "cc_proxy_requests",
        "gauge",
        "Messages requests that run, by state.",
        (({"state": state}, states.get(state, 0)) for state in _RUNNING),
    )
    yield from samples(
        "cc_proxy_queued_requests",
        "gauge",
        "Requests that wait because the upstream takes no more.",
        [({}, sum(one.is_queued for one in running))],
    )
    yield from histograms(
        "cc_proxy_queue_duration_seconds",
        "How long those waited that the upstream did not take at once.",
        [({}, totals.queue_seconds)],
    )


def _of_models(models: Mapping[str, ModelTotals], provider: str) -> Iterator[str]:
    yield from samples(
        "cc_proxy_tokens_total",
        "counter",
        "Tokens of prompts that the model read, of prompts that came from its cache, and written.",
        (
            ({MODEL: name, "kind": kind}, one.tokens[kind])
            for name, one in models.items()
            for kind in _TOKENS
        ),
    )

    def gauge(name: str, text: str, value: Callable[[ModelTotals], float | None]) -> Iterator[str]:
        found = ((name, value(one)) for name, one in models.items())
        known = [({MODEL: model}, number) for model, number in found if number is not None]
        return samples(name, "gauge", text, known)

    window = "The context window that the model runs with, in tokens."
    yield from gauge("cc_proxy_context_window_tokens", window, lambda one: one.window)
    prompt = "The latest prompt, in tokens."
    yield from gauge("cc_proxy_latest_prompt_tokens", prompt, lambda one: one.latest_prompt)
    reads = "How many tokens of a prompt the model reads in a second, measured last."
    yield from gauge("cc_proxy_reading_tokens_per_second", reads, lambda one: one.read_speed)
    writes = "How many tokens the model writes in a second, measured last."
    yield from gauge("cc_proxy_writing_tokens_per_second", writes, lambda one: one.write_speed)

    def named(name: str, **more: str) -> Labels:
        # What the conventions require.
        common = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": provider}
        return {**common, MODEL: name, **more}

    def histogram(name: str, text: str, of: Callable[[ModelTotals], Histogram]) -> Iterator[str]:
        return histograms(name, text, ((named(model), of(one)) for model, one in models.items()))

    yield from histogram(
        "gen_ai_server_request_duration_seconds",
        "How long requests took, from their arrival to the end of the answer.",
        lambda one: one.duration,
    )
    yield from histogram(
        "gen_ai_server_time_to_first_token_seconds",
        "How long requests took to the first token of the model.",
        lambda one: one.time_to_first_token,
    )
    yield from histogram(
        "gen_ai_server_time_per_output_token_seconds",
        "How long each token after the first one took.",
        lambda one: one.time_per_output_token,
    )
    yield from histograms(
        "gen_ai_client_token_usage",
        "Tokens of requests: of their prompts (input) and of their answers (output).",
        (
            (named(name, gen_ai_token_type=kind), counted)
            for name, one in models.items()
            for kind, counted in (("input", one.input_tokens), ("output", one.output_tokens))
        ),
    )


def _help(tracker: ActivityTracker, facts: ProcessFacts) -> Iterator[str]:
    totals = tracker.totals
    yield from samples(
        "cc_proxy_tool_calls_total",
        "counter",
        "Tool calls that models made.",
        [({}, totals.calls["all"])],
    )
    yield from samples(
        "cc_proxy_rescued_tool_calls_total",
        "counter",
        "Tool calls that the model wrote as text.",
        [({}, totals.calls["rescued"])],
    )
    yield from samples(
        "cc_proxy_repaired_tool_calls_total",
        "counter",
        "Tool calls of which the name or the arguments were repaired.",
        [({}, totals.calls["repaired"])],
    )
    yield from samples(
        "cc_proxy_assists_total",
        "counter",
        "Help that models got, by the keys of `assist` in the configuration.",
        (({"kind": kind}, count) for kind, count in sorted(facts.assists.items())),
    )
    yield from samples(
        "cc_proxy_upstream_errors_total",
        "counter",
        "Requests that an error of the upstream ended, by its code.",
        (({"code": code}, count) for code, count in sorted(totals.upstream_errors.items())),
    )
