"""The root of every error that cc-proxy raises on purpose."""

from collections.abc import Iterable

OMITTED = "[...]"


def log_text(error: BaseException) -> str:
    """Return what a log may say of any error: of others' errors only their kind."""
    if isinstance(error, CcProxyError):
        return error.log_text
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


class CcProxyError(Exception):
    """An error a person can act on: what was expected, what was found, what to do.

    `code` is the stable name that `--json` shows, `exit_code` the process exit code that the
    command line ends with, `hint` the command or change that fixes it.

    `quotes` are the parts of the message that repeat a request, an answer or a document. They are
    for who reads the error; `log_text` is the message without them, for the log and for `status`.
    """

    code: str = "error"
    exit_code: int = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        exit_code: int | None = None,
        quotes: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.quotes = tuple(filter(None, quotes))
        self.log_text = message
        for quote in self.quotes:
            self.log_text = self.log_text.replace(quote, OMITTED)
        self.hint = hint
        if code is not None:
            self.code = code
        if exit_code is not None:
            self.exit_code = exit_code
