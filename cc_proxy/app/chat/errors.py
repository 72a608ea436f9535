"""Errors of a server that runs models."""

from dataclasses import dataclass, replace

from cc_proxy.app.chat.counts import bounded_tokens
from cc_proxy.app.chat.model_names import ANY_CLAUDE, short_name
from cc_proxy.app.errors import CcProxyError

_FAILED = 500


class UpstreamError(CcProxyError):
    """The server did not do what was asked."""

    code = "upstream_error"


class UpstreamUnreachableError(UpstreamError):
    """Nothing answers at the server's address."""

    code = "upstream_unreachable"
    exit_code = 5


class UpstreamStalledError(UpstreamError):
    """The server was silent for longer than the configuration allows."""

    code = "upstream_stalled"


class UpstreamBrokeError(UpstreamError):
    """The answer ended early or was not what such a server writes."""

    code = "upstream_broke"


class WrongServerError(UpstreamBrokeError):
    """Something else answers at the server's address, and will go on doing so."""


@dataclass(frozen=True)
class Refusal:
    """An error status that a server answered with, and its own words in `text`.

    `server` is its name for people, `check_address` what to do if it is none, and `quotes` the
    parts of its words that repeat what a model or a person has said.
    """

    server: str
    status: int
    text: str
    check_address: str = ""
    hint: str | None = None
    quotes: tuple[str, ...] = ()


class UpstreamRefusedError(UpstreamError):
    """The server answered with an error status; `status` and its own words in `text`."""

    code = "upstream_refused"

    def __init__(self, refusal: Refusal, message: str | None = None) -> None:
        text = message or f"{refusal.server} answered {refusal.status}: {refusal.text}"
        super().__init__(text, hint=refusal.hint, quotes=refusal.quotes)
        self.status = refusal.status
        self.text = refusal.text
        self.server = refusal.server
        self.check_address = refusal.check_address


class GatewayError(UpstreamRefusedError):
    """A web server or load balancer in front of the server answered, and not the server.

    `is_lasting`: the same request would end in the same way. `advice` is what lifts it.
    """

    def __init__(self, refusal: Refusal, message: str, advice: str, *, is_lasting: bool) -> None:
        super().__init__(replace(refusal, hint=advice), message)
        self.advice = advice
        self.is_lasting = is_lasting


class ModelNotFoundError(UpstreamRefusedError):
    """The server does not have `model`, the name that it was asked for.

    `remedy` says to a client of the API how to get it.
    """

    def __init__(self, refusal: Refusal, model: str, remedy: str) -> None:
        super().__init__(refusal, missing_model(refusal.server, model))
        self.model = model
        self.remedy = remedy


class UsageLimitError(UpstreamRefusedError):
    """The person has used up what the server gives for some time; it says when there is more."""


class UpstreamBusyError(UpstreamRefusedError):
    """The server's queue is full; the request was not begun."""


class ContextOverflowError(UpstreamRefusedError):
    """The prompt does not fit the window; both in tokens.

    `is_exact`: the server has counted the prompt to its end. If not, it is at least so long.
    """

    code = "context_overflow"

    def __init__(
        self, refusal: Refusal, prompt_tokens: int, window: int, *, is_exact: bool = True
    ) -> None:
        super().__init__(refusal)
        self.prompt_tokens = bounded_tokens(prompt_tokens)
        self.window = window
        self.is_exact = is_exact


class UnreadableCallError(UpstreamBrokeError):
    """The model called a tool with arguments that are not a JSON object.

    `name` and `arguments` are as it wrote them; `is_cut`: the arguments end in the middle.
    """

    def __init__(self, name: str, arguments: str, *, is_cut: bool) -> None:
        how = "end in the middle" if is_cut else "are not a JSON object"
        super().__init__(f"The model called a tool with arguments that {how}.")
        self.name = name
        self.arguments = arguments
        self.is_cut = is_cut


def is_of_server(error: UpstreamError) -> bool:
    """Tell whether an error is the server's and not the request's: another one may answer it.

    A busy server is not meant: requests wait for it.
    """
    match error:
        case (
            UpstreamBusyError() | UsageLimitError() | ContextOverflowError() | ModelNotFoundError()
        ):
            return False
        case UpstreamRefusedError():
            return error.status >= _FAILED
        case UnreadableCallError():
            return False
        case _:
            return isinstance(
                error, UpstreamUnreachableError | UpstreamStalledError | UpstreamBrokeError
            )


def missing_model(server: str, model: str, asked: str | None = None) -> str:
    """Say that a server does not have a model.

    `asked` is the name that the request had, or the alias: it is shown if it is another one.
    """
    name = short_name(model)
    if asked is None or short_name(asked) == name:
        return f"{server} has no model {name}."
    # The commands ask for the default by a name that nobody has typed.
    why = "the default model" if asked == ANY_CLAUDE else f"asked for as {asked}"
    return f"{server} has no model {name} ({why})."
