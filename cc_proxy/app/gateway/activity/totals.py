"""The totals since the start: counters and histograms, with a bounded number of labels."""

from bisect import bisect_left
from collections import Counter

from cc_proxy.app.gateway.activity.sessions import read_speed, write_speed
from cc_proxy.app.gateway.activity.tracked import Outcome, TrackedRequest

# Names of models come from clients; the ones beyond share a label.
MAX_MODELS = 32
OTHER_MODEL = "other"

# The bounds that OpenTelemetry's conventions for generative AI advise, and further ones: a local
# model takes minutes where their slowest takes one and a half.
DURATION_BOUNDS = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    *(163.84, 327.68, 655.36, 1310.72),
)
PER_TOKEN_BOUNDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
TOKEN_BOUNDS = tuple(4.0**power for power in range(14))


class Histogram:
    """Counts of values by their upper bounds, and the sum of the values."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Take in a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class ModelTotals:
    """The totals of one model, under the names of OpenTelemetry's conventions.

    The speeds, the window and the prompt are those of the latest request that says something about
    them.
    """

    def __init__(self) -> None:
        self.tokens: Counter[str] = Counter()
        self.duration = Histogram(DURATION_BOUNDS)
        self.time_to_first_token = Histogram(DURATION_BOUNDS)
        self.time_per_output_token = Histogram(PER_TOKEN_BOUNDS)
        self.input_tokens = Histogram(TOKEN_BOUNDS)
        self.output_tokens = Histogram(TOKEN_BOUNDS)
        self.window = 0
        self.latest_prompt: int | None = None
        self.read_speed: float | None = None
        self.write_speed: float | None = None

    def add(self, request: TrackedRequest) -> None:
        """Take in a request that has ended."""
        self.window = request.window
        if request.ended is not None:
            self.duration.add(request.ended - request.arrived)
        if request.first_token is not None:
            self.time_to_first_token.add(request.first_token - request.arrived)
        counts = request.counts
        if counts is None:
            return
        self.latest_prompt = counts.prompt
        self.tokens.update(read=counts.read, reused=counts.reused or 0, written=counts.written)
        self.input_tokens.add(counts.prompt)
        self.output_tokens.add(counts.written)
        self.read_speed = read_speed(request) or self.read_speed
        if speed := write_speed(request):
            self.write_speed = speed
            self.time_per_output_token.add(1 / speed)


class Totals:
    """The totals of all requests."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.calls: Counter[str] = Counter()
        self.upstream_errors: Counter[str] = Counter()
        self.queue_seconds = Histogram(DURATION_BOUNDS)
        self.models: dict[str, ModelTotals] = {}

    def add(self, request: TrackedRequest) -> None:
        """Take in a request that has ended."""
        outcome = request.outcome or Outcome.FAILED
        self.requests[request.request_class, outcome.value] += 1
        if request.error:
            self.upstream_errors[request.error] += 1
        if request.queued_seconds:
            self.queue_seconds.add(request.queued_seconds)
        calls = request.calls
        self.calls.update(all=calls.all, rescued=calls.rescued, repaired=calls.repaired)
        # A request that was refused has met no model, and a probe needs none.
        if request.model and outcome is not Outcome.PROBE:
            self._model(request.model).add(request)

    def _model(self, name: str) -> ModelTotals:
        if name not in self.models and len(self.models) >= MAX_MODELS:
            name = OTHER_MODEL
        return self.models.setdefault(name, ModelTotals())
