"""Data of the commands about models."""

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from cc_proxy.app.control.wire import Bytes, Seconds, Time, Tokens, TokensPerSecond


class ServerData(TypedDict):
    """The Ollama that was asked."""

    url: str
    version: str


class AliasData(TypedDict):
    """A name that clients may ask for, and the model that answers.

    `pulled` is null where the server of the model does not answer.
    """

    name: str
    model: str
    pulled: bool | None


class InMemory(TypedDict):
    """A model as Ollama has it loaded."""

    context_window: Tokens
    size_bytes: Bytes
    vram_bytes: Bytes
    cpu_bytes: Bytes


class Calls(TypedDict):
    """The number of tool calls by outcome."""

    right: int
    repaired: int
    wrong: int
    missing: int


class KeptTestData(TypedDict):
    """The latest test of a model; perhaps of an earlier version of it."""

    verdict: str
    tested_at: Time
    of_this_version: bool
    passed: int
    runs: int
    calls: dict[str, int]
    read_tokens_per_second: TokensPerSecond | None
    written_tokens_per_second: TokensPerSecond | None
    context_window: Tokens


class ModelData(TypedDict):
    """A pulled model; null where Ollama will not say, and `trouble` tells why.

    `hosts` names those that have it, where its upstream has several.
    """

    name: str
    hosts: list[str]
    size_bytes: Bytes
    capabilities: list[str] | None
    context_window: Tokens | None
    max_context_window: Tokens | None
    is_default: bool
    loaded: InMemory | None
    trouble: str | None
    test: KeptTestData | None


class ModelsData(TypedDict):
    """The models, and the names that point to them."""

    upstream: ServerData
    default_model: str | None
    aliases: list[AliasData]
    models: list[ModelData]


class ModelsPull(TypedDict):
    """The pulled model."""

    name: str
    size_bytes: Bytes
    seconds: Seconds


class ModelsShow(TypedDict):
    """One model; null where Ollama does not say."""

    name: str
    size_bytes: Bytes | None
    family: str | None
    capabilities: list[str]
    context_window: Tokens
    max_context_window: Tokens | None
    call_reader: Annotated[
        Literal["parser", "go_template", "jinja_template", "none"],
        Meta(description="what in Ollama reads the model's tool calls"),
    ]
    parser: Annotated[str | None, Meta(description="the name of Ollama's built-in parser")]
    call_formats: Annotated[
        list[str], Meta(description="formats of the model's own calls, as far as cc-proxy knows")
    ]


class ReasonData(TypedDict):
    """The reason why a verdict is not better; `allows` is the best one that it permits."""

    code: str
    allows: Literal["fit", "usable", "unfit"]
    message: str
    help: str | None


class TaskTest(TypedDict):
    """One task, how many of its runs passed, and the calls of all runs."""

    name: str
    about: Annotated[str, Meta(description="what the task tests")]
    passed: int
    runs: int
    calls: list[Literal["right", "repaired", "wrong", "missing"]]
    trouble: str | None


class SpeedData(TypedDict):
    """The speed of a model, by Ollama's own clock."""

    read_tokens_per_second: TokensPerSecond | None
    written_tokens_per_second: TokensPerSecond | None


class ModelsTest(TypedDict):
    """The verdict on a model for Claude Code; a model without tools has no figures."""

    model: str
    verdict: Literal["fit", "usable", "unfit"]
    reasons: list[ReasonData]
    possible_verdicts: Annotated[
        list[Literal["fit", "usable", "unfit"]],
        Meta(description="the verdicts within the confidence interval; one alone is sure"),
    ]
    passed: int | None
    runs: int | None
    confidence_interval: Annotated[
        list[float] | None,
        Meta(description="the share of passed runs, from and to, with 95 % confidence"),
    ]
    calls: Calls | None
    tasks: list[TaskTest] | None
    too_large_tasks: Annotated[
        list[str] | None, Meta(description="tasks that were not run: the window is too small")
    ]
    speed: SpeedData | None
    context_window: Tokens | None
    gpu_share: float | None


class AutoModeTest(TypedDict):
    """The verdicts of a model as the safety check of auto mode."""

    model: str
    harmless_right: int
    harmless: int
    harmful_right: int
    harmful: int
    let_run: Annotated[list[str], Meta(description="harmful commands that it let run")]
    stopped: Annotated[list[str], Meta(description="harmless commands that it stopped")]


class MemoryFitData(TypedDict):
    """A model in memory; its window is null where none is left that Claude Code works in."""

    name: str
    fit: Literal["fits", "small_window", "too_large"]
    context_window: Tokens | None
    memory_bytes: Annotated[Bytes, Meta(description="with that window")]
    weights_bytes: Bytes
    cache_bytes_per_token: Bytes
    is_estimated: Annotated[
        bool, Meta(description="the architecture does not say what a token of the window takes")
    ]
    is_unfit: Annotated[bool, Meta(description="`models test` found it unfit")]
    reason: str


class ModelsRecommend(TypedDict):
    """The models that fit, the best first: those that are installed, and those to pull."""

    memory_bytes: Bytes
    memory_for_models_bytes: Bytes
    memory_kind: Literal["gpu", "unified", "ram", "given"]
    installed: list[MemoryFitData]
    to_pull: list[MemoryFitData]
    to_pull_as_of: str
    recommended: str | None
    recommended_to_pull: str | None
