"""The root of every error that cc-proxy raises on purpose."""


class CcProxyError(Exception):
    """An error a person can act on: what was expected, what was found, what to do.

    `code` is the stable name that `--json` shows, `exit_code` the process exit code that the
    command line ends with, `hint` the command or change that mends it.
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
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code
        if exit_code is not None:
            self.exit_code = exit_code
